"""Run a job's task in a terminal: Ctrl-C asks it to write a checkpoint and end."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from core.contracts.jobs import Progress
from core.tasks import run_here
from core.tasks.context import JobContext


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since; it does nothing else meanwhile."""
    stop: list[int] = []

    def request_stop(number: int, _frame: FrameType | None) -> None:
        stop.append(number)

    previous = signal.signal(signal.SIGINT, request_stop)
    try:
        yield lambda: bool(stop)
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def context(
    brain_folder: Path, out: Path, model: Path, report: Callable[[Progress], None], more: Sequence[Path] = ()
) -> Iterator[JobContext]:
    """A task's surroundings in the folder `out`; Ctrl-C asks the task to write a checkpoint and end."""
    with stop_on_interrupt() as stop_requested:
        yield run_here.context(brain_folder, out, model, report, stop_requested, more)
