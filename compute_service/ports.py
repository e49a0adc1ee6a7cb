"""What the services need from outside, as Protocols, with the words and errors that cross the border."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import NonNegativeInt

from core.contracts.api import JobLog, JobProgress
from core.contracts.base import Contract, Moment
from core.contracts.jobs import JobDefinition, JobState, Outcome, Progress, Resources

_KEY = re.compile(r"[0-9a-f]{32}")


ELEMENT_OPTION = "--element"
"""Of the runner; the number that follows says which element of an array it is."""


class ComputeError(Exception):
    """Every error of the compute service that a caller may see."""


class JobNotFoundError(ComputeError):
    """No job has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no job with the key {key[:64]!r}.")


class KeyConflictError(ComputeError):
    """The key is taken by a job with another definition."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Job {key} exists with another definition. Send the same definition again, or make a new key.")


class UnknownDependencyError(ComputeError):
    """A job wants to wait for one that does not exist."""

    def __init__(self, key: str, missing: Sequence[str]) -> None:
        super().__init__(f"Job {key} waits for jobs that do not exist: {', '.join(missing)}. Submit those first.")


class ResultNotFoundError(ComputeError):
    """The job has no such result file."""

    def __init__(self, key: str, name: str) -> None:
        super().__init__(f"Job {key} has no result file {name[:200]!r}. The job's report lists those it has.")


class DamagedJobError(ComputeError):
    """A file of a job folder cannot be understood."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name} of job {path.parent.name} cannot be read: {problem}")


class JobUnreadableError(ComputeError):
    """The disk does not give a file of a job folder now; nothing is known about the job, so nothing may be concluded."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name} of job {path.parent.name} cannot be read now: {problem}")


class SchedulerUnavailableError(ComputeError):
    """The scheduler does not answer now; nothing is known about its jobs, so nothing may be concluded."""


class SubmissionRefusedError(ComputeError):
    """The scheduler will never run this job as it is."""


class QueueState(StrEnum):
    """A scheduler's word about one submission, the same for every scheduler."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Told to end for no fault of its own, as when the machine is shut down: it goes on later, and no attempt is lost."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A scheduler's word, with its reason in words for the screen where it has one."""

    state: QueueState
    reason: str = ""


class Scheduler(Protocol):
    """Runs commands somewhere, some time; several processes may use one at once."""

    def submit(self, argv: Sequence[str], job_dir: Path, resources: Resources) -> str:
        """Queue a command that belongs to a job folder, and return its queue id.

        While the folder has a submission that is pending or running, that one's id is returned and nothing is queued.

        Raises:
            SubmissionRefusedError: it will never run as it is.
            SchedulerUnavailableError: try again later.
        """
        ...

    def submit_array(
        self, argv: Sequence[str], job_dir: Path, resources: Resources, elements: Sequence[int]
    ) -> tuple[str, ...]:
        """Queue these elements of an array, and return the queue id of each, in order.

        The command of an element is `argv` with the element's number behind it, its folder that of `JobPaths.element`; each
        gets the resources. An element that is pending or running is not queued again, as with `submit`. Errors as there.
        """
        ...

    def status(self, queue_ids: Sequence[str]) -> Mapping[str, QueueStatus]:
        """The status of each id, in one question; an id the scheduler does not know is UNKNOWN.

        Raises:
            SchedulerUnavailableError: nothing is known about any of them now.
        """
        ...

    def cancel(self, queue_id: str) -> None:
        """Ask for the end of a submission and all its processes; one that ended or is not known stays as it is."""
        ...

    def withdraw(self, job_dir: Path) -> None:
        """Ask for the end of all that a job folder has queued or running, also of what was taken and never told us so.

        Raises:
            SchedulerUnavailableError: try again later.
        """
        ...


class JobRecord(Contract):
    """`state.json`: what the compute service remembers of a job; written by the poller alone once the job exists.

    An array has a record for each element once it is handed over, and its own sums them up.
    """

    state: JobState = JobState.CREATED
    reason: str = ""
    details: str = ""
    attempts: NonNegativeInt = 0
    queue_id: str | None = None
    created_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    unknown_since: Moment | None = None
    ended_since: Moment | None = None
    elements: tuple["JobRecord", ...] = ()

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """Of the job, or of those of its elements that have not ended."""
        if self.elements:
            return tuple(queue_id for one in self.elements if not one.state.ended for queue_id in one.queue_ids)
        return () if self.queue_id is None else (self.queue_id,)


class RunFiles(Protocol):
    """What one process leaves in its folder: that of its job, or of its element."""

    def outcome(self) -> Outcome | None:
        """What the runner left behind; None while there is nothing."""
        ...

    def conclude(self, outcome: Outcome) -> None:
        """Leave an outcome: of an array, when its last element has ended."""
        ...

    def last_progress(self) -> Progress | None:
        """The newest line of progress; None while there is none."""
        ...

    def tell(self, progress: Progress) -> None:
        """Append a line of progress: of an array, the sum of its elements'."""
        ...

    def progress(self, offset: int) -> JobProgress:
        """Lines from a byte offset on, as far as they are complete."""
        ...

    def log(self, size_bytes: int) -> JobLog:
        """The end of the log, at most so much."""
        ...


class JobStore(Protocol):
    """Jobs that outlive every process."""

    def create(self, definition: JobDefinition, record: JobRecord) -> bool:
        """Store a new job; False, and nothing changes, when the key exists."""
        ...

    def definition(self, key: str) -> JobDefinition:
        """The job as submitted; raises JobNotFoundError."""
        ...

    def record(self, key: str) -> JobRecord:
        """Where the job is in its life; raises JobNotFoundError."""
        ...

    def save(self, key: str, record: JobRecord) -> None:
        """Replace the record at once and completely."""
        ...

    def unfinished(self) -> Iterable[str]:
        """Keys of the jobs that have not ended."""
        ...

    def tidy(self) -> None:
        """Remove what nobody needs any more: the checkpoints of jobs that have ended. Results, records and logs stay."""
        ...

    def folder(self, key: str) -> Path:
        """The job's folder; raises JobNotFoundError."""
        ...

    def request_cancel(self, key: str) -> None:
        """Leave word in the folder that the job is to be stopped."""
        ...

    def cancel_requested(self, key: str) -> bool:
        """Whether someone asked for the job's end."""
        ...

    def files(self, key: str, element: int | None = None) -> RunFiles:
        """What the job's process, or that of one of its elements, leaves behind; raises JobNotFoundError."""
        ...


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The time with its zone."""
        ...


@dataclass(frozen=True, slots=True)
class RunPaths:
    """Names inside the folder of one process."""

    folder: Path

    @property
    def progress(self) -> Path:
        """Lines of progress."""
        return self.folder / "progress.jsonl"

    @property
    def log(self) -> Path:
        """Everything the process printed."""
        return self.folder / "log.txt"

    @property
    def outcome(self) -> Path:
        """How it ended, by the runner."""
        return self.folder / "outcome.json"


@dataclass(frozen=True, slots=True)
class JobPaths(RunPaths):
    """Names inside a job folder: the border between store, scheduler and runner."""

    def element(self, element: int) -> RunPaths:
        """What one element of an array has for itself; the rest it shares with the others."""
        return RunPaths(self.folder / "elements" / str(element))

    @property
    def definition(self) -> Path:
        """The job as submitted."""
        return self.folder / "job.json"

    @property
    def record(self) -> Path:
        """The compute service's record."""
        return self.folder / "state.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints, kept over attempts."""
        return self.folder / "checkpoints"

    @property
    def results(self) -> Path:
        """Folder of results."""
        return self.folder / "results"

    @property
    def lost(self) -> Path:
        """Of a job of several processes: which of them was killed, and how, in words."""
        return self.folder / "lost.txt"

    @property
    def cancel_request(self) -> Path:
        """Stands there once someone asked for the job's end."""
        return self.folder / "cancel_requested"


def is_key(text: str) -> bool:
    """Whether a text from outside may name a job, and so become part of a path."""
    return _KEY.fullmatch(text) is not None
