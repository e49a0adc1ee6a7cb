"""Changing what is derived of a brain: one at a time, and with errors in words."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from backend.domain.errors import StoreUnavailableError, UnreadableDataError
from core.datasets import BrainFolder, DatasetError

LOCK_FILE = ".changing"


@contextmanager
def changing(folder: BrainFolder) -> Iterator[None]:
    """Hold a brain's derived data against all threads and processes that change them too.

    UnreadableDataError when what is there cannot be read, StoreUnavailableError when the folder cannot be written.
    """
    with readable(folder):
        try:
            # The lock ends with the file, also when the process is killed.
            with (folder.path / LOCK_FILE).open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except DatasetError:
            raise
        except OSError as error:
            raise StoreUnavailableError(
                f"The folder of brain {folder.brain.id} cannot be written ({error.strerror}). "
                "Make room on the disk, or let the backend write there."
            ) from error


@contextmanager
def readable(folder: BrainFolder) -> Iterator[None]:
    """UnreadableDataError in place of an error of the dataset."""
    try:
        yield
    except DatasetError as error:
        raise UnreadableDataError(f"A file of brain {folder.brain.id} cannot be read: {error}") from error
