import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.contracts.datasets import RasterGrid
from core.geometry.polygons import area_um2
from core.geometry.rasterise import dilate_disc, rasterise, trace

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))
coordinates = st.one_of(st.integers(-3, 12).map(float), st.floats(-3, 12))
polygons = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8).map(np.array)


def grid_of(mask: np.ndarray, pixel_size_um: float = 1.0, origin_um: tuple[float, float] = (0.0, 0.0)) -> RasterGrid:
    return RasterGrid(pixel_size_um=pixel_size_um, origin_um=origin_um, width_px=mask.shape[1], height_px=mask.shape[0])


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


UNIT = RasterGrid(pixel_size_um=1.0, width_px=10, height_px=9)


@given(masks, st.sampled_from([0.3, 1.0, 16.0]), st.sampled_from([(0.0, 0.0), (-7.3, 1e5)]))
def test_tracing_and_filling_gives_the_mask_back(
    mask: np.ndarray, pixel_size_um: float, origin_um: tuple[float, float]
) -> None:
    grid = grid_of(mask, pixel_size_um, origin_um)
    assert np.array_equal(rasterise(trace(mask, grid), grid), mask)


@given(masks)
def test_the_traced_outline_encloses_the_area_of_the_pixels(mask: np.ndarray) -> None:
    assert math.isclose(area_um2(trace(mask, grid_of(mask, 2.0))), 4.0 * mask.sum(), abs_tol=1e-6)


@given(masks)
def test_traced_rings_turn_at_every_point(mask: np.ndarray) -> None:
    for ring in trace(mask, grid_of(mask)):
        steps = np.roll(ring, -1, axis=0) - ring
        assert (np.count_nonzero(steps, axis=1) == 1).all()
        assert ((steps[:, 0] == 0) != (np.roll(steps, 1, axis=0)[:, 0] == 0)).all()


def test_pixels_touching_at_a_corner_get_rings_of_their_own() -> None:
    for mask in (np.eye(2, dtype=bool), np.eye(2, dtype=bool)[::-1]):
        assert [len(ring) for ring in trace(mask, grid_of(mask))] == [4, 4]


def test_a_pixel_belongs_to_a_shape_when_its_centre_does() -> None:
    mask = rasterise([rectangle(1.4, 2.6, 4.6, 3.5 + 1e-9)], UNIT)
    assert np.argwhere(mask).tolist() == [[3, 1], [3, 2], [3, 3], [3, 4]]


def test_a_ring_inside_a_ring_is_a_hole_and_one_inside_that_is_filled() -> None:
    rings = [rectangle(0, 0, 9, 9), rectangle(2, 2, 7, 7), rectangle(4, 4, 5, 5)]
    mask = rasterise(rings, UNIT)
    assert mask.sum() == 81 - 25 + 1
    assert mask[4, 4]
    assert not mask[3, 3]


@given(polygons, polygons)
def test_two_rings_fill_by_the_even_odd_rule(one: np.ndarray, other: np.ndarray) -> None:
    apart = rasterise([one], UNIT) ^ rasterise([other], UNIT)
    assert np.array_equal(rasterise([one, other], UNIT), apart)


@given(polygons, st.integers(0, 7))
def test_direction_and_first_point_do_not_matter(ring: np.ndarray, start: int) -> None:
    expected = rasterise([ring], UNIT)
    assert np.array_equal(rasterise([ring[::-1]], UNIT), expected)
    assert np.array_equal(rasterise([np.roll(ring, start, axis=0)], UNIT), expected)


@given(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=6))
def test_areas_that_share_a_border_neither_overlap_nor_leave_a_gap(border: list[tuple[float, float]]) -> None:
    top, bottom = (5.0, -20.0), (5.0, 30.0)
    shared = [top, *border, bottom]
    left = np.array([*shared, (-20.0, 30.0), (-20.0, -20.0)])
    right = np.array([*shared[::-1], (30.0, -20.0), (30.0, 30.0)])
    assert (rasterise([left], UNIT) ^ rasterise([right], UNIT)).all()


@settings(max_examples=50)
@given(polygons)
def test_every_pixel_agrees_with_counting_crossings_to_its_left(ring: np.ndarray) -> None:
    mask = rasterise([ring], UNIT)
    for row, column in np.ndindex(mask.shape):
        x, y, inside = column + 0.5, row + 0.5, False
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if (y0 <= y) != (y1 <= y):
                (xa, ya), (xb, yb) = ((x0, y0), (x1, y1)) if y0 < y1 else ((x1, y1), (x0, y0))
                inside ^= bool(xa + (y - ya) * ((xb - xa) / (yb - ya)) <= x)
        assert mask[row, column] == inside


def test_many_crossings_are_counted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = np.random.default_rng(0).uniform(-2, 12, (300, 2))
    at_once = rasterise([ring], UNIT)
    monkeypatch.setattr("core.geometry.rasterise._CROSSINGS_AT_A_TIME", 50)
    assert np.array_equal(rasterise([ring], UNIT), at_once)
    assert at_once.any()


@pytest.mark.parametrize("rings", [[], [np.zeros((0, 2))], [np.array([[1.0, 1.0], [5.0, 5.0]])], [rectangle(20, 20, 30, 30)]])
def test_nothing_inside_gives_an_empty_mask(rings: list[np.ndarray]) -> None:
    assert not rasterise(rings, UNIT).any()


def test_a_ring_far_larger_than_the_grid_fills_it() -> None:
    assert rasterise([rectangle(-1e12, -1e12, 1e12, 1e12)], UNIT).all()


def test_a_mask_of_another_size_than_its_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        trace(np.ones((3, 3), bool), UNIT)


@given(masks, st.sampled_from([0.0, 1.0, 1.5, 2.0, 2.9, 5.0]))
def test_dilation_reaches_every_centre_within_the_radius(mask: np.ndarray, radius_px: float) -> None:
    points = np.argwhere(mask)
    expected = np.zeros(mask.shape, bool)
    for place in np.ndindex(mask.shape):
        expected[place] = len(points) and np.hypot(*(points - place).T).min() <= radius_px + 1e-9
    assert np.array_equal(dilate_disc(mask, radius_px), expected)
