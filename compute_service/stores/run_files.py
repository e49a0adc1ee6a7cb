"""What one process leaves in its folder, read and written whole line by whole line."""

import contextlib
import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from compute_service.ports import DamagedJobError, JobUnreadableError, RunPaths
from compute_service.services.files import write_atomically
from core.contracts.api import JobLog, JobProgress
from core.contracts.jobs import Outcome, Progress

PROGRESS_CHUNK_BYTES = 1 << 20
PROGRESS_TAIL_BYTES = 1 << 16

Document = TypeVar("Document", bound=BaseModel)


class RunFolder:
    """Implements `ports.RunFiles`: the folder of a job, or of one element of an array; it need not be there yet."""

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths

    def outcome(self) -> Outcome | None:
        """What the runner left behind; None while there is nothing. DamagedJobError."""
        path = self._paths.outcome
        return read(path, Outcome) if path.exists() else None

    def conclude(self, outcome: Outcome) -> None:
        """Leave an outcome."""
        write(self._paths.outcome, outcome)

    def last_progress(self) -> Progress | None:
        """The newest complete line of progress; None while there is none."""
        path = self._paths.progress
        lines = _parsed(_tail(path, PROGRESS_TAIL_BYTES)[0]) if path.exists() else ()
        return lines[-1] if lines else None

    def tell(self, progress: Progress) -> None:
        """Append a line with one write, so that readers see whole lines only."""
        with self._paths.progress.open("ab", buffering=0) as file:
            file.write(progress.model_dump_json().encode() + b"\n")

    def progress(self, offset: int) -> JobProgress:
        """Complete lines from a byte offset on, at most 1 MiB of them; ask again from `next_offset`."""
        path = self._paths.progress
        if not path.exists():
            return JobProgress(lines=(), next_offset=offset)
        with path.open("rb") as file:
            file.seek(offset)
            chunk = file.read(PROGRESS_CHUNK_BYTES)
        complete = chunk[: chunk.rfind(b"\n") + 1]
        return JobProgress(lines=_parsed(complete), next_offset=offset + len(complete))

    def log(self, size_bytes: int) -> JobLog:
        """The last lines of the log, at most so many bytes."""
        path = self._paths.log
        content, truncated = _tail(path, size_bytes) if path.exists() else (b"", False)
        return JobLog(text=content.decode("utf-8", errors="replace"), truncated=truncated)


def write(path: Path, document: BaseModel) -> None:
    """Replace a file by a document."""
    write_atomically(path, document.model_dump_json(indent=2) + "\n")


def read(path: Path, shape: type[Document]) -> Document:
    """The document in a file; DamagedJobError, and JobUnreadableError where it is there and the disk does not give it."""
    try:
        return shape.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError) as error:
        raise DamagedJobError(path, str(error)) from error
    except OSError as error:
        raise JobUnreadableError(path, error.strerror or str(error)) from error


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
