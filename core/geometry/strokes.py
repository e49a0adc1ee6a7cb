"""Strokes of a brush on a raster of tissue classes: every pixel whose centre lies under the brush takes its class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.contracts.anatomy import TissueStroke
from core.contracts.datasets import RasterGrid
from core.geometry.frames import Points

Labels = NDArray[np.uint8]
Floats = NDArray[np.float64]

CLASS_NUMBERS = {"background": 0, "white matter": 1, "gray matter": 2}
_SPANS_AT_A_TIME = 4_000_000


def paint(labels: Labels, grid: RasterGrid, strokes: Sequence[TissueStroke]) -> Labels:
    """The classes (height, width) with the strokes (µm, section frame) painted over them in order; the input is kept.

    A pixel is painted when its centre is at most the brush's radius from the line. A brush finer than the raster is taken
    as one pixel wide (half a pixel's diagonal in radius), so that a thin line is never lost. ValueError where labels and
    grid differ in size.
    """
    if labels.shape != (grid.height_px, grid.width_px):
        raise ValueError(f"the classes are {labels.shape}, their grid says {(grid.height_px, grid.width_px)}")
    painted = labels.copy()
    for stroke in strokes:
        line = (np.array(stroke.points, np.float64).reshape(-1, 2) - grid.origin_um) / grid.pixel_size_um
        _paint_line(painted, line, max(stroke.radius_um / grid.pixel_size_um, np.sqrt(0.5)), CLASS_NUMBERS[stroke.tissue])
    return painted


def _paint_line(labels: Labels, line: Points, radius: float, value: int) -> None:
    """Paint everything within `radius` of the line in place; both in pixels from the raster's corner."""
    starts, ends = (line[:-1], line[1:]) if len(line) > 1 else (line, line)
    height, width = labels.shape
    first = np.clip(np.ceil(np.minimum(starts, ends)[:, 1] - radius - 0.5), 0, height).astype(np.int64)
    end = np.clip(np.floor(np.maximum(starts, ends)[:, 1] + radius - 0.5) + 1, 0, height).astype(np.int64)
    counts = np.maximum(end - first, 0)
    if not counts.any():
        return
    top, bottom = int(first[counts > 0].min()), int(end[counts > 0].max())
    depth = np.zeros((bottom - top, width + 1), np.int32)  # how many segments begin less how many end at each pixel
    batch = np.cumsum(counts) // _SPANS_AT_A_TIME
    for number in np.unique(batch):
        chosen = np.flatnonzero(batch == number)
        segment = np.repeat(chosen, counts[chosen])
        rows = np.arange(len(segment)) - np.repeat(np.cumsum(counts[chosen]) - counts[chosen], counts[chosen]) + first[segment]
        left, right = _span(starts[segment], ends[segment], radius, rows + 0.5)
        begin = np.clip(np.ceil(left - 0.5), 0, width).astype(np.int64)
        stop = np.clip(np.floor(right - 0.5) + 1, begin, width).astype(np.int64)
        np.add.at(depth, (rows - top, begin), 1)
        np.subtract.at(depth, (rows - top, stop), 1)
    labels[top:bottom][np.cumsum(depth[:, :-1], axis=1) > 0] = value


def _span(a: Points, b: Points, radius: float, y: Floats) -> tuple[Floats, Floats]:
    """Where the horizontal lines at y (n,) run within `radius` of the segments a (n, 2) to b (n, 2): from x to x.

    What lies within a radius of a segment is convex, so it is one interval, and the union of what two discs and a
    rectangle have of the line. An empty interval ends before it begins.
    """
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for centre in (a, b):
        square = radius**2 - (y - centre[:, 1]) ** 2
        half = np.sqrt(np.maximum(square, 0))
        left = np.where(square >= 0, np.minimum(left, centre[:, 0] - half), left)
        right = np.where(square >= 0, np.maximum(right, centre[:, 0] + half), right)
    along = b - a
    length = np.linalg.norm(along, axis=1)
    unit = along / np.maximum(length, 1e-12)[:, np.newaxis]
    low_along, high_along = _between(unit[:, 0], unit[:, 1] * (y - a[:, 1]), np.zeros_like(length), length)
    low_across, high_across = _between(-unit[:, 1], unit[:, 0] * (y - a[:, 1]), -radius, radius)
    low, high = np.maximum(low_along, low_across) + a[:, 0], np.minimum(high_along, high_across) + a[:, 0]
    inside = (low <= high) & (length > 0)
    return np.where(inside, np.minimum(left, low), left), np.where(inside, np.maximum(right, high), right)


def _between(slope: Floats, offset: Floats, lowest: Floats | float, highest: Floats | float) -> tuple[Floats, Floats]:
    """The x with lowest <= slope · x + offset <= highest; everything or nothing where the slope is zero."""
    flat = np.abs(slope) < 1e-12
    safe = np.where(flat, 1.0, slope)
    one, other = (lowest - offset) / safe, (highest - offset) / safe
    fits = (lowest <= offset) & (offset <= highest)
    low = np.where(flat, np.where(fits, -np.inf, np.inf), np.minimum(one, other))
    high = np.where(flat, np.where(fits, np.inf, -np.inf), np.maximum(one, other))
    return low, high
