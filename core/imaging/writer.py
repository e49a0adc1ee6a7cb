"""Write a section image as a BigTIFF pyramid, strip by strip, so that memory stays bounded.

Gray of 8 bits becomes JPEG tiles; gray of 16 bits stays as it is, in tiles of deflated differences that every TIFF reader
reads, with the window in which it is shown.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

import imagecodecs
import numpy as np

from core.imaging.bigtiff import BigTiffWriter, Directory
from core.imaging.gray import percentile_window
from core.imaging.resampling import GrayImage, halve

ReadRows = Callable[[int, int], GrayImage]
"""(first row, number of rows) -> uint8 or uint16 (number of rows, width) at full resolution."""

_DEFLATE_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidOptions:
    """How an image is stored."""

    pixel_size_um: float
    tile_size_px: int = 256
    jpeg_quality: int = 85
    description: str = ""
    bits_per_sample: Literal[8, 16] = 8
    window: tuple[int, int] | None = None
    """(black, white) of 16-bit gray; the percentiles 0.1 and 99.9 of all pixels where None."""

    def __post_init__(self) -> None:
        if not 0 < self.pixel_size_um < float("inf"):
            raise ValueError(f"pixel_size_um must be positive, got {self.pixel_size_um}")
        if self.tile_size_px <= 0 or self.tile_size_px % 16:
            raise ValueError(f"tile_size_px must be a positive multiple of 16, got {self.tile_size_px}")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality must be 1 to 100, got {self.jpeg_quality}")
        if self.window is not None and not 0 <= self.window[0] < self.window[1] < 1 << 16:
            raise ValueError(f"window must be two increasing 16-bit values, got {self.window}")

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Type of a pixel."""
        return np.uint8 if self.bits_per_sample == 8 else np.uint16


def level_sizes(width_px: int, height_px: int, tile_size_px: int) -> list[tuple[int, int]]:
    """(width, height) of every level: halved and rounded up until one tile holds the image."""
    if width_px <= 0 or height_px <= 0:
        raise ValueError(f"an image needs at least one pixel, got {width_px} x {height_px}")
    sizes = [(width_px, height_px)]
    while max(sizes[-1]) > tile_size_px:
        width, height = sizes[-1]
        sizes.append(((width + 1) // 2, (height + 1) // 2))
    return sizes


def write_pyramid(path: Path, read_rows: ReadRows, width_px: int, height_px: int, options: PyramidOptions) -> None:
    """Write the image that `read_rows` gives, asked from the top in strips of one tile's height.

    Every level is the 2 x 2 mean of the one before, taken before compression. The file appears under its name when it
    is complete; after an error there is none. Raises ValueError when a strip has the wrong shape or type.
    """
    sizes = level_sizes(width_px, height_px, options.tile_size_px)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file, ThreadPoolExecutor(max_workers=2) as pool:
            tiff = BigTiffWriter(file)
            levels = [_Level(tiff, pool, size, options) for size in sizes]
            histogram = np.zeros(1 << 16, np.int64)
            for strip in _strips(read_rows, width_px, height_px, options):
                if options.bits_per_sample == 16 and options.window is None:
                    histogram += np.bincount(strip.ravel(), minlength=1 << 16)
                _push(levels, strip)
            if options.bits_per_sample == 16 and options.window is None:
                options = replace(options, window=percentile_window(histogram))
            tiff.finish([level.directory(index, options) for index, level in enumerate(levels)])
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _strips(read_rows: ReadRows, width_px: int, height_px: int, options: PyramidOptions) -> Iterator[GrayImage]:
    for first in range(0, height_px, options.tile_size_px):
        count = min(options.tile_size_px, height_px - first)
        rows = read_rows(first, count)
        if rows.shape != (count, width_px) or rows.dtype != options.dtype:
            expected = f"uint{options.bits_per_sample} {(count, width_px)}"
            raise ValueError(f"rows {first} to {first + count}: expected {expected}, got {rows.dtype} {rows.shape}")
        yield rows


def _push(levels: list["_Level"], rows: GrayImage) -> None:
    """Give rows to the finest level; what fills a row of tiles there goes on to the next, halved."""
    for level in levels:
        full = level.add(rows)
        if full is None:
            return
        rows = halve(full)


class _Level:
    """Collects rows until a row of tiles is full, then compresses and appends the tiles."""

    def __init__(self, tiff: BigTiffWriter, pool: ThreadPoolExecutor, size: tuple[int, int], options: PyramidOptions) -> None:
        self._tiff, self._pool = tiff, pool
        self._width_px, self._height_px = size
        self._tile_px, self._quality = options.tile_size_px, options.jpeg_quality
        self._rows = np.empty((self._tile_px, self._width_px), options.dtype)
        self._filled = 0
        self._done = 0
        self._offsets: list[int] = []
        self._byte_counts: list[int] = []

    def add(self, rows: GrayImage) -> GrayImage | None:
        """Take rows; return the rows of the tiles that became full, or None while they are not."""
        self._rows[self._filled : self._filled + len(rows)] = rows
        self._filled += len(rows)
        if self._filled < self._tile_px and self._done + self._filled < self._height_px:
            return None
        full = self._rows[: self._filled]
        for data in self._pool.map(self._encode, self._tiles(full)):
            self._offsets.append(self._tiff.append(data))
            self._byte_counts.append(len(data))
        self._done += self._filled
        self._filled = 0
        return full

    def directory(self, index: int, options: PyramidOptions) -> Directory:
        """What the file's directory says about this level."""
        about: dict[str, object] = {"pixel_size_um": options.pixel_size_um, "description": options.description}
        if options.window is not None:
            about |= {"black": options.window[0], "white": options.window[1]}
        return Directory(
            width_px=self._width_px,
            height_px=self._height_px,
            tile_size_px=self._tile_px,
            pixel_size_um=options.pixel_size_um * 2**index,
            offsets=np.array(self._offsets, np.uint64),
            byte_counts=np.array(self._byte_counts, np.uint64),
            reduced=index > 0,
            description="" if index else json.dumps(about),
            bits_per_sample=options.bits_per_sample,
            window=options.window,
        )

    def _tiles(self, rows: GrayImage) -> Iterator[GrayImage]:
        """Tiles of full size; beyond the image the last pixels are repeated, which keeps the JPEG border clean."""
        for left in range(0, self._width_px, self._tile_px):
            tile = rows[:, left : left + self._tile_px]
            missing = (self._tile_px - tile.shape[0], self._tile_px - tile.shape[1])
            yield np.pad(tile, ((0, missing[0]), (0, missing[1])), mode="edge") if any(missing) else tile

    def _encode(self, tile: GrayImage) -> bytes:
        if tile.dtype == np.uint8:
            return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(tile), level=self._quality))
        differences = imagecodecs.delta_encode(np.ascontiguousarray(tile), axis=1)
        return bytes(imagecodecs.deflate_encode(differences.astype("<u2", copy=False).tobytes(), level=_DEFLATE_LEVEL))
