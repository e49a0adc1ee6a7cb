"""Lines of progress of a task."""

from collections.abc import Callable
from datetime import UTC, datetime

from core.contracts.jobs import Progress

Report = Callable[[Progress], None]


def tell(report: Report, phase: str, step: int, of: int) -> None:
    """What is being done, and how far it is."""
    report(Progress(at=datetime.now(UTC), phase=phase, step=step, of=of))


def say_nothing(_progress: Progress) -> None:
    """The report of a process that is not the first."""
