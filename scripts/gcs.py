"""Read a FreeSurfer surface classifier (.gcs): the most probable area of every vertex of an icosahedral sphere."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = 0xABABCDCD
ICO_VERTICES = (12, 42, 162, 642, 2562, 10242, 40962, 163842)


@dataclass(frozen=True)
class AreaPriors:
    """Area names and, per vertex, the index of the most probable one."""

    names: tuple[str, ...]
    index: NDArray[np.int64]


class _Cursor:
    """Big-endian numbers, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[int | float, ...]:
        values = struct.unpack_from(f">{layout}", self._data, self._at)
        self._at += struct.calcsize(f">{layout}")
        return values

    def integer(self) -> int:
        return int(self.take("i")[0])

    def text(self) -> str:
        length = self.integer()
        value = self._data[self._at : self._at + length].rstrip(b"\0").decode("ascii")
        self._at += length
        return value

    def skip(self, size: int) -> None:
        self._at += size

    def skip_matrix(self) -> None:
        """A matrix is text: a line `type rows columns`, then a line per row."""
        end = self._data.index(b"\n", self._at)
        rows = int(self._data[self._at : end].split()[1])
        self._at = end + 1
        for _ in range(rows):
            self._at = self._data.index(b"\n", self._at) + 1


def _skip_classifiers(cursor: _Cursor, vertices: int) -> None:
    """Per vertex and label: mean and covariance of the folding measures; the prior alone is wanted here."""
    for _ in range(vertices):
        labels = cursor.integer()
        cursor.integer()
        for _ in range(labels):
            cursor.skip(8)
            cursor.skip_matrix()
            cursor.skip_matrix()


def _most_probable(cursor: _Cursor, vertices: int) -> NDArray[np.int64]:
    best = np.zeros(vertices, np.int64)
    for vertex in range(vertices):
        labels = cursor.integer()
        cursor.integer()
        highest = -1.0
        for _ in range(labels):
            code, prior = cursor.take("if")
            if prior > highest:
                highest, best[vertex] = float(prior), int(code)
            for _ in range(4):  # neighbour statistics in four directions
                _, count = cursor.take("2i")
                cursor.skip(8 * int(count))
    return best


def _colour_table(cursor: _Cursor) -> dict[int, str]:
    """Name per colour code, the code being r + 256 g + 65536 b."""
    cursor.integer()  # tag
    version = cursor.integer()
    if version >= 0:
        raise ValueError(f"colour table version {version} is not supported; expected the one written as -2")
    cursor.integer()
    cursor.text()
    names = {}
    for _ in range(cursor.integer()):
        cursor.integer()
        name = cursor.text()
        red, green, blue, _ = (int(v) for v in cursor.take("4i"))
        names[red + (green << 8) + (blue << 16)] = name
    return names


def read_gcs(file: BinaryIO) -> AreaPriors:
    """Read a classifier; ValueError if the file is none."""
    cursor = _Cursor(file.read())
    magic, inputs, ico_classifiers, ico_priors = (int(v) for v in cursor.take("4i"))
    if magic & 0xFFFFFFFF != MAGIC:
        raise ValueError("this is not a FreeSurfer .gcs file: its first four bytes differ")
    for _ in range(inputs):
        cursor.integer()
        cursor.text()
        cursor.skip(8)
    _skip_classifiers(cursor, ICO_VERTICES[ico_classifiers])
    codes = _most_probable(cursor, ICO_VERTICES[ico_priors])
    table = _colour_table(cursor)
    present, index = np.unique(codes, return_inverse=True)
    return AreaPriors(tuple(table.get(int(code), "unknown") for code in present), index.astype(np.int64))
