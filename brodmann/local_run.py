"""Run a job's task in a terminal: Ctrl-C asks it to write a checkpoint and end."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from brodmann.progress import TerminalProgress
from core.contracts.jobs import Progress
from core.datasets import BrainFolder
from core.tasks import run_here
from core.tasks.context import JobContext, JobInterruptedError


@contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
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
def interruptible() -> Iterator[tuple[Callable[[Progress], None], Callable[[], bool]]]:
    """How work in a terminal reports, and whether it is asked to write a checkpoint and end, which the command then tells."""
    progress = TerminalProgress()
    try:
        with _stop_on_interrupt() as stop_requested:
            yield progress, stop_requested
    except JobInterruptedError as error:
        raise click.ClickException(f"{error}; to go on, give the same command again") from None
    finally:
        progress.close()


@contextmanager
def context(brains: Sequence[BrainFolder], out: Path, model: Path, more: Sequence[Path] = ()) -> Iterator[JobContext]:
    """The surroundings of a task that runs in a terminal, as `run_here.context` makes them."""
    with interruptible() as (report, stop_requested):
        yield run_here.context(brains, out, model, report, stop_requested, more)
