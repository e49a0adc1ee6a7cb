"""Changing what is derived of a brain: one at a time, and with errors in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.domain.errors import StoreUnavailableError, UnreadableDataError
from core import datasets
from core.datasets import BrainFolder, DatasetError


@contextmanager
def changing(folder: BrainFolder) -> Iterator[None]:
    """Hold a brain's derived data against all threads and processes that change them too.

    UnreadableDataError when what is there cannot be read, StoreUnavailableError when the folder cannot be written.
    """
    with readable(folder):
        try:
            with datasets.changing(folder.path):
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
