import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.contracts.datasets import RasterGrid, RigidTransform
from core.geometry.affine import apply, rigid_matrix
from core.geometry.interpolation import interpolated_distance_px, signed_distance_px, warp_mask
from core.geometry.rasterise import rasterise

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=10)).filter(np.any)


def disc(size_px: int, centre_px: tuple[float, float], radius_px: float) -> np.ndarray:
    y, x = np.mgrid[:size_px, :size_px]
    return np.hypot(x - centre_px[0], y - centre_px[1]) <= radius_px


def shape_between(mask_a: np.ndarray, mask_b: np.ndarray, fraction: float) -> np.ndarray:
    return interpolated_distance_px(mask_a, mask_b, fraction) > 0


@given(masks)
def test_the_ends_are_the_given_shapes(mask: np.ndarray) -> None:
    other = np.roll(mask, 1, axis=0)
    assert np.array_equal(shape_between(mask, other, 0.0), mask)
    assert np.array_equal(shape_between(mask, other, 1.0), other)


@given(masks, st.floats(0, 1))
def test_between_equal_shapes_nothing_changes(mask: np.ndarray, fraction: float) -> None:
    assert np.array_equal(shape_between(mask, mask, fraction), mask)


def test_the_middle_of_two_discs_has_the_middle_radius() -> None:
    middle = shape_between(disc(101, (50, 50), 10), disc(101, (50, 50), 30), 0.5)
    assert np.sqrt(middle.sum() / np.pi) == pytest.approx(20, abs=0.5)


def test_the_distance_grows_by_one_per_pixel_and_is_positive_inside() -> None:
    mask = np.zeros((1, 9), bool)
    mask[0, 2:7] = True
    assert signed_distance_px(np.repeat(mask, 21, axis=0))[10].tolist() == [-1.5, -0.5, 0.5, 1.5, 2.5, 1.5, 0.5, -0.5, -1.5]


def test_beyond_the_raster_is_outside() -> None:
    assert signed_distance_px(np.ones((3, 3), bool)).max() == 1.5


@pytest.mark.parametrize(
    ("mask_a", "mask_b", "fraction", "words"),
    [
        (np.ones((3, 3), bool), np.ones((3, 4), bool), 0.5, "one grid"),
        (np.ones((3, 3), bool), np.zeros((3, 3), bool), 0.5, "empty"),
        (np.ones((3, 3), bool), np.ones((3, 3), bool), 1.5, "fraction"),
    ],
)
def test_what_cannot_be_interpolated_is_refused(mask_a: np.ndarray, mask_b: np.ndarray, fraction: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        interpolated_distance_px(mask_a, mask_b, fraction)


GRID = RasterGrid(pixel_size_um=2.0, origin_um=(10.0, 20.0), width_px=60, height_px=50)


def test_warping_by_nothing_changes_nothing() -> None:
    mask = np.random.default_rng(0).random((50, 60)) < 0.5
    assert np.array_equal(warp_mask(mask, GRID, np.eye(3), GRID), mask)


def test_a_shift_by_whole_pixels_moves_the_pixels() -> None:
    mask = np.random.default_rng(0).random((50, 60)) < 0.5
    moved = warp_mask(mask, GRID, rigid_matrix(RigidTransform(dx_um=6.0, dy_um=-4.0)), GRID)
    assert np.array_equal(moved[:-2, 3:], mask[2:, :-3])
    assert not moved[-2:].any()
    assert not moved[:, :3].any()


@pytest.mark.parametrize("mirrored", [False, True])
def test_warping_a_shape_equals_filling_its_moved_outline_but_for_the_border(mirrored: bool) -> None:
    matrix = rigid_matrix(RigidTransform(angle_rad=0.4, dx_um=90.0, dy_um=-30.0, mirrored=mirrored))
    ring = np.array([(30.0, 40.0), (100.0, 45.0), (90.0, 100.0), (40.0, 90.0)])
    target = RasterGrid(pixel_size_um=1.0, origin_um=(-100.0, -50.0), width_px=300, height_px=250)
    fine = RasterGrid(pixel_size_um=0.5, width_px=300, height_px=300)
    expected = rasterise([apply(matrix, ring)], target)
    found = warp_mask(rasterise([ring], fine), fine, matrix, target)
    assert expected.sum() > 1000
    assert (expected ^ found).sum() < 0.02 * expected.sum()


@pytest.mark.parametrize("mirrored", [False, True])
def test_each_pixel_takes_the_one_its_centre_comes_from(mirrored: bool) -> None:
    """Also on rasters that begin elsewhere, with pixels of another size, and where the shape leaves the raster."""
    fine = RasterGrid(pixel_size_um=1.5, origin_um=(20.0, -10.0), width_px=70, height_px=60)
    mask = np.pad(np.random.default_rng(0).random((50, 60)) < 0.5, 5)
    matrix = rigid_matrix(RigidTransform(angle_rad=0.7, dx_um=15.0, dy_um=4.0, mirrored=mirrored))
    target = RasterGrid(pixel_size_um=2.0, origin_um=(-60.0, 0.0), width_px=50, height_px=45)
    rows, columns = np.indices((45, 50))
    centres_um = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * 2.0 + (-60.0, 0.0)
    x, y = np.floor((apply(np.linalg.inv(matrix), centres_um) - (20.0, -10.0)) / 1.5).astype(int).T
    inside = (x >= 0) & (x < 70) & (y >= 0) & (y < 60)
    expected = np.zeros(len(x), np.bool_)
    expected[inside] = mask[y[inside], x[inside]]
    found = warp_mask(mask, fine, matrix, target)
    assert expected.sum() > 100
    assert (found.ravel() != expected).mean() < 0.005  # a centre that comes from between two pixels


def test_a_shape_that_leaves_the_raster_is_gone_and_an_empty_one_stays_empty() -> None:
    mask = np.ones((50, 60), bool)
    assert not warp_mask(mask, GRID, rigid_matrix(RigidTransform(dx_um=1e4)), GRID).any()
    assert not warp_mask(~mask, GRID, np.eye(3), GRID).any()


def test_a_mask_of_another_size_than_its_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="its grid"):
        warp_mask(np.ones((3, 3), bool), GRID, np.eye(3), GRID)
