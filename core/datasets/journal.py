"""What an ingest has finished, on disk, so that a killed run goes on where it was; and that only one runs at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from core.contracts.base import Contract
from core.contracts.datasets import Section
from core.datasets.files import section_name, write_atomically
from core.datasets.numbering import IngestError

_FOLDER, _WORKERS = ".ingest", "workers"


class FileState(Contract):
    """What tells quickly that a file is still the one it was."""

    path: str
    size_bytes: int
    modified_ns: int


class FinishedSection(Contract):
    """One section that was written completely, and from what."""

    section: Section
    pixel_size_um: float
    source: FileState
    written: FileState


def file_state(path: Path) -> FileState:
    """The state of a file now; OSError when it is gone."""
    status = path.stat()
    return FileState(path=str(path), size_bytes=status.st_size, modified_ns=status.st_mtime_ns)


def record(folder: Path, brain_id: str, finished: FinishedSection) -> None:
    """Remember a section, after its image has its final name."""
    write_atomically(_path(folder, brain_id, finished.section.number), finished.model_dump_json().encode())


def finished_section(folder: Path, brain_id: str, number: int, source: Path, pixel_size_um: float) -> Section | None:
    """The section as it was written from this very source, or None when it has yet to be written."""
    try:
        known = FinishedSection.model_validate_json(_path(folder, brain_id, number).read_bytes())
        same = known.source == file_state(source) and known.written == file_state(folder / known.section.file)
    except (OSError, ValidationError):
        return None
    return known.section if same and known.pixel_size_um == pixel_size_um else None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the brain folder for one ingest, and remove what a killed one left half written; IngestError when it is held."""
    (folder / _FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / "sections").mkdir(exist_ok=True)
    with (folder / _FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it however the process ends
        except OSError as error:
            raise IngestError(f"another ingest is writing into {folder}; wait until it has ended") from error
        with (folder / _FOLDER / _WORKERS).open("w") as workers:
            fcntl.flock(workers, fcntl.LOCK_EX)  # processes of a killed ingest end a moment after it
        for place in ("sections", _FOLDER, "."):
            for leftover in (folder / place).glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
        yield


def begin_writing(folder: Path) -> None:
    """In a process that writes sections for an ingest: the next ingest waits until it has ended."""
    descriptor = os.open(folder / _FOLDER / _WORKERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # held as long as the process lives


def _path(folder: Path, brain_id: str, number: int) -> Path:
    return folder / _FOLDER / f"{section_name(brain_id, number)}.json"
