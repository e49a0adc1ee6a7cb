"""The shape of an area on a section between two sections where it is annotated, by their outlines and the alignment alone.

The outlines are carried onto the section and their signed distances interpolated (shape-based interpolation: S. P. Raya and
J. K. Udupa, IEEE Transactions on Medical Imaging 9, 1990). It is an instant proposal, a model's prior, and its rival.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from core.anatomy.chain import transform_between
from core.contracts.datasets import Alignment, RasterGrid
from core.geometry.affine import apply
from core.geometry.frames import px_to_um
from core.geometry.interpolation import interpolated_distance_px
from core.geometry.polygons import Ring, simplify
from core.geometry.rasterise import rasterise

Placed = tuple[int, Sequence[Ring]]
"""A section and an area's rings on it (even-odd), in µm of its own frame."""
DistanceUm = NDArray[np.float32]


class NoShapeError(ValueError):
    """There are no two shapes to interpolate between."""


def fraction_between(section: int, first: int, last: int) -> float:
    """Where a section lies from `first` (0) to `last` (1), by its number: numbers count cuts of equal thickness."""
    return (section - first) / (last - first) if last > first else 0.0


def interpolated_distance(
    alignment: Alignment, placed: Sequence[Placed], section: int, grid: RasterGrid
) -> NDArray[np.float32]:
    """Signed distance in µm, (h, w) on the section's `grid`, to the outline between two annotated ones; positive inside.

    NoShapeError when the section does not lie between them or one has no shape, NoChainError where the alignment has a gap.
    """
    if len(placed) != 2 or not placed[0][0] <= section <= placed[1][0]:
        raise NoShapeError(
            f"section {section} does not lie between two sections, but beside {[number for number, _ in placed]}"
        )
    carried = [
        [apply(transform_between(alignment, number, section), ring) for ring in outline if len(ring) >= 3]
        for number, outline in placed
    ]
    for (number, _), outline in zip(placed, carried, strict=True):
        if not outline:
            raise NoShapeError(f"the area has no outline on section {number}; draw it there")
    around, left, top = _reaching(grid, np.concatenate([ring for outline in carried for ring in outline]))
    first, last = (rasterise(outline, around) for outline in carried)
    for (number, _), mask in zip(placed, (first, last), strict=True):
        if not mask.any():
            raise NoShapeError(f"the area's outline on section {number} holds no pixel of {grid.pixel_size_um:g} µm")
    distance = interpolated_distance_px(first, last, fraction_between(section, placed[0][0], placed[1][0]))
    return distance[top : top + grid.height_px, left : left + grid.width_px] * np.float32(grid.pixel_size_um)


def propose(alignment: Alignment, placed: Sequence[Placed], section: int, grid: RasterGrid) -> list[Ring]:
    """The outline between two annotated ones as rings in µm of the section frame; empty where the shapes vanish in between.

    `grid` is the section's raster to work on: pixels of 32 or 64 µm give an outline within milliseconds. Errors as
    `interpolated_distance`.
    """
    distance = interpolated_distance(alignment, placed, section, grid)
    beyond = np.pad(distance, 1, constant_values=-grid.pixel_size_um)
    corner = np.asarray(grid.origin_um)
    size = np.asarray([grid.width_px, grid.height_px]) * grid.pixel_size_um
    contours = find_contours(beyond, 0.0)  # type: ignore[no-untyped-call]
    proposed = []
    for contour in contours:
        ring = px_to_um(contour[:-1, ::-1].astype(np.float64) - 1, grid.pixel_size_um, grid.origin_um)
        proposed.append(simplify(np.clip(ring, corner, corner + size), grid.pixel_size_um / 2))
    return [ring for ring in proposed if len(ring) >= 3]


def _reaching(grid: RasterGrid, points_um: Ring) -> tuple[RasterGrid, int, int]:
    """The raster widened by whole pixels to hold all points, and where the given one lies in it (left, top)."""
    size, origin = grid.pixel_size_um, np.asarray(grid.origin_um)
    low, high = (points_um.min(axis=0) - origin) / size, (points_um.max(axis=0) - origin) / size
    left, top = (max(0, math.ceil(-value)) for value in low)
    right, bottom = max(grid.width_px, math.ceil(high[0])), max(grid.height_px, math.ceil(high[1]))
    around = RasterGrid(
        pixel_size_um=size,
        origin_um=(grid.origin_um[0] - left * size, grid.origin_um[1] - top * size),
        width_px=left + right,
        height_px=top + bottom,
    )
    return around, left, top
