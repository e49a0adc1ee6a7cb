import numpy as np
import pytest

from core.contracts.datasets import Alignment, AlignmentStep, RasterGrid, RigidTransform
from core.sampling.shapes import CLIP_UM, between, carried, degraded, draw_error, encoded, window

GRID = RasterGrid(pixel_size_um=20, width_px=300, height_px=200)
STILL = Alignment(base_section=1, steps=(AlignmentStep(section=1, successor=2, transform=RigidTransform()),
                                         AlignmentStep(section=2, successor=3, transform=RigidTransform())))  # fmt: skip
MOVED = Alignment(base_section=1, steps=(AlignmentStep(section=1, successor=2, transform=RigidTransform(dx_um=400)),))


def square(left, top, side=1000.0):
    return np.array([[left, top], [left + side, top], [left + side, top + side], [left, top + side]])


def test_a_map_is_the_distance_clipped_from_far_outside_to_far_inside():
    values = encoded(np.array([-2 * CLIP_UM, -CLIP_UM, 0, CLIP_UM, 3 * CLIP_UM], np.float32))
    assert values.tolist() == [0, 0, 128, 255, 255]


def test_an_outline_is_carried_by_the_alignment():
    here, there = (carried(MOVED, (1, [square(1000, 1000)]), section, GRID).values > 127 for section in (1, 2))
    np.testing.assert_array_equal(there[:, 20:], here[:, :-20])
    assert here.sum() == there.sum() == 2500


def test_without_an_outline_everything_is_far_outside():
    assert not carried(STILL, (1, []), 1, GRID).values.any()
    assert not between(STILL, [(1, []), (3, [])], 2, GRID).values.any()


def test_between_two_sections_the_map_is_of_the_interpolated_outline_and_of_the_one_there_is():
    placed = [(1, [square(1000, 1000)]), (3, [square(1400, 1000)])]
    inside = between(STILL, placed, 2, GRID).values > 127
    columns = np.flatnonzero(inside.any(axis=0))
    assert (columns[0] + columns[-1] + 1) / 2 * 20 == pytest.approx(1700, abs=20)
    alone = between(STILL, [placed[0], (3, [])], 2, GRID).values
    np.testing.assert_array_equal(alone, carried(STILL, placed[0], 2, GRID).values)


def test_maps_are_blended_by_the_error_and_stay_within_bounds():
    own, other = np.array([100, 10, 250], np.uint8), np.array([200, 200, 0], np.uint8)
    np.testing.assert_allclose(degraded(own, other, 0.0) * 255, own, rtol=1e-6)
    np.testing.assert_allclose(degraded(own, other, 0.5) * 255, [150, 105, 125], rtol=1e-6)
    np.testing.assert_allclose(degraded(own, other, -0.5) * 255, [50, 0, 255], rtol=1e-6)


def test_errors_are_those_of_a_walk_held_at_both_ends():
    """Variance of √(f (1 − f)) with f even and either sign: a sixth; never beyond one half."""
    drawn = np.array([draw_error(np.random.default_rng(seed)) for seed in range(2000)])
    assert np.abs(drawn).max() <= 0.5
    assert drawn.var() == pytest.approx(1 / 6, rel=0.05)
    assert abs(drawn.mean()) < 0.03


@pytest.mark.parametrize(("left", "top"), [(50, 60), (-30, -20), (290, 190), (400, 400)])
def test_a_window_is_far_outside_beyond_the_map(left, top):
    raster = carried(STILL, (1, [square(0, 0, 6000)]), 1, GRID)
    grid = RasterGrid(pixel_size_um=20, origin_um=(left * 20, top * 20), width_px=40, height_px=50)
    padded = np.pad(raster.values, 500)
    np.testing.assert_array_equal(window(raster, grid), padded[top + 500 : top + 550, left + 500 : left + 540])
