"""Work for the data stage: importable by its workers, wherever they are."""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.pipeline import Room

FAILS, DIES = -1, -2


@dataclass(frozen=True)
class Lookup:
    """Rows of a table that all workers share: work whose results say what they were made of."""

    table: NDArray[np.generic]

    def __call__(self, item: int, room: Room) -> None:
        """The row, its number and who made it."""
        if item == FAILS:
            raise ValueError("row -1 is not in the table")
        if item == DIES:
            os.kill(os.getpid(), signal.SIGKILL)
        # As a view it would be a window of its own memory, as a copy not.
        shared = not self.table.flags.owndata and not self.table.flags.writeable
        room.empty("row", self.table.shape[1:], self.table.dtype)[:] = self.table[item]
        room.put({"number": np.array(item), "made_by": np.array([os.getpid(), int(shared)])})


def lookup(arrays: Mapping[str, NDArray[np.generic]]) -> Lookup:
    """The work, from what is shared."""
    return Lookup(arrays["table"])


def no_lookup(_arrays: Mapping[str, NDArray[np.generic]]) -> Lookup:
    """Cannot be made in a worker."""
    raise OSError("the file is not on this node")


def table() -> NDArray[np.float32]:
    """100 rows of 1000 numbers."""
    return np.random.default_rng(1).random((100, 1000), dtype=np.float32)
