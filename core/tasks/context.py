"""What a task is given to work with: folders, a way to report, and the word to stop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.contracts.jobs import Progress
from core.pipeline import OpenStage


class JobInterruptedError(Exception):
    """The scheduler asked the job to end; a checkpoint was written and the job can be started again."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """The surroundings of one run of a task, the same for a job, a notebook and a test."""

    brain_folder: Path
    """The brain dataset, already verified against the definition's fingerprint."""
    results: Path
    """Where results go; exists. A file counts only when it stands under its final name (write, then rename)."""
    checkpoints: Path
    """Where checkpoints go; exists, kept when the job is started again."""
    results_of: Callable[[str], Path]
    """The results folder of another job, by key."""
    report: Callable[[Progress], None]
    """Tell progress."""
    stop_requested: Callable[[], bool]
    """True once the job should write a checkpoint and raise `JobInterruptedError`."""
    element: int = 0
    """Which element of an array this is; all write into the same results."""
    elements: int = 1
    """How many elements share the work."""
    more_brains: Mapping[str, Path] = field(default_factory=dict)
    """The datasets of the job's further brains by identifier, verified as well."""
    open_stage: OpenStage | None = None
    """Opens a data stage of the processes that read for this one; None where it reads by itself."""
