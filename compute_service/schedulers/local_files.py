"""What the local scheduler keeps on disk. Each file has one writer: the scheduler, or the supervisor of the job.

    <jobs>/.local/lock             held while the scheduler works
    <jobs>/.local/active/<id>      `Entry` of each submission that is pending or running
    <place>/local.json             `Final` of the newest submission that ended
    <place>/.supervisor.lock       held by the supervisor as long as it lives
    <place>/process.json           `Process`, by the supervisor when it starts
    <place>/exit.json              `Exit`, by the supervisor when it ends

A submission's place is its job folder, or for an element of an array that element's folder.

Plain dataclasses and the standard library only: the supervisor must start fast and stay small.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compute_service.schedulers.processes import Identity
from compute_service.services.files import write_atomically

TOLD_TO_STOP = "it was told to stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One submission."""

    queue_id: str
    place: str
    argv: tuple[str, ...]
    cpus: int
    """Of all its processes together."""
    time_limit_s: float
    stop_grace_s: float
    submitted_at: float
    cancelled: bool = False
    processes: int = 1

    @property
    def paths(self) -> "LocalPaths":
        """Its files."""
        return LocalPaths(Path(self.place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Who runs a submission."""

    queue_id: str
    pid: int
    start_ticks: int
    boot_id: str

    @property
    def identity(self) -> Identity:
        """The supervisor's identity; it leads the job's session."""
        return Identity(self.pid, self.start_ticks, self.boot_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How the command of a submission ended; a negative code is a signal's number."""

    queue_id: str
    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """The last word about a submission."""

    queue_id: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LocalPaths:
    """The local scheduler's names inside a submission's place."""

    folder: Path

    @property
    def log(self) -> Path:
        """Where the command's output goes."""
        return self.folder / "log.txt"

    @property
    def final(self) -> Path:
        """`Final`."""
        return self.folder / "local.json"

    @property
    def process(self) -> Path:
        """`Process`."""
        return self.folder / "process.json"

    @property
    def exit(self) -> Path:
        """`Exit`."""
        return self.folder / "exit.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor."""
        return self.folder / ".supervisor.lock"


def write(path: Path, document: Entry | Process | Exit | Final) -> None:
    """Replace a file by a document."""
    write_atomically(path, json.dumps(asdict(document)) + "\n")


def read_entry(path: Path) -> Entry:
    """Read a submission."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields.setdefault("place", fields.pop("job_dir", ""))  # What was queued by an older release goes on.
    return Entry(**(fields | {"argv": tuple(fields["argv"])}))


def read_process(path: Path, queue_id: str) -> Process | None:
    """Who runs this submission; None while nobody does."""
    fields = _fields(path, queue_id)
    return Process(**fields) if fields else None


def read_exit(path: Path, queue_id: str) -> Exit | None:
    """How this submission ended; None while it has not, or when nobody was left to tell."""
    fields = _fields(path, queue_id)
    return Exit(**fields) if fields else None


def read_final(path: Path, queue_id: str) -> Final | None:
    """The last word about this submission; None when there is none."""
    fields = _fields(path, queue_id)
    return Final(**fields) if fields else None


def _fields(path: Path, queue_id: str) -> dict[str, Any]:
    """The document's fields, or none when it is absent or about another submission of the same folder."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return fields if fields["queue_id"] == queue_id else {}
