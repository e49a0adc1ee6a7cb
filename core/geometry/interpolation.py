"""Shapes between two shapes, and masks carried from one section's raster to another's.

Interpolating signed distances is S. P. Raya and J. K. Udupa, Shape-based interpolation of multidimensional objects, IEEE
Transactions on Medical Imaging 9, 1990.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.geometry.affine import Matrix, apply, invert
from core.geometry.frames import px_to_um
from core.geometry.rasterise import Mask

_PIXELS_AT_A_TIME = 1 << 22


def interpolated_distance_px(mask_a: Mask, mask_b: Mask, fraction: float) -> NDArray[np.float32]:
    """Signed distances to the shape at `fraction` of the way from a (0) to b (1), both on one grid; the shape is where > 0.

    ValueError when the shapes differ in size, one is empty, or the fraction lies outside [0, 1].
    """
    if mask_a.shape != mask_b.shape:
        raise ValueError(f"both masks must lie on one grid, got {mask_a.shape} and {mask_b.shape}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be between 0 and 1, got {fraction}")
    distance = signed_distance_px(mask_a) * np.float32(1 - fraction)
    distance += signed_distance_px(mask_b) * np.float32(fraction)
    return distance


def signed_distance_px(mask: Mask) -> NDArray[np.float32]:
    """Distance of each pixel's centre to the outline, positive inside, about half a pixel at the outline.

    Beyond the raster counts as outside.
    """
    if not mask.any():
        raise ValueError("an empty mask has no outline to measure distances from")
    framed = np.pad(mask, 1)
    signed = _distance_to_zero(framed) - np.float32(0.5)
    np.subtract(np.float32(0.5), _distance_to_zero(~framed), out=signed, where=~framed)
    return signed[1:-1, 1:-1]


def _distance_to_zero(mask: Mask) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


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
