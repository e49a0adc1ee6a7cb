"""Objects whose arrays lie in memory that several processes share: each process has the object, the arrays are there once."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Packed:
    """An object in two parts: its form, copied to every process, and how long each of its arrays is, in bytes."""

    form: bytes
    sizes: tuple[int, ...]

    @property
    def shared_bytes(self) -> int:
        """Memory that the arrays take together; at least one byte, as memory of none cannot be had."""
        return max(1, sum(map(_aligned, self.sizes)))

    def place(self, arrays: Sequence[memoryview], memory: memoryview) -> None:
        """Copy the arrays into the shared memory."""
        for part, array in zip(self._parts(memory), arrays, strict=True):
            part[:] = array

    def load(self, memory: memoryview) -> Any:  # noqa: ANN401 - whatever was packed
        """The object; its arrays are those in the shared memory and cannot be written to."""
        return pickle.loads(self.form, buffers=[part.toreadonly() for part in self._parts(memory)])

    def _parts(self, memory: memoryview) -> list[memoryview]:
        parts, start = [], 0
        for size in self.sizes:
            parts.append(memory[start : start + size])
            start += _aligned(size)
        return parts


def packed(value: object) -> tuple[Packed, list[memoryview]]:
    """Take an object apart; the arrays are still its own. It comes from this program and goes to it, never from outside."""
    buffers: list[pickle.PickleBuffer] = []
    form = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    arrays = [buffer.raw() for buffer in buffers]
    return Packed(form, tuple(array.nbytes for array in arrays)), arrays


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
