"""Cutting patches out of rasters in memory: position, rotation and resampling in one affine step."""

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.base import XY
from core.contracts.datasets import RasterGrid

WHITE = 255


@dataclass(frozen=True, slots=True)
class Raster:
    """Values (h, w) placed in the section frame."""

    values: NDArray[np.uint8]
    grid: RasterGrid

    def window(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """A part of the values; what lies beyond them is left out."""
        return self.values[rows, columns]


class PlacedImage(Protocol):
    """What patches are cut from: values placed in the section frame, in memory or not."""

    @property
    def grid(self) -> RasterGrid:
        """Where the values lie."""

    def window(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """A part of the values; what lies beyond them is left out."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square of pixels to cut, placed by where a pivot lies in it.

    `pivot_px` is the distance of the pivot from the square's left and upper edge; the square turns about it.
    """

    size_px: int
    pivot_px: float
    pixel_size_um: float


def cut_square(raster: PlacedImage, square: Square, pivot_um: XY, angle_rad: float, fill: int | None) -> NDArray[np.uint8]:
    """The square with its pivot at `pivot_um`, turned by `angle_rad` (clockwise on screen), as (size, size).

    With a `fill` intensities are interpolated and the raster continues as `fill`; with None values are labels: the nearest
    pixel's, and 255 beyond the raster.
    """
    to_source = square_to_raster(raster.grid, square, pivot_um, angle_rad)
    part, to_part = _part_around(raster, square.size_px, to_source)
    if part.size == 0:
        return np.full((square.size_px, square.size_px), WHITE if fill is None else fill, dtype=np.uint8)
    # Linear interpolation smooths: networks trained on turned patches then fail on sections as they are. Cubic keeps the grain.
    interpolation = cv2.INTER_NEAREST if fill is None else cv2.INTER_CUBIC
    cut = cv2.warpAffine(
        part,
        to_part,
        (square.size_px, square.size_px),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255 if fill is None else fill,),
    )
    return np.asarray(cut, dtype=np.uint8)


def square_to_raster(grid: RasterGrid, square: Square, pivot_um: XY, angle_rad: float) -> NDArray[np.float64]:
    """(2, 3) from the square's pixel indices to the raster's, both with pixel i's centre at i."""
    scale = square.pixel_size_um / grid.pixel_size_um
    cosine, sine = math.cos(angle_rad) * scale, math.sin(angle_rad) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    pivot_index = (np.array(pivot_um) - np.array(grid.origin_um)) / grid.pixel_size_um - 0.5
    offset = pivot_index - linear @ np.full(2, square.pivot_px - 0.5)
    return np.column_stack([linear, offset])


def _part_around(
    raster: PlacedImage, size_px: int, to_source: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the raster the square can touch, and the affine onto it: OpenCV addresses at most 32,767 px."""
    corners = to_source @ np.array([[0, size_px, 0, size_px], [0, 0, size_px, size_px], [1, 1, 1, 1]])
    left, top = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 2, 0)
    right, bottom = np.maximum(np.ceil(corners.max(axis=1)).astype(int) + 3, 0)
    to_part = to_source.copy()
    to_part[:, 2] -= (left, top)
    return raster.window(slice(int(top), int(bottom)), slice(int(left), int(right))), to_part
