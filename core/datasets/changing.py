"""Changing what is derived of a brain: one at a time, whoever does it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = ".changing"


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold a brain folder's derived data against all threads and processes that change them too; OSError where it cannot be."""
    with (folder / LOCK_FILE).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # ends with the file, also when the process is killed
        yield
