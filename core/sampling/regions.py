"""Regions of interest around an area, for training and for prediction (thesis 5.1.2, eq. 5.65)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.anatomy.chain import transform_between
from core.contracts.datasets import Alignment, RasterGrid
from core.geometry.interpolation import warp_mask
from core.geometry.rasterise import dilate_disc
from core.units import mm_to_um


@dataclass(frozen=True, slots=True)
class PlacedMask:
    """A mask (h, w) on a raster of one section."""

    section: int
    mask: NDArray[np.bool_]
    grid: RasterGrid


def region_around(area: PlacedMask, radius_mm: float) -> PlacedMask:
    """Every pixel within `radius_mm` of the area: the training region."""
    radius_px = mm_to_um(radius_mm) / area.grid.pixel_size_um
    return PlacedMask(area.section, dilate_disc(area.mask, radius_px), area.grid)


def prediction_region(regions: Sequence[PlacedMask], alignment: Alignment, number: int, grid: RasterGrid) -> PlacedMask:
    """Union of the training sections' enlarged regions, carried onto section `number`, on its raster (eq. 5.65).

    `regions` come from `region_around` with the training radius times the enlargement factor.
    """
    union = np.zeros((grid.height_px, grid.width_px), dtype=np.bool_)
    for region in regions:
        union |= warp_mask(region.mask, region.grid, transform_between(alignment, region.section, number), grid)
    return PlacedMask(number, union, grid)


def cropped(placed: PlacedMask) -> PlacedMask:
    """The same mask on its bounding raster; ValueError for an empty mask."""
    rows, columns = np.flatnonzero(placed.mask.any(axis=1)), np.flatnonzero(placed.mask.any(axis=0))
    if not rows.size:
        raise ValueError(f"section {placed.section}: the region of interest is empty")
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return PlacedMask(placed.section, placed.mask[top:bottom, left:right], subgrid(placed.grid, (left, top, right, bottom)))


def subgrid(grid: RasterGrid, box_px: tuple[int, int, int, int]) -> RasterGrid:
    """The raster of the pixels [left, right) × [top, bottom) of a raster; may lie partly outside it."""
    left, top, right, bottom = box_px
    size = grid.pixel_size_um
    return RasterGrid(
        pixel_size_um=size,
        origin_um=(grid.origin_um[0] + left * size, grid.origin_um[1] + top * size),
        width_px=right - left,
        height_px=bottom - top,
    )
