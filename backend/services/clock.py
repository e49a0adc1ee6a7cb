"""The real clock."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's time in UTC."""

    def now(self) -> datetime:
        """This moment."""
        return datetime.now(UTC)
