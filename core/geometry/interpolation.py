"""Shapes between two shapes, and masks carried from one section's raster to another's.

Interpolating the signed distance between the outlines of two sections is the classical rival of a trained model for
the sections in between (S. P. Raya and J. K. Udupa, Shape-based interpolation of multidimensional objects, IEEE
Transactions on Medical Imaging 9, 1990).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from core.contracts.datasets import RasterGrid
from core.geometry.affine import Matrix, apply, invert
from core.geometry.frames import px_to_um
from core.geometry.rasterise import Mask

_PIXELS_AT_A_TIME = 1 << 22


def interpolate_masks(mask_a: Mask, mask_b: Mask, fraction: float) -> Mask:
    """The shape at `fraction` of the way from a (0) to b (1), both on one grid in one frame.

    ValueError when the shapes differ in size, one is empty, or the fraction lies outside [0, 1].
    """
    if mask_a.shape != mask_b.shape:
        raise ValueError(f"both masks must lie on one grid, got {mask_a.shape} and {mask_b.shape}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be between 0 and 1, got {fraction}")
    inside: Mask = (1 - fraction) * signed_distance_px(mask_a) + fraction * signed_distance_px(mask_b) > 0
    return inside


def signed_distance_px(mask: Mask) -> NDArray[np.float64]:
    """Distance of each pixel's centre to the outline, positive inside, about half a pixel at the outline.

    Beyond the raster counts as outside.
    """
    if not mask.any():
        raise ValueError("an empty mask has no outline to measure distances from")
    framed = np.pad(mask, 1)
    distance = np.where(framed, distance_transform_edt(framed) - 0.5, 0.5 - distance_transform_edt(~framed))
    signed: NDArray[np.float64] = distance[1:-1, 1:-1]
    return signed


def warp_mask(mask: Mask, grid_from: RasterGrid, matrix: Matrix, grid_to: RasterGrid) -> Mask:
    """Carry a mask into another frame: each pixel of `grid_to` takes the pixel of `mask` that its centre comes from.

    `matrix` leads from the frame of `grid_from` to that of `grid_to`; what lies outside the mask is False.
    """
    if mask.shape != (grid_from.height_px, grid_from.width_px):
        raise ValueError(f"the mask is {mask.shape}, its grid says {(grid_from.height_px, grid_from.width_px)}")
    back = invert(matrix)
    out = np.zeros((grid_to.height_px, grid_to.width_px), np.bool_)
    rows_at_a_time = max(1, _PIXELS_AT_A_TIME // grid_to.width_px)
    for first in range(0, grid_to.height_px, rows_at_a_time):
        part = out[first : first + rows_at_a_time]
        row, column = np.indices(part.shape)
        centres = np.stack([column.ravel(), row.ravel() + first], axis=1).astype(np.float64)
        sources_um = apply(back, px_to_um(centres, grid_to.pixel_size_um, grid_to.origin_um))
        x, y = np.floor((sources_um - np.asarray(grid_from.origin_um)) / grid_from.pixel_size_um).T
        inside = (x >= 0) & (x < grid_from.width_px) & (y >= 0) & (y < grid_from.height_px)
        part.reshape(-1)[inside] = mask[y[inside].astype(np.int64), x[inside].astype(np.int64)]
    return out
