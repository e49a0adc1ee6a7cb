"""Jobs as folders on a shared disk, one per job, named by its key.

<jobs>/<key>/job.json  state.json  progress.jsonl  log.txt  checkpoints/  results/  outcome.json
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from compute_service.ports import DamagedJobError, JobNotFoundError, JobPaths, JobRecord, is_key
from compute_service.services.files import write_atomically
from core.contracts.api import JobLog, JobProgress
from core.contracts.jobs import JobDefinition, Outcome, Progress

PROGRESS_CHUNK_BYTES = 1 << 20
PROGRESS_TAIL_BYTES = 1 << 16
LOG_TAIL_BYTES = 1 << 16

Document = TypeVar("Document", bound=BaseModel)


class JobFolderStore:
    """Every question is answered from the disk, so any number of processes may ask."""

    def __init__(self, jobs: Path) -> None:
        self._jobs = jobs
        self._ended: set[str] = set()  # An ended job never changes: no need to read it again at every look.

    def create(self, definition: JobDefinition, record: JobRecord) -> bool:
        """Make the folder complete under another name, then rename it: one of two writers wins, the other gets False."""
        final = self._jobs / definition.key
        if final.exists():
            return False
        draft = JobPaths(self._jobs / f".new-{uuid.uuid4().hex}")
        draft.folder.mkdir(mode=0o700)
        try:
            draft.results.mkdir()
            draft.checkpoints.mkdir()
            _write(draft.definition, definition)
            _write(draft.record, record)
            return _renamed(draft.folder, final)
        finally:
            shutil.rmtree(draft.folder, ignore_errors=True)

    def definition(self, key: str) -> JobDefinition:
        """The job as submitted; raises JobNotFoundError, DamagedJobError."""
        return _read(self._paths(key).definition, JobDefinition)

    def record(self, key: str) -> JobRecord:
        """Where the job is in its life; raises JobNotFoundError, DamagedJobError."""
        return _read(self._paths(key).record, JobRecord)

    def save(self, key: str, record: JobRecord) -> None:
        """Replace the record at once and completely."""
        _write(self._paths(key).record, record)

    def unfinished(self) -> Iterable[str]:
        """Keys of the jobs that have not ended, and of those whose record cannot be read."""
        for key in sorted(entry.name for entry in os.scandir(self._jobs) if is_key(entry.name)):
            if key not in self._ended:
                if self._has_ended(key):
                    self._ended.add(key)
                else:
                    yield key

    def folder(self, key: str) -> Path:
        """The job's folder; raises JobNotFoundError."""
        return self._paths(key).folder

    def request_cancel(self, key: str) -> None:
        """Leave word in the folder that the job is to be stopped."""
        self._paths(key).cancel_request.touch(mode=0o600)

    def cancel_requested(self, key: str) -> bool:
        """Whether someone asked for the job's end."""
        return self._paths(key).cancel_request.exists()

    def outcome(self, key: str) -> Outcome | None:
        """What the runner left behind; None while there is nothing."""
        path = self._paths(key).outcome
        return _read(path, Outcome) if path.exists() else None

    def last_progress(self, key: str) -> Progress | None:
        """The newest complete line of progress; None while there is none."""
        path = self._paths(key).progress
        lines = _parsed(_tail(path, PROGRESS_TAIL_BYTES)[0]) if path.exists() else ()
        return lines[-1] if lines else None

    def progress(self, key: str, offset: int) -> JobProgress:
        """Complete lines from a byte offset on, at most 1 MiB of them; ask again from `next_offset`."""
        path = self._paths(key).progress
        if not path.exists():
            return JobProgress(lines=(), next_offset=offset)
        with path.open("rb") as file:
            file.seek(offset)
            chunk = file.read(PROGRESS_CHUNK_BYTES)
        complete = chunk[: chunk.rfind(b"\n") + 1]
        return JobProgress(lines=_parsed(complete), next_offset=offset + len(complete))

    def log(self, key: str) -> JobLog:
        """The last 64 KiB of the log."""
        path = self._paths(key).log
        content, truncated = _tail(path, LOG_TAIL_BYTES) if path.exists() else (b"", False)
        return JobLog(text=content.decode("utf-8", errors="replace"), truncated=truncated)

    def _paths(self, key: str) -> JobPaths:
        if not is_key(key) or not (self._jobs / key).is_dir():
            raise JobNotFoundError(key)
        return JobPaths(self._jobs / key)

    def _has_ended(self, key: str) -> bool:
        try:
            return self.record(key).state.ended
        except (DamagedJobError, JobNotFoundError):
            return False


def _renamed(draft: Path, final: Path) -> bool:
    try:
        draft.rename(final)
    except OSError:
        if final.is_dir():
            return False
        raise
    return True


def _write(path: Path, document: BaseModel) -> None:
    write_atomically(path, document.model_dump_json(indent=2) + "\n")


def _read(path: Path, shape: type[Document]) -> Document:
    try:
        return shape.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedJobError(path, str(error)) from error


def _tail(path: Path, size_bytes: int) -> tuple[bytes, bool]:
    """The whole lines among the last bytes of a file, and whether something before them was left out."""
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - size_bytes)
        file.seek(start)
        content = file.read(size_bytes)
    return (content[content.find(b"\n") + 1 :], True) if start else (content, False)


def _parsed(lines: bytes) -> tuple[Progress, ...]:
    """The lines that can be understood; a job killed while it wrote may leave a torn one, which says nothing."""
    parsed = []
    for line in lines.splitlines():
        with contextlib.suppress(ValidationError):
            parsed.append(Progress.model_validate_json(line))
    return tuple(parsed)
