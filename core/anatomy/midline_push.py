"""Points on a section moved to the midline of its cortex, and how much tissue there is around them (thesis 7.1.1).

The thesis takes the skeleton of the cortex for its midline. Here it is where the section's own depth field, 0 at the pia and 1
at the white matter, is one half: the same line the surface was made of, without a skeleton's branches. Points follow the
field's gradient, so they keep their order along the cortex.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.anatomy.laplace import depth_field
from core.anatomy.volume import BACKGROUND, GRAY, WHITE, Classes, on_grid
from core.contracts.datasets import RasterGrid
from core.geometry.frames import Points, px_to_um, um_to_px

PIXEL_SIZE_UM = 64.0
FARTHEST_UM = 2000.0
PATCH_UM = 4096.0
"""Side of the square in which tissue is looked for: the thesis's patches, 2048 px of 2 µm."""
_STEP_PX = 0.5
_FLAT = 1e-3  # of depth in a pixel: no way leads anywhere


@dataclass(frozen=True, eq=False)
class SectionCortex:
    """A section at `PIXEL_SIZE_UM`: classes and depth (h, w) on `grid`."""

    classes: Classes
    depth: NDArray[np.float32]
    grid: RasterGrid


def cortex_of(labels: Classes, grid: RasterGrid) -> SectionCortex:
    """The depth field of a section from its tissue classes; the image's border is no pia."""
    width, height = (max(1, int(side * grid.pixel_size_um / PIXEL_SIZE_UM)) for side in (grid.width_px, grid.height_px))
    coarse = RasterGrid(pixel_size_um=PIXEL_SIZE_UM, origin_um=grid.origin_um, width_px=width, height_px=height)
    classes, _ = on_grid(labels, grid, np.eye(3), coarse)
    depth = depth_field(classes == BACKGROUND, classes == WHITE).field
    return SectionCortex(classes, ndimage.gaussian_filter(depth, 1.0, mode="nearest"), coarse)


def pushed(cortex: SectionCortex, points_um: Points) -> Points:
    """Each point (n, 2) moved to half depth, at most `FARTHEST_UM` from where it was.

    A point outside the cortex first goes to the nearest gray matter. Where the field is flat, as in gray matter that no
    white matter borders on this section, points stay.
    """
    start = um_to_px(points_um, cortex.grid.pixel_size_um, cortex.grid.origin_um)
    farthest = FARTHEST_UM / cortex.grid.pixel_size_um
    points = _into_gray(cortex.classes, start, farthest)
    slopes = np.gradient(cortex.depth.astype(np.float64)) if min(cortex.depth.shape) > 1 else [np.zeros(cortex.depth.shape)] * 2
    for _ in range(int(2 * farthest / _STEP_PX)):
        missing = 0.5 - _sampled(cortex.depth, points)
        slope = np.stack([_sampled(slopes[1], points), _sampled(slopes[0], points)], axis=1)
        steepness = np.linalg.norm(slope, axis=1)
        going = (steepness > _FLAT) & (np.abs(missing) > 1e-3)
        if not going.any():
            break
        length = np.clip(missing / np.maximum(steepness, _FLAT), -_STEP_PX, _STEP_PX)
        ahead = points + (length / np.maximum(steepness, _FLAT))[:, np.newaxis] * slope
        going &= np.linalg.norm(ahead - start, axis=1) <= farthest
        points = np.where(going[:, np.newaxis], ahead, points)
    return px_to_um(points, cortex.grid.pixel_size_um, cortex.grid.origin_um)


def tissue_share(cortex: SectionCortex, points_um: Points) -> NDArray[np.float64]:
    """(n,) share of tissue in the square around each point; beyond the image there is none."""
    tissue = np.pad((cortex.classes != BACKGROUND).cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0)))
    corner = um_to_px(points_um - PATCH_UM / 2, cortex.grid.pixel_size_um, cortex.grid.origin_um) + 0.5
    side = round(PATCH_UM / cortex.grid.pixel_size_um)
    left, top = np.rint(corner).astype(int).T
    height, width = cortex.classes.shape
    x0, x1 = np.clip(left, 0, width), np.clip(left + side, 0, width)
    y0, y1 = np.clip(top, 0, height), np.clip(top + side, 0, height)
    inside = tissue[y1, x1] - tissue[y0, x1] - tissue[y1, x0] + tissue[y0, x0]
    return np.asarray(inside / side**2, np.float64)


def _into_gray(classes: Classes, points: Points, farthest: float) -> Points:
    """Points outside gray matter set into the nearest pixel of it that is near enough; all others as they are."""
    gray = classes == GRAY
    if not gray.any():
        return points
    rows, columns = ndimage.distance_transform_edt(~gray, return_distances=False, return_indices=True)
    size = np.array(gray.shape[::-1])
    column, row = np.clip(np.rint(points), 0, size - 1).astype(int).T
    nearest = np.stack([columns[row, column], rows[row, column]], axis=1).astype(np.float64)
    moves = ~gray[row, column] & (np.linalg.norm(nearest - points, axis=1) <= farthest)
    return np.where(moves[:, np.newaxis], nearest, points)


def _sampled(values: NDArray[np.floating], points: Points) -> NDArray[np.float64]:
    sampled: NDArray[np.float64] = ndimage.map_coordinates(values, points[:, ::-1].T, np.float64, order=1, mode="nearest")
    return sampled
