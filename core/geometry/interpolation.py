"""Shapes between two shapes, and masks carried from one section's raster to another's.

Interpolating signed distances is S. P. Raya and J. K. Udupa, Shape-based interpolation of multidimensional objects, IEEE
Transactions on Medical Imaging 9, 1990.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.geometry.affine import Matrix, apply, invert
from core.geometry.rasterise import Mask


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
    out = np.zeros((grid_to.height_px, grid_to.width_px), np.bool_)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return out
    # From pixel to pixel, and only where the mask's own box falls: OpenCV takes rasters of at most 32,767 px.
    there = _px_of_um(grid_to) @ matrix @ invert(_px_of_um(grid_from))
    (top, bottom), (left, right) = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
    corners = apply(there, np.array([(x, y) for x in (left - 1.0, right) for y in (top - 1.0, bottom)]))
    first = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    last = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (grid_to.width_px, grid_to.height_px))
    if (last <= first).any():
        return out
    back = invert(there)
    back[:2, 2] = apply(back, first[np.newaxis].astype(np.float64))[0] - (left, top)
    part = np.ascontiguousarray(mask[top:bottom, left:right]).view(np.uint8)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(part, back[:2], tuple((last - first).tolist()), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    out[first[1] : last[1], first[0] : last[0]] = moved.view(np.bool_)
    return out


def _px_of_um(grid: RasterGrid) -> Matrix:
    """From micrometres to pixel-centre coordinates of a raster."""
    scale, (x_um, y_um) = 1 / grid.pixel_size_um, grid.origin_um
    return np.array([[scale, 0.0, -x_um * scale - 0.5], [0.0, scale, -y_um * scale - 0.5], [0.0, 0.0, 1.0]])
