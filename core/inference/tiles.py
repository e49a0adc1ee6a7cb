"""Tiles that cover a region of interest, on a grid anchored to the section (pooling phase: core.models.geometry)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.sampling.regions import PlacedMask, subgrid


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of output pixels: `grid` in the section frame, and its upper left pixel relative to the region's raster.

    `row` and `column` may be negative and the tile may end beyond the raster: tiles start on the section's phase grid.
    """

    grid: RasterGrid
    row: int
    column: int


def plan_tiles(region: PlacedMask, tile_px: int, phase_px: int) -> list[Tile]:
    """Tiles of at most tile_px × tile_px that cover the region, each shrunk on the phase grid to what it covers of it.

    ValueError when `tile_px` or the region's raster is off the grid.
    """
    if tile_px < phase_px or tile_px % phase_px:
        raise ValueError(f"tiles must be a multiple of {phase_px} px, got {tile_px}")
    left_px, top_px = (_whole_pixels(origin_um, region.grid.pixel_size_um) for origin_um in region.grid.origin_um)
    first_row, first_column = -(top_px % phase_px), -(left_px % phase_px)
    height, width = region.mask.shape
    tiles = []
    for row in range(first_row, height, tile_px):
        for column in range(first_column, width, tile_px):
            box = _covered_box(region.mask, (row, column), tile_px, phase_px)
            if box is not None:
                left, top, right, bottom = box
                tiles.append(Tile(subgrid(region.grid, (left, top, right, bottom)), top, left))
    return tiles


def _whole_pixels(origin_um: float, pixel_size_um: float) -> int:
    pixels = origin_um / pixel_size_um
    if abs(pixels - round(pixels)) > 1e-6:
        raise ValueError(f"the region's raster starts at {origin_um} µm, which is no multiple of {pixel_size_um} µm")
    return round(pixels)


def _covered_box(
    mask: NDArray[np.bool_], corner: tuple[int, int], tile_px: int, phase_px: int
) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the tile's smallest part on the phase grid with all its pixels of the region."""
    row, column = corner
    part = mask[max(row, 0) : row + tile_px, max(column, 0) : column + tile_px]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not rows.size:
        return None
    top, bottom = _snapped(rows + max(row, 0) - row, phase_px)
    left, right = _snapped(columns + max(column, 0) - column, phase_px)
    return column + left, row + top, column + right, row + bottom


def _snapped(indices: NDArray[np.intp], phase_px: int) -> tuple[int, int]:
    """First and one-past-last index, widened to multiples of the phase."""
    first, last = int(indices[0]), int(indices[-1])
    return first // phase_px * phase_px, (last // phase_px + 1) * phase_px
