"""Rings to masks and masks to rings, exactly: a pixel belongs to a shape when its centre lies inside (even-odd)."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.geometry.frames import Points

Mask = NDArray[np.bool_]
_CROSSINGS_AT_A_TIME = 4_000_000


def rasterise(rings: Sequence[Points], grid: RasterGrid) -> Mask:
    """Fill rings (µm) by the even-odd rule; bool (height, width).

    Half-open at the border: a centre exactly on an edge belongs to one of two neighbours that share the edge, never to
    both and never to none, in whichever direction each was drawn.
    """
    height, width = grid.height_px, grid.width_px
    toggles = np.zeros((height, width + 1), np.uint8)
    for rows, columns in _crossings(_edges_px(rings, grid), height, width):
        # A count modulo 256 keeps the parity.
        np.add.at(toggles.reshape(-1), rows * (width + 1) + columns, 1)
    used = np.flatnonzero(toggles.any(axis=1))
    mask = np.zeros((height, width), np.bool_)
    if used.size:
        band = slice(int(used[0]), int(used[-1]) + 1)
        mask[band] = np.cumsum(toggles[band, :width], axis=1, dtype=np.uint8) & 1
    return mask


def _edges_px(rings: Sequence[Points], grid: RasterGrid) -> NDArray[np.float64]:
    """All edges as rows (x0, y0, x1, y1) with y0 < y1, in pixels from the grid's corner; horizontal ones left out.

    Always from top to bottom, so that two shapes sharing an edge compute the same crossings.
    """
    pairs = [np.concatenate([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings if len(ring) >= 3]
    if not pairs:
        return np.empty((0, 4))
    edges = (np.concatenate(pairs) - np.tile(grid.origin_um, 2)) / grid.pixel_size_um
    upward = edges[:, 1] > edges[:, 3]
    edges[upward] = edges[upward][:, [2, 3, 0, 1]]
    level: NDArray[np.float64] = edges[edges[:, 1] < edges[:, 3]]
    return level


def _crossings(edges: NDArray[np.float64], height: int, width: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Where edges cross the rows' centre lines: (row, first column whose centre is not left of the crossing)."""
    first = np.clip(np.ceil(edges[:, 1] - 0.5), 0, height).astype(np.int64)
    end = np.clip(np.ceil(edges[:, 3] - 0.5), 0, height).astype(np.int64)
    edges, first, counts = edges[end > first], first[end > first], (end - first)[end > first]
    batch = np.cumsum(counts) // _CROSSINGS_AT_A_TIME
    for number in np.unique(batch):
        chosen = batch == number
        x0, y0, x1, y1 = np.repeat(edges[chosen], counts[chosen], axis=0).T
        starts = np.cumsum(counts[chosen]) - counts[chosen]
        rows = np.repeat(first[chosen] - starts, counts[chosen]) + np.arange(len(x0))
        x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
        yield rows, np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)


def trace(mask: Mask, grid: RasterGrid) -> list[Points]:
    """The exact outline of a mask along pixel edges, as rings in µm: `rasterise(trace(m, g), g)` is m again.

    Pixels that touch only at a corner get separate rings. Rings have corners only, no points on straight runs.
    """
    if mask.shape != (grid.height_px, grid.width_px):
        raise ValueError(f"the mask is {mask.shape}, its grid says {(grid.height_px, grid.width_px)}")
    x, y, along_row, along_column = _corners(mask)
    partner_in_row, partner_in_column = along_row.tolist(), along_column.tolist()
    open_corners = np.ones(len(x), np.bool_).tolist()
    rings = []
    for start in range(len(x)):
        if not open_corners[start]:
            continue
        ring, corner = [], start
        while open_corners[corner]:
            turn = partner_in_row[corner]
            open_corners[corner] = open_corners[turn] = False
            ring += [corner, turn]
            corner = partner_in_column[turn]
        rings.append(np.stack([x[ring], y[ring]], axis=1) * grid.pixel_size_um + np.asarray(grid.origin_um))
    return rings


def _corners(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Corners of the outline: x, y, and for each the corner at the other end of its horizontal and vertical run.

    Along a grid line the runs' ends simply alternate, so sorted corners pair up. A grid point where two pixels touch
    diagonally holds two corners, one for each pixel.
    """
    framed = np.pad(mask, 1)
    up_left, up_right, low_left, low_right = framed[:-1, :-1], framed[:-1, 1:], framed[1:, :-1], framed[1:, 1:]
    diagonal = (up_left == low_right) & (up_right == low_left) & (up_left != up_right)
    single = up_left ^ up_right ^ low_left ^ low_right
    y, x = np.nonzero(single | diagonal)
    twice = diagonal[y, x]
    falling = up_left[y, x] & twice  # the two pixels are upper left and lower right
    copies = np.where(twice, 2, 1)
    x, y, falling = np.repeat(x, copies), np.repeat(y, copies), np.repeat(falling, copies)
    second = np.zeros(len(x), np.int64)
    second[1:] = (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    # The first copy is the left pixel's. It ends the run above where that pixel is the upper one, else it starts the run below.
    return x, y, _paired(np.lexsort((second, x, y))), _paired(np.lexsort((np.where(falling, second, -second), y, x)))


def _paired(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Neighbours in the order, two by two, point at one another."""
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return partner


def dilate_disc(mask: Mask, radius_px: float) -> Mask:
    """All pixels whose centre is at most `radius_px` from the centre of a pixel of the mask."""
    if not mask.any():
        return mask.copy()
    outside = (~mask).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= radius_px + 1e-4, np.bool_)
