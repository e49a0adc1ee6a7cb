"""The poller with a clock that jumps: as `compute_service.poller`, and the file SOAK_CLOCK holds the seconds it is off."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from compute_service import poller, wiring


class JumpingClock:
    """Stands where the machine's clock does."""

    def now(self) -> datetime:
        """The time in UTC, as a machine would tell it whose clock was set wrong."""
        try:
            off_s = float(Path(os.environ["SOAK_CLOCK"]).read_text() or 0)
        except (FileNotFoundError, ValueError):
            off_s = 0.0
        return datetime.now(UTC) + timedelta(seconds=off_s)


if __name__ == "__main__":
    wiring.SystemClock = JumpingClock  # type: ignore[misc,assignment]
    poller.main()
