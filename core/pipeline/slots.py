"""Arrays in memory that several processes see or one sends another: a header that says what lies where, then the arrays."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Arrays = dict[str, NDArray[Any]]

HEADER_BYTES = 1 << 16
"""Room for a header beside the arrays, or for the words of a failure."""
_ALIGNMENT = 64
_LENGTH_BYTES = 4


class SlotTooSmallError(Exception):
    """A result needs more memory than there is for one."""


def slot_bytes(largest: int) -> int:
    """The size of a slot for results whose arrays take so many bytes together."""
    return HEADER_BYTES + _aligned(largest)


def room_for(arrays: Mapping[str, NDArray[Any]]) -> int:
    """The size of a slot that holds just these arrays."""
    return HEADER_BYTES + sum(_aligned(array.nbytes) for array in arrays.values())


class Room:
    """Where a result is put: arrays by name, one after the other, into a slot."""

    def __init__(self, slot: memoryview) -> None:
        self._slot, self._end = slot, HEADER_BYTES
        self._entries: list[tuple[str, str, tuple[int, ...], int]] = []

    def empty(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of the slot, to be filled; it holds what was there before. SlotTooSmallError."""
        kind = np.dtype(dtype)
        start, self._end = self._end, self._end + _aligned(kind.itemsize * math.prod(shape))
        if self._end > len(self._slot):
            needed, there = self._end - HEADER_BYTES, len(self._slot) - HEADER_BYTES
            raise SlotTooSmallError(f"a result of {needed} bytes does not fit: the stage was made for {there}")
        self._entries.append((name, kind.str, tuple(shape), start))
        return _view(self._slot, kind, shape, start)

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Copy arrays into the slot; SlotTooSmallError."""
        for name, array in arrays.items():
            np.copyto(self.empty(name, array.shape, array.dtype), array)

    def close(self) -> int:
        """Say what is there; the bytes used."""
        _write_header(self._slot, {"arrays": self._entries})
        return self._end


def write_arrays(slot: memoryview, arrays: Mapping[str, NDArray[Any]]) -> int:
    """Write arrays by name and return the bytes used; SlotTooSmallError."""
    room = Room(slot)
    room.put(arrays)
    return room.close()


def write_failure(slot: memoryview, words: str) -> int:
    """Write why there is no result and return the bytes used; the end of the words counts where all do not fit."""
    _write_header(slot, {"failure": words[-HEADER_BYTES // 8 :]})  # a character takes at most 6 bytes in JSON's ASCII
    return HEADER_BYTES


def read_slot(slot: memoryview) -> Arrays | str:
    """The arrays, as views of the slot, or the words of a failure."""
    length = int.from_bytes(slot[:_LENGTH_BYTES], "little")
    header = json.loads(bytes(slot[_LENGTH_BYTES : _LENGTH_BYTES + length]))
    if "failure" in header:
        return str(header["failure"])
    return {name: _view(slot, np.dtype(kind), tuple(shape), offset) for name, kind, shape, offset in header["arrays"]}


def read_shared(slot: memoryview) -> Arrays:
    """The arrays of a slot that all may read and nobody may change."""
    found = read_slot(slot.toreadonly())
    assert not isinstance(found, str), "what is shared was written as arrays"
    return found


def _write_header(slot: memoryview, header: object) -> None:
    text = json.dumps(header).encode("ascii")
    if _LENGTH_BYTES + len(text) > HEADER_BYTES:
        raise SlotTooSmallError(f"the header of a result takes {len(text)} bytes, and there is room for {HEADER_BYTES}")
    slot[:_LENGTH_BYTES] = len(text).to_bytes(_LENGTH_BYTES, "little")
    slot[_LENGTH_BYTES : _LENGTH_BYTES + len(text)] = text


def _view(slot: memoryview, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> NDArray[Any]:
    return np.frombuffer(slot, dtype, math.prod(shape), offset).reshape(shape)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
