"""Whole files or none: every file of a job folder is written under another name, then renamed."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file; a crash leaves the old or the new one, never a part."""
    with _written_beside(path, text) as temporary:
        temporary.replace(path)


def write_first(path: Path, text: str) -> bool:
    """Write a file unless it is there, and say whether; of many at once one does, and nobody sees a part."""
    with _written_beside(path, text) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
