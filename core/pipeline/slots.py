"""Arrays in memory that several processes see or one sends another: a header that says what lies where, then the arrays."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def write_arrays(slot: memoryview, arrays: Mapping[str, NDArray[Any]]) -> int:
    """Write arrays by name and return the bytes used; SlotTooSmallError."""
    entries: list[tuple[str, str, tuple[int, ...], int]] = []
    end = HEADER_BYTES
    for name, array in arrays.items():
        entries.append((name, array.dtype.str, array.shape, end))
        end += _aligned(array.nbytes)
    if end > len(slot):
        raise SlotTooSmallError(
            f"a result of {end - HEADER_BYTES} bytes does not fit: the stage was made for {len(slot) - HEADER_BYTES}"
        )
    _write_header(slot, {"arrays": entries})
    for (_, _, _, offset), array in zip(entries, arrays.values(), strict=True):
        np.copyto(_view(slot, array.dtype, array.shape, offset), array)
    return end


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
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(slot, dtype, count, offset).reshape(shape)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
