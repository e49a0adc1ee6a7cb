"""Read a section at any pixel size: the best stored level, averaged over the area of each wanted pixel.

Pixel j of a reading covers [j, j + 1) pixel sizes from the section's origin, whatever the window: reading a window
gives the same pixels as cutting it out of the whole reading.
"""

import math

import numpy as np

from core.imaging.reader import SectionReader
from core.imaging.resampling import Image, average_blocks, average_intervals

_BAND_PX = 1 << 24  # source pixels held at a time
_TOLERANCE = 1e-6


def read_at(pyramid: SectionReader, pixel_size_um: float, x_um: float, y_um: float, width_px: int, height_px: int) -> Image:
    """The window of width x height pixels of `pixel_size_um` whose corner is at (x_um, y_um); 255 outside the image.

    The corner must lie on the reading's pixel grid, i.e. be a multiple of the pixel size (ValueError).
    """
    column, row = _grid_index(x_um, pixel_size_um, "x_um"), _grid_index(y_um, pixel_size_um, "y_um")
    level = best_level(pyramid, pixel_size_um)
    factor = pixel_size_um / pyramid.level_pixel_size_um(level)
    if abs(factor - round(factor)) < _TOLERANCE * factor:
        factor = round(factor)
    out = np.empty((height_px, width_px), np.uint8)
    band = max(1, int(_BAND_PX / max(1.0, factor * factor * width_px)))
    for start in range(0, height_px, band):
        part = out[start : start + band]
        part[...] = _read_band(pyramid, level, factor, (column, row + start), part.shape)
    return out


def read_whole(pyramid: SectionReader, pixel_size_um: float) -> Image:
    """The whole section at a pixel size; the last row and column may reach beyond the image."""
    width, height = whole_size_px(pyramid, pixel_size_um)
    return read_at(pyramid, pixel_size_um, 0.0, 0.0, width, height)


def whole_size_px(pyramid: SectionReader, pixel_size_um: float) -> tuple[int, int]:
    """(width, height) of the whole section at a pixel size, rounded up."""
    factor = pyramid.pixel_size_um / pixel_size_um
    width, height = (math.ceil(side * factor - _TOLERANCE) for side in (pyramid.width_px, pyramid.height_px))
    return width, height


def best_level(pyramid: SectionReader, pixel_size_um: float) -> int:
    """The coarsest stored level that is at least as fine as wanted; full resolution when none is."""
    if not 0 < pixel_size_um < float("inf"):
        raise ValueError(f"pixel_size_um must be positive, got {pixel_size_um}")
    limit = pixel_size_um * (1 + _TOLERANCE)
    return max((level for level in pyramid.stored_levels if pyramid.level_pixel_size_um(level) <= limit), default=0)


def _grid_index(position_um: float, pixel_size_um: float, name: str) -> int:
    index = position_um / pixel_size_um
    if abs(index - round(index)) > 1e-3:
        raise ValueError(f"{name} = {position_um} µm is not on the grid of {pixel_size_um} µm pixels; round it to a multiple")
    return round(index)


def _read_band(pyramid: SectionReader, level: int, factor: float, corner: tuple[int, int], shape: tuple[int, int]) -> Image:
    """Pixels from (column, row) = corner on, each the mean over factor x factor pixels of the level."""
    (column, row), (height, width) = corner, shape
    if isinstance(factor, int):
        source = pyramid.read(level, column * factor, row * factor, width * factor, height * factor)
        return average_blocks(source, factor)
    x_edges, y_edges = (factor * (first + np.arange(count + 1)) for first, count in ((column, width), (row, height)))
    left, top = math.floor(x_edges[0]), math.floor(y_edges[0])
    right, bottom = math.ceil(x_edges[-1]), math.ceil(y_edges[-1])
    source = pyramid.read(level, left, top, right - left, bottom - top)
    return average_intervals(source, y_edges - top, x_edges - left)
