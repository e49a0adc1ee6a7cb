"""Read section images: any window of any level, from many threads, without a lock.

tifffile reads the tags when a file is opened; afterwards each read is a positional `pread` and a decode by imagecodecs.
Levels that a file does not store (a plain TIFF, a pyramid in steps of four) are averaged from the next finer one.
"""

import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

import imagecodecs
import numpy as np

from core.contracts.datasets import PyramidLevel
from core.imaging.errors import UnreadableImageError
from core.imaging.resampling import Image, halve
from core.imaging.stored import DAMAGE, StoredImage, StoredLevel, read_structure
from core.imaging.writer import level_sizes

__all__ = ["Pyramid", "UnreadableImageError", "open_pyramid"]

_DEFAULT_TILE_PX = 256
_BLOCK_PX = 512  # computed levels are averaged block by block, so that a coarse tile of a plain TIFF needs little memory
_ENCODE_QUALITY = 85
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def open_pyramid(path: Path, pixel_size_um: float | None = None) -> "Pyramid":
    """Open an image; UnreadableImageError names the file, the reason and the remedy.

    A pixel size given here replaces the one that the file tells.
    """
    structure = read_structure(path, pixel_size_um)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableImageError(path, f"it cannot be opened ({error.strerror})", "Check its permissions") from error
    return Pyramid(path, structure, descriptor)


class Pyramid:
    """An open section image. Safe to share between threads; closed by `close`, `with`, or when nobody holds it."""

    def __init__(self, path: Path, structure: StoredImage, descriptor: int) -> None:
        base = structure.levels[0]
        self.path = path
        self.pixel_size_um = structure.pixel_size_um
        self.width_px, self.height_px = base.width_px, base.height_px
        self.tile_size_px = base.segment_width_px if base.segment_width_px == base.segment_height_px else _DEFAULT_TILE_PX
        sizes = level_sizes(self.width_px, self.height_px, self.tile_size_px)
        self.levels = tuple(
            PyramidLevel(level=number, width_px=width, height_px=height) for number, (width, height) in enumerate(sizes)
        )
        self._stored = {number: level for number, level in structure.levels.items() if number < len(sizes)}
        self.stored_levels = tuple(sorted(self._stored))
        self._descriptor = descriptor
        self.close = weakref.finalize(self, os.close, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def handle_bytes(self) -> int:
        """Memory of the tables that say where every tile stands."""
        tables = (
            each.offsets.nbytes + each.byte_counts.nbytes + len(each.jpeg_tables or b"") for each in self._stored.values()
        )
        return sum(tables)

    def level_pixel_size_um(self, level: int) -> float:
        """Pixel size of a level: doubled with each step."""
        return self.pixel_size_um * 2.0**level

    def read(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int, fill: int = 255) -> Image:
        """Pixels of a window in the level's own pixel indices, (height, width); `fill` outside the image."""
        size = self._level(level)
        out = np.full((height_px, width_px), fill, np.uint8)
        left, right = max(x_px, 0), min(x_px + width_px, size.width_px)
        top, bottom = max(y_px, 0), min(y_px + height_px, size.height_px)
        if left < right and top < bottom:
            inside = out[top - y_px : bottom - y_px, left - x_px : right - x_px]
            if level in self._stored:
                self._read_stored(self._stored[level], left, top, inside)
            else:
                self._read_computed(level, left, top, inside)
        return out

    def jpeg_tile(self, level: int, column: int, row: int) -> bytes:
        """One tile of side `tile_size_px` as gray JPEG: the stored bytes where they fit, else decoded and encoded.

        Tiles at the right and lower border are padded to full size. Raises IndexError outside the level.
        """
        size, tile_px = self._level(level), self.tile_size_px
        if not (0 <= column * tile_px < size.width_px and 0 <= row * tile_px < size.height_px):
            raise IndexError(f"{self.path}: level {level} has no tile in column {column}, row {row}")
        stored = self._stored.get(level)
        if stored and stored.plain_jpeg and stored.segment_width_px == stored.segment_height_px == tile_px:
            data = self._segment(stored, row * stored.columns + column)
            if _is_whole_jpeg(data):  # what is not is decoded below, which tells what is wrong with it
                return _with_tables(data, stored.jpeg_tables)
        tile = self.read(level, column * tile_px, row * tile_px, tile_px, tile_px)
        return bytes(imagecodecs.jpeg8_encode(tile, level=_ENCODE_QUALITY))

    def _level(self, level: int) -> PyramidLevel:
        if not 0 <= level < len(self.levels):
            raise IndexError(f"{self.path}: there is no level {level}, the levels are 0 to {len(self.levels) - 1}")
        return self.levels[level]

    def _read_stored(self, stored: StoredLevel, left: int, top: int, out: Image) -> None:
        """Fill `out`, whose first pixel is (left, top) of the level, from every segment that touches it."""
        wide, high = stored.segment_width_px, stored.segment_height_px
        bottom, right = top + out.shape[0], left + out.shape[1]
        for row in range(top // high, min(-(-bottom // high), stored.rows)):
            for column in range(left // wide, min(-(-right // wide), stored.columns)):
                pixels = self._decoded(stored, row * stored.columns + column)
                if pixels is None:
                    continue
                y, x = row * high, column * wide
                y0, y1 = max(top, y), min(bottom, y + pixels.shape[0])
                x0, x1 = max(left, x), min(right, x + pixels.shape[1])
                out[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0 - y : y1 - y, x0 - x : x1 - x]

    def _read_computed(self, level: int, left: int, top: int, out: Image) -> None:
        finer = self.levels[level - 1]
        for y in range(0, out.shape[0], _BLOCK_PX):
            for x in range(0, out.shape[1], _BLOCK_PX):
                block = out[y : y + _BLOCK_PX, x : x + _BLOCK_PX]
                x0, y0 = 2 * (left + x), 2 * (top + y)
                x1 = min(x0 + 2 * block.shape[1], finer.width_px)
                y1 = min(y0 + 2 * block.shape[0], finer.height_px)
                block[...] = halve(self.read(level - 1, x0, y0, x1 - x0, y1 - y0))

    def _decoded(self, stored: StoredLevel, index: int) -> Image | None:
        """Pixels of one segment, or None for a segment the file leaves out (all background)."""
        data = self._segment(stored, index)
        if not data:
            return None
        try:
            return stored.decode(data, index)
        except DAMAGE as error:
            raise UnreadableImageError(
                self.path, f"tile or strip {index} is damaged ({error})", "Copy the file again from its source"
            ) from error

    def _segment(self, stored: StoredLevel, index: int) -> bytes:
        if not self.close.alive:
            raise ValueError(f"{self.path} is closed")
        count = int(stored.byte_counts[index])
        return os.pread(self._descriptor, count, int(stored.offsets[index])) if count else b""


def _is_whole_jpeg(data: bytes) -> bool:
    """Whether a tile has a JPEG's start and end: holes of a file and what was never written have not."""
    return data.startswith(_JPEG_START) and data.rstrip(b"\0").endswith(_JPEG_END)


def _with_tables(data: bytes, tables: bytes | None) -> bytes:
    """A complete JPEG: the shared tables of the file, without their own start and end, after the tile's start marker."""
    return data[:2] + tables[2:-2] + data[2:] if tables else data
