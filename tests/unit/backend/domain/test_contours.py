"""Outlines of label rasters: near the pixels, few points, no specks."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from backend.domain.contours import SPECK_UM2, outline
from core.contracts.datasets import RasterGrid
from core.geometry.polygons import outline_problems, rings
from core.geometry.rasterise import rasterise
from tests.fakes.predictions import GRID, disc


def blob(seed: int, grid: RasterGrid = GRID) -> NDArray[np.bool_]:
    """A wavy shape of a few pieces and holes."""
    noise = np.random.default_rng(seed).normal(size=(grid.height_px, grid.width_px))
    return np.asarray(ndimage.gaussian_filter(noise, 4) > 0)


def border_middles_um(mask: NDArray[np.bool_], grid: RasterGrid) -> NDArray[np.float64]:
    """The middle of every pixel edge between inside and outside."""
    framed = np.pad(mask, 1)
    rows, columns = np.nonzero(framed[:, 1:] != framed[:, :-1])
    upright = np.stack([columns, rows - 0.5], axis=1)
    rows, columns = np.nonzero(framed[1:] != framed[:-1])
    level = np.stack([columns - 0.5, rows], axis=1)
    points: NDArray[np.float64] = np.concatenate([upright, level]) * grid.pixel_size_um + np.array(grid.origin_um)
    return points


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_every_piece_of_the_border_lies_within_half_a_pixel_of_the_outline(seed: int) -> None:
    mask = blob(seed)
    lines = shapely.union_all([shapely.LinearRing(ring) for ring in rings(outline(mask, GRID))])
    distances = shapely.distance(lines, shapely.points(border_middles_um(mask, GRID)))
    assert distances.max() <= GRID.pixel_size_um / 2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_filled_again_only_pixels_at_the_border_differ(seed: int) -> None:
    mask = blob(seed)
    differing = rasterise(rings(outline(mask, GRID)), GRID) != mask
    border = ndimage.binary_dilation(mask) & ndimage.binary_dilation(~mask)
    assert not (differing & ~border).any()
    assert np.count_nonzero(differing) < np.count_nonzero(border) / 4


def test_a_disc_needs_few_points_and_is_fit_for_training() -> None:
    paths = outline(disc(), GRID)
    assert len(paths) == 1
    assert len(paths[0]) < 60
    assert outline_problems(paths, 10_000, 10_000) == ()


def test_specks_are_left_out_and_of_specks_alone_the_largest_is_kept() -> None:
    mask = disc()
    mask[2:5, 2:5] = True
    assert len(outline(mask, GRID)) == 2
    assert len(outline(mask, GRID, SPECK_UM2)) == 1
    alone = np.zeros_like(mask)
    alone[2:5, 2:5] = alone[50:52, 50:52] = True
    assert len(outline(alone, GRID, SPECK_UM2)) == 1


def test_nothing_has_no_outline() -> None:
    assert outline(np.zeros((GRID.height_px, GRID.width_px), bool), GRID) == ()


def test_a_hole_stays_a_hole() -> None:
    ring = disc(radius_px=30) & ~disc(radius_px=12)
    assert len(outline(ring, GRID, SPECK_UM2)) == 2
