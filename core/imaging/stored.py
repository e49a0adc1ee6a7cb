"""What a TIFF file stores: its levels with the place of every tile or strip, taken once by tifffile when it is opened."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from core.imaging.errors import UnreadableImageError
from core.imaging.resampling import Image
from core.imaging.scanners import scanner_pixel_size_um

# What tifffile and imagecodecs raise on damaged or foreign content (found by fuzzing: the tests change random bytes).
DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError, struct.error)

_MAX_SIDE_PX = 1_000_000
_MAX_SEGMENT_PX = 1 << 28
_MAX_PAGES = 256
# Resolutions outside are those of screens and printers (72, 96, 300 per inch), written by programs that know none.
_PLAUSIBLE_PIXEL_SIZES_UM = (0.01, 80.0)
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_JPEG, _WHITE_IS_ZERO, _BLACK_IS_ZERO = 7, 0, 1
_CONVERT = "Convert it into a tiled 8-bit gray pyramid TIFF"
_COPY = "Copy the file again from its source"


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """One page of the file: a grid of segments (tiles, or strips as tiles of full width)."""

    width_px: int
    height_px: int
    segment_width_px: int
    segment_height_px: int
    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]
    jpeg_tables: bytes | None
    plain_jpeg: bool
    """True when a segment is a gray JPEG as a browser shows it."""
    inverted: bool
    decode_segment: Callable[..., Any]

    @property
    def columns(self) -> int:
        """Segments per row."""
        return -(-self.width_px // self.segment_width_px)

    @property
    def rows(self) -> int:
        """Rows of segments."""
        return -(-self.height_px // self.segment_height_px)

    def decode(self, data: bytes, index: int) -> Image:
        """The segment's pixels as gray, at most segment_height x segment_width."""
        segment = self.decode_segment(data, index, jpegtables=self.jpeg_tables)[0]
        if segment is None:
            raise ValueError("the segment is empty")
        pixels = np.asarray(segment, np.uint8)[0]
        gray = pixels[:, :, 0] if pixels.shape[2] == 1 else cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY)
        return np.asarray(255 - gray if self.inverted else gray, np.uint8)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Everything an open file needs: level number (0 is full resolution, each halves) to stored level."""

    pixel_size_um: float
    levels: dict[int, StoredLevel]


def read_structure(path: Path, pixel_size_um: float | None = None) -> StoredImage:
    """Read the tags of an image; UnreadableImageError when it is no TIFF, truncated, oversized or of unknown scale.

    A pixel size given here replaces the one that the file tells.
    """
    if not path.is_file():
        raise UnreadableImageError(path, "there is no such file", "Check the name, and that the disk is mounted")
    try:
        with tifffile.TiffFile(path) as tiff:
            pages = _pages(tiff)
            base = _stored_level(path, pages[0])
            levels = {0: base}
            for page in pages[1:]:
                level = _level_number(page, base)
                if level and level not in levels:
                    levels[level] = _stored_level(path, page)
            return StoredImage(pixel_size_um or _pixel_size_um(path, pages[0]), levels)
    except DAMAGE as error:
        raise UnreadableImageError(path, f"it cannot be read as TIFF ({error})", _COPY) from error


def _pages(tiff: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """The first pages with their sub-pages, where pyramids keep their levels."""
    found: list[tifffile.TiffPage] = []
    for index in range(_MAX_PAGES):
        try:
            page = tiff.pages[index]
        except IndexError:
            break
        children = list(page.pages or ())[:_MAX_PAGES] if isinstance(page, tifffile.TiffPage) and page.subifds else []
        found.extend(each for each in (page, *children) if isinstance(each, tifffile.TiffPage))
    if not found:
        raise ValueError("it has no page")
    return found


def _level_number(page: tifffile.TiffPage, base: StoredLevel) -> int:
    """How often the base was halved to give this page; 0 when it is no level of it (a label, a thumbnail)."""
    if not 0 < page.imagewidth < base.width_px:
        return 0
    level = round(np.log2(base.width_px / page.imagewidth))
    sides = ((base.width_px, page.imagewidth), (base.height_px, page.imagelength))
    fits = all(abs(whole / 2**level - part) <= 1 for whole, part in sides)
    return level if fits else 0


def _stored_level(path: Path, page: tifffile.TiffPage) -> StoredLevel:
    width, height = page.imagewidth, page.imagelength
    if not (0 < width <= _MAX_SIDE_PX and 0 < height <= _MAX_SIDE_PX):
        raise UnreadableImageError(path, f"it claims {width} x {height} px", _COPY)
    if page.dtype != np.uint8 or page.samplesperpixel not in (1, 3, 4) or page.planarconfig != 1 or page.imagedepth != 1:
        kind = f"{page.samplesperpixel} channel(s) of {page.bitspersample} bit"
        raise UnreadableImageError(path, f"it has {kind}, planes {int(page.planarconfig)}", _CONVERT)
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
        raise UnreadableImageError(path, "its pixels are palette indices", _CONVERT)
    tiled = page.is_tiled
    segment = (page.tilewidth, page.tilelength) if tiled else (width, min(page.rowsperstrip, height))
    if not 0 < segment[0] * segment[1] <= _MAX_SEGMENT_PX:
        raise UnreadableImageError(path, f"its tiles or strips are {segment[0]} x {segment[1]} px", _CONVERT)
    gray = page.samplesperpixel == 1
    level = StoredLevel(
        width_px=width,
        height_px=height,
        segment_width_px=segment[0],
        segment_height_px=segment[1],
        offsets=np.asarray(page.dataoffsets, np.int64),
        byte_counts=np.asarray(page.databytecounts, np.int64),
        jpeg_tables=page.jpegtables,
        plain_jpeg=gray and page.compression == _JPEG and page.photometric == _BLACK_IS_ZERO,
        inverted=gray and page.photometric == _WHITE_IS_ZERO,
        decode_segment=page.decode,
    )
    _check_extent(path, level)
    return level


def _check_extent(path: Path, level: StoredLevel) -> None:
    segments = level.columns * level.rows
    if len(level.offsets) != segments or len(level.byte_counts) != segments:
        raise UnreadableImageError(path, f"it lists {len(level.offsets)} tiles or strips in place of {segments}", _COPY)
    end = int((level.offsets + level.byte_counts).max())
    size = path.stat().st_size
    if end > size or level.offsets.min() < 0 or level.byte_counts.min() < 0:
        raise UnreadableImageError(path, f"it is truncated: {size} bytes of {end}", _COPY)


def _pixel_size_um(path: Path, page: tifffile.TiffPage) -> float:
    """From the description that our writer (exact) or a scanner leaves, else from the resolution tags."""
    remedy = "Ingest it with --pixel-size-um, or write XResolution, YResolution and ResolutionUnit (centimetre) into it"
    exact = _described_pixel_size_um(page.description)
    if exact is not None:
        return exact
    scanned = scanner_pixel_size_um(page.description)
    if scanned is not None:
        return _square(path, *scanned)
    tags = [page.tags.get(name) for name in ("XResolution", "YResolution", "ResolutionUnit")]
    if any(tag is None for tag in tags):
        raise UnreadableImageError(path, "it does not say its pixel size", remedy)
    (x_count, x_per), (y_count, y_per), unit = (tag.value for tag in tags if tag is not None)
    if min(x_count, x_per, y_count, y_per) <= 0 or int(unit) not in _UM_PER_UNIT:
        raise UnreadableImageError(path, "it does not say its pixel size", remedy)
    width_um, height_um = (float(_UM_PER_UNIT[int(unit)] * per / count) for count, per in ((x_count, x_per), (y_count, y_per)))
    smallest, largest = _PLAUSIBLE_PIXEL_SIZES_UM
    if not smallest <= _square(path, width_um, height_um) <= largest:
        raise UnreadableImageError(path, f"its resolution tags give {width_um:g} µm per pixel, a screen's or printer's", remedy)
    return width_um


def _square(path: Path, width_um: float, height_um: float) -> float:
    if abs(width_um - height_um) > 0.01 * width_um:
        raise UnreadableImageError(path, f"its pixels are not square ({width_um:g} x {height_um:g} µm)", _CONVERT)
    return width_um


def _described_pixel_size_um(description: str) -> float | None:
    if not description.startswith("{"):
        return None
    try:
        value = json.loads(description).get("pixel_size_um")
    except ValueError:
        return None
    return float(value) if isinstance(value, int | float) and 0 < value < float("inf") else None
