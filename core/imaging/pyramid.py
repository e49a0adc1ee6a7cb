"""Read section images: any window of any level, from many threads, without a lock.

The tags are read when a file is opened; afterwards each read is a positional `pread` and a decode. Levels that a file
does not store (a plain TIFF, a pyramid in steps of four) are averaged from the next finer one that it stores.
"""

import os
import weakref
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import imagecodecs
import numpy as np

from core.contracts.datasets import PyramidLevel
from core.imaging.codecs import Samples
from core.imaging.errors import UnreadableImageError
from core.imaging.gray import percentile_window, window_table
from core.imaging.resampling import GrayImage, Image, halve
from core.imaging.stored import DAMAGE, StoredImage, StoredLevel, read_structure
from core.imaging.writer import level_sizes

__all__ = ["Pyramid", "UnreadableImageError", "open_pyramid"]

_DEFAULT_TILE_PX = 256
_TILES_FOR_VIEWERS_PX = range(64, 2049)
_BAND_PX = 1 << 25  # pixels held at a time when a level is computed from a finer one
_ROWS_BYTES = 1 << 25  # bytes read at a time from segments whose rows stand one after the other
_ENCODE_QUALITY = 85
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Without a window in the file, 16-bit gray is judged by at most this many places of the coarsest stored level.
_SAMPLED_PLACES, _SAMPLED_PX, _SAMPLED_BAND_PX = 8, 512, 1 << 21

_Convert = Callable[[StoredLevel, Samples, bytes], Samples]


def open_pyramid(path: Path, pixel_size_um: float | None = None) -> "Pyramid":
    """Open an image; UnreadableImageError names the file, the reason and the remedy.

    A pixel size given here replaces the one that the file tells.
    """
    if not path.is_file():
        raise UnreadableImageError(path, "there is no such file", "Check the name, and that the disk is mounted")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableImageError(path, f"it cannot be opened ({error.strerror})", "Check its permissions") from error
    try:
        return Pyramid(path, read_structure(path, descriptor, pixel_size_um), descriptor)
    except UnreadableImageError:
        os.close(descriptor)
        raise


class Pyramid:
    """An open section image. Safe to share between threads; closed by `close`, `with`, or when nobody holds it."""

    def __init__(self, path: Path, structure: StoredImage, descriptor: int) -> None:
        base = structure.levels[0]
        self.path = path
        self.pixel_size_um = structure.pixel_size_um
        self.width_px, self.height_px = base.width_px, base.height_px
        square = base.segment_width_px == base.segment_height_px and base.segment_width_px in _TILES_FOR_VIEWERS_PX
        self.tile_size_px = base.segment_width_px if square else _DEFAULT_TILE_PX
        sizes = level_sizes(self.width_px, self.height_px, self.tile_size_px)
        self.levels = tuple(
            PyramidLevel(level=number, width_px=width, height_px=height) for number, (width, height) in enumerate(sizes)
        )
        self._stored = {number: level for number, level in structure.levels.items() if number < len(sizes)}
        self.stored_levels = tuple(sorted(self._stored))
        self.bits_per_sample: Literal[8, 16] = 8 if base.coding.bits == 8 else 16
        self.stored_window = structure.window if self.bits_per_sample == 16 else None
        self._descriptor = descriptor
        self.close = weakref.finalize(self, os.close, descriptor)

    def __reduce__(self) -> tuple[Callable[[Path, float], "Pyramid"], tuple[Path, float]]:
        """Another process opens the file for itself."""
        return open_pyramid, (self.path, self.pixel_size_um)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def handle_bytes(self) -> int:
        """Memory of the tables that say where every tile stands."""
        return sum(
            each.offsets.nbytes + each.byte_counts.nbytes + len(each.coding.jpeg_tables or b"")
            for each in self._stored.values()
        )

    @property
    def black(self) -> int:
        """The gray of `read_gray` that `read` gives as 0."""
        return self._window[0]

    @property
    def white(self) -> int:
        """The gray of `read_gray` that `read` gives as 255."""
        return self._window[1]

    def level_pixel_size_um(self, level: int) -> float:
        """Pixel size of a level: doubled with each step."""
        return self.pixel_size_um * 2.0**level

    def read(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int, fill: int = 255) -> Image:
        """Pixels of a window in the level's own pixel indices, uint8 (height, width); `fill` outside the image.

        Gray of 16 bits is shown from `black` to `white`. UnreadableImageError when what the window needs is damaged.
        """
        out = np.full((height_px, width_px), fill, np.uint8)
        self._read(level, (x_px, y_px), out, self._gray if self.bits_per_sample == 8 else self._windowed)
        return out

    def read_gray(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int) -> GrayImage:
        """As `read`, in the depth of the file (`bits_per_sample`), 0 darkest; white outside the image."""
        dtype = np.uint8 if self.bits_per_sample == 8 else np.uint16
        out = np.full((height_px, width_px), np.iinfo(dtype).max, dtype)
        self._read(level, (x_px, y_px), out, self._gray)
        return out

    def read_raw(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int) -> Samples:
        """The file's own samples, (height, width) or (height, width, samples); 0 outside the image.

        JPEG's YCbCr is given as RGB, palettes as indices. ValueError for a level that the file does not store.
        """
        self._level(level)
        if level not in self._stored:
            raise ValueError(f"{self.path}: level {level} is not stored but computed, it has no samples of its own")
        stored = self._stored[level]
        out = np.zeros((height_px, width_px, stored.samples), stored.coding.dtype)
        self._read(level, (x_px, y_px), out, _unchanged)
        return out if stored.samples > 1 else out[:, :, 0]

    def jpeg_tile(self, level: int, column: int, row: int) -> bytes:
        """One tile of side `tile_size_px` as gray JPEG: the stored bytes where they fit, else decoded and encoded.

        Tiles at the right and lower border are padded to full size. Raises IndexError outside the level.
        """
        size, tile_px = self._level(level), self.tile_size_px
        if not (0 <= column * tile_px < size.width_px and 0 <= row * tile_px < size.height_px):
            raise IndexError(f"{self.path}: level {level} has no tile in column {column}, row {row}")
        stored = self._stored.get(level)
        if stored and stored.plain_jpeg and stored.segment_width_px == stored.segment_height_px == tile_px:
            inside = column < stored.columns and row < stored.rows
            data = self._bytes(stored, row * stored.columns + column) if inside else b""
            if _is_whole_jpeg(data):  # what is not is decoded below, which tells what is wrong with it
                return _with_tables(data, stored.coding.jpeg_tables)
        tile = self.read(level, column * tile_px, row * tile_px, tile_px, tile_px)
        return bytes(imagecodecs.jpeg8_encode(tile, level=_ENCODE_QUALITY))

    @cached_property
    def _window(self) -> tuple[int, int]:
        if self.bits_per_sample == 8:
            return 0, 255
        return self.stored_window or percentile_window(self._histogram())

    @cached_property
    def _table(self) -> Image:
        return window_table(*self._window)

    def _histogram(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """How often each 16-bit gray occurs in the coarsest stored level, or in places spread over it if it is large."""
        level = self.stored_levels[-1]
        stored = self._stored[level]
        counts = np.zeros(1 << 16, np.int64)
        # Strips cost their whole width, so bands of that are looked at.
        wide, high = _SAMPLED_PX, _SAMPLED_PX
        if not stored.tiled:
            wide, high = stored.width_px, min(_SAMPLED_PX, max(32, _SAMPLED_BAND_PX // stored.width_px))
        for y in _spread(stored.height_px, high):
            for x in _spread(stored.width_px, wide):
                width, height = min(wide, stored.width_px - x), min(high, stored.height_px - y)
                counts += np.bincount(self.read_gray(level, x, y, width, height).ravel(), minlength=1 << 16)
        return counts

    def _level(self, level: int) -> PyramidLevel:
        if not 0 <= level < len(self.levels):
            raise IndexError(f"{self.path}: there is no level {level}, the levels are 0 to {len(self.levels) - 1}")
        return self.levels[level]

    def _read(self, level: int, corner: tuple[int, int], out: Samples, convert: _Convert) -> None:
        """Fill what of `out`, whose first pixel is `corner` (x, y) of the level, lies inside the image."""
        size, (x, y) = self._level(level), corner
        left, right = max(x, 0), min(x + out.shape[1], size.width_px)
        top, bottom = max(y, 0), min(y + out.shape[0], size.height_px)
        if left < right and top < bottom:
            inside = out[top - y : bottom - y, left - x : right - x]
            if level in self._stored:
                self._read_stored(self._stored[level], left, top, inside, convert)
            else:
                self._read_computed(level, left, top, inside, convert)

    def _read_stored(self, stored: StoredLevel, left: int, top: int, out: Samples, convert: _Convert) -> None:
        """Fill `out`, whose first pixel is (left, top) of the level, from every segment that touches it."""
        wide, high = stored.segment_width_px, stored.segment_height_px
        bottom, right = min(top + out.shape[0], stored.height_px), min(left + out.shape[1], stored.width_px)
        for row in range(top // high, -(-bottom // high)):
            for column in range(left // wide, -(-right // wide)):
                x = column * wide
                x0, x1 = max(left, x), min(right, x + wide)
                wanted = max(top - row * high, 0), min(bottom - row * high, high)
                for first, pixels in self._decoded(stored, row, column, wanted, convert):
                    y = row * high + first
                    y0, y1 = max(top, y), min(bottom, y + pixels.shape[0])
                    out[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0 - y : y1 - y, x0 - x : x1 - x]

    def _read_computed(self, level: int, left: int, top: int, out: Samples, convert: _Convert) -> None:
        """Average the next finer stored level block by block, so that a coarse tile of a plain TIFF needs little memory."""
        finer = max(number for number in self.stored_levels if number < level)
        factor = 2 ** (level - finer)
        size = self.levels[finer]
        columns = max(1, min(out.shape[1], _BAND_PX // factor**2))
        rows = max(1, _BAND_PX // (factor**2 * columns))
        for y in range(0, out.shape[0], rows):
            for x in range(0, out.shape[1], columns):
                block = out[y : y + rows, x : x + columns]
                x0, y0 = factor * (left + x), factor * (top + y)
                x1, y1 = min(x0 + factor * block.shape[1], size.width_px), min(y0 + factor * block.shape[0], size.height_px)
                pixels = np.full((y1 - y0, x1 - x0), np.iinfo(out.dtype).max, out.dtype)
                self._read(finer, (x0, y0), pixels, convert)
                for _ in range(level - finer):
                    pixels = halve(pixels)
                block[...] = pixels

    def _decoded(
        self, stored: StoredLevel, row: int, column: int, wanted: tuple[int, int], convert: _Convert
    ) -> Iterator[tuple[int, Samples]]:
        """(first row, pixels) of the parts of a segment that hold the wanted rows; none of a segment that is left out."""
        index = row * stored.columns + column
        if not stored.byte_counts[index]:
            return
        parts = [(0, stored.segment_rows(row))]
        if stored.coding.by_rows:
            step = max(1, _ROWS_BYTES // stored.coding.row_bytes(stored.segment_width_px))
            parts = [(first, min(step, wanted[1] - first)) for first in range(*wanted, step)]
        for first, rows in parts:
            yield first, self._part(stored, index, (first, rows), convert)

    def _part(self, stored: StoredLevel, index: int, part: tuple[int, int], convert: _Convert) -> Samples:
        """Rows of a segment, all planes; UnreadableImageError when they are damaged."""
        plane = stored.rows * stored.columns
        data = [self._bytes(stored, index + number * plane, part) for number in range(stored.coding.planes)]
        try:
            planes: list[Any] = [stored.decode(each, part[1]) for each in data]
            stored.check_covers(index, part, planes)
            return convert(stored, np.concatenate(planes, axis=2) if len(planes) > 1 else planes[0], data[0])
        except DAMAGE as error:
            raise UnreadableImageError(
                self.path, f"tile or strip {index} is damaged ({error})", "Copy the file again from its source"
            ) from error

    def _bytes(self, stored: StoredLevel, index: int, part: tuple[int, int] | None = None) -> bytes:
        """The stored bytes of a segment, or of some of its rows where they stand one after the other."""
        if not self.close.alive:
            raise ValueError(f"{self.path} is closed")
        offset, count = int(stored.offsets[index]), int(stored.byte_counts[index])
        if part is not None and stored.coding.by_rows:
            row = stored.coding.row_bytes(stored.segment_width_px)
            offset, count = offset + part[0] * row, min(part[1] * row, max(0, count - part[0] * row))
        data = os.pread(self._descriptor, count, offset)
        if len(data) < count:
            raise UnreadableImageError(
                self.path, f"it ends before tile or strip {index}", "Copy the file again; something cut it while it was open"
            )
        return data

    @staticmethod
    def _gray(stored: StoredLevel, samples: Samples, data: bytes) -> Samples:
        return stored.gray(samples, data)

    def _windowed(self, stored: StoredLevel, samples: Samples, data: bytes) -> Samples:
        return self._table[stored.gray(samples, data)]


def _unchanged(stored: StoredLevel, samples: Samples, data: bytes) -> Samples:
    return samples


def _spread(side_px: int, step_px: int) -> list[int]:
    """Where windows begin that cover a side, or are spread evenly over it when it is long."""
    if side_px <= _SAMPLED_PLACES * step_px:
        return list(range(0, side_px, step_px))
    return [(side_px - step_px) * place // (_SAMPLED_PLACES - 1) for place in range(_SAMPLED_PLACES)]


def _is_whole_jpeg(data: bytes) -> bool:
    """Whether a tile has a JPEG's start and end: holes of a file and what was never written have not."""
    return data.startswith(_JPEG_START) and data.rstrip(b"\0").endswith(_JPEG_END)


def _with_tables(data: bytes, tables: bytes | None) -> bytes:
    """A complete JPEG: the shared tables of the file, without their own start and end, after the tile's start marker."""
    return data[:2] + tables[2:-2] + data[2:] if tables else data
