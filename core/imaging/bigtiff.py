"""Write BigTIFF files of gray tiles: tile data first, in any order, then the directories of all levels.

tifffile writes one level after the other and would need the whole image at once or twice; with own directories
(TIFF 6.0 and the BigTIFF extension) the tiles of all levels are appended as they become ready.
"""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<2sHHHQ")
_SHORT, _LONG, _RATIONAL, _ASCII, _LONG8 = 3, 4, 5, 2, 16
_FORMATS = {_SHORT: "H", _LONG: "I", _RATIONAL: "I", _LONG8: "Q"}
_JPEG, _DEFLATE, _DIFFERENCES, _MIN_IS_BLACK, _CENTIMETRE = 7, 8, 2, 1, 3
_UM_PER_CM = 10_000


@dataclass(frozen=True, slots=True)
class Directory:
    """One level of the pyramid: its size and where its tiles stand in the file, row by row.

    Tiles of 8 bits are JPEG, those of 16 bits deflated differences of neighbours in little-endian order.
    """

    width_px: int
    height_px: int
    tile_size_px: int
    pixel_size_um: float
    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]
    reduced: bool
    description: str = ""
    bits_per_sample: int = 8
    window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    kind: int
    count: int
    data: bytes


class BigTiffWriter:
    """Appends blocks to an open file and ends it with the directories."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(_HEADER.pack(b"II", 43, 8, 0, 0))

    def append(self, data: bytes) -> int:
        """Write one block at an even offset (TIFF 6.0 asks for that) and return the offset."""
        if self._file.tell() % 2:
            self._file.write(b"\0")
        offset = self._file.tell()
        self._file.write(data)
        return offset

    def finish(self, directories: list[Directory]) -> None:
        """Write the directories as consecutive pages, full resolution first, and make the header point at them."""
        following = 0
        for directory in reversed(directories):
            following = self._write_directory(directory, following)
        self._file.seek(0)
        self._file.write(_HEADER.pack(b"II", 43, 8, 0, following))

    def _write_directory(self, directory: Directory, following: int) -> int:
        entries = _entries(directory)
        body = struct.pack("<Q", len(entries))
        for entry in entries:
            value = entry.data.ljust(8, b"\0") if len(entry.data) <= 8 else struct.pack("<Q", self.append(entry.data))
            body += struct.pack("<HHQ", entry.tag, entry.kind, entry.count) + value
        return self.append(body + struct.pack("<Q", following))


def _entries(directory: Directory) -> list[_Entry]:
    """The tags of one page in the ascending order that TIFF demands."""
    per_cm = Fraction(_UM_PER_CM) / Fraction(str(directory.pixel_size_um))
    resolution = per_cm.limit_denominator(100_000)
    tile_px = directory.tile_size_px
    entries = [
        _numbers(254, _LONG, int(directory.reduced)),
        _numbers(256, _LONG, directory.width_px),
        _numbers(257, _LONG, directory.height_px),
        _numbers(258, _SHORT, directory.bits_per_sample),
        _numbers(259, _SHORT, _JPEG if directory.bits_per_sample == 8 else _DEFLATE),
        _numbers(262, _SHORT, _MIN_IS_BLACK),
        _text(270, directory.description),
        _numbers(277, _SHORT, 1),
        _numbers(282, _RATIONAL, resolution.numerator, resolution.denominator),
        _numbers(283, _RATIONAL, resolution.numerator, resolution.denominator),
        _numbers(284, _SHORT, 1),
        _numbers(296, _SHORT, _CENTIMETRE),
        _text(305, "Brodmann"),
        _numbers(317, _SHORT, *([_DIFFERENCES] if directory.bits_per_sample == 16 else [])),
        _numbers(322, _LONG, tile_px),
        _numbers(323, _LONG, tile_px),
        _Entry(324, _LONG8, len(directory.offsets), directory.offsets.astype("<u8").tobytes()),
        _Entry(325, _LONG8, len(directory.byte_counts), directory.byte_counts.astype("<u8").tobytes()),
        *(_numbers(340 + side, _SHORT, value) for side, value in enumerate(directory.window or ())),
    ]
    return [entry for entry in entries if entry.count]


def _numbers(tag: int, kind: int, *values: int) -> _Entry:
    count = len(values) // 2 if kind == _RATIONAL else len(values)
    return _Entry(tag, kind, count, struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values))


def _text(tag: int, text: str) -> _Entry:
    data = text.encode("ascii") + b"\0" if text else b""
    return _Entry(tag, _ASCII, len(data), data)
