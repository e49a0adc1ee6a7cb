import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.datasets import RasterGrid
from core.geometry.polygons import (
    area_um2,
    bounds_um,
    outline_problems,
    region,
    rings,
    self_crossing,
    simplify,
    to_paths,
)
from core.geometry.rasterise import rasterise

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
BOW_TIE = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))
KAPPA = 4 / 3 * (math.sqrt(2) - 1)  # handle of the Bezier curve nearest to a quarter circle, off by 0.03 % of the radius


def shifted(path: tuple[tuple[float, float], ...], dx: float, dy: float, scale: float = 1.0) -> tuple[tuple[float, float], ...]:
    return tuple((x * scale + dx, y * scale + dy) for x, y in path)


def circle(radius_um: float) -> tuple[tuple[float, ...], ...]:
    r, k = radius_um, KAPPA * radius_um
    return ((r, 0, 0, -k, 0, k), (0, r, k, 0, -k, 0), (-r, 0, 0, k, 0, -k), (0, -r, -k, 0, k, 0))


def test_corners_become_ring_points_unchanged() -> None:
    (ring,) = rings((SQUARE,))
    assert ring.tolist() == [list(point) for point in SQUARE]


def test_nodes_without_handles_are_corners() -> None:
    with_handles = tuple((*point, 0.0, 0.0, 0.0, 0.0) for point in SQUARE)
    assert rings((with_handles,))[0].tolist() == rings((SQUARE,))[0].tolist()


@pytest.mark.parametrize("tolerance_um", [0.5, 1.0, 10.0])
def test_chords_stay_within_the_tolerance_of_the_curve(tolerance_um: float) -> None:
    radius = 1000.0
    (ring,) = rings((circle(radius),), tolerance_um)
    middles = (ring + np.roll(ring, -1, axis=0)) / 2
    distances = np.hypot(*np.concatenate([ring, middles]).T)
    assert np.abs(distances - radius).max() <= tolerance_um + 0.0003 * radius
    assert len(ring) < 20 * math.sqrt(radius / tolerance_um)


def test_handles_pull_the_curve_to_their_side() -> None:
    (ring,) = rings((((0, 0, 0, 0, 0, 5), (10, 0, 0, 5, 0, 0), (5, -5)),), 0.01)
    assert ring[:, 1].max() == pytest.approx(3.75, abs=0.02)


def test_mixed_corners_and_nodes_keep_their_order() -> None:
    (ring,) = rings((((0, 0), (10, 0, 0, 0, 0, 0), (10, 10)),))
    assert ring.tolist() == [[0, 0], [10, 0], [10, 10]]


def test_rings_and_paths_are_inverse_for_corners() -> None:
    paths = (SQUARE, shifted(SQUARE, 2, 2, 0.5))
    assert to_paths(rings(paths)) == paths


def test_rings_that_enclose_nothing_make_no_path() -> None:
    assert to_paths([np.zeros((2, 2)), np.zeros((0, 2))]) == ()


def test_area_is_even_odd() -> None:
    assert area_um2(rings((SQUARE,))) == 100
    assert area_um2(rings((SQUARE, shifted(SQUARE, 2, 2, 0.5)))) == 75
    assert area_um2(rings((SQUARE, shifted(SQUARE, 5, 0)))) == 100
    assert area_um2(rings((BOW_TIE,))) == 50
    assert area_um2([]) == 0


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=6, unique=True), min_size=1, max_size=5
    )
)
def test_area_agrees_with_counting_pixels(outlines: list[list[tuple[float, float]]]) -> None:
    rough = [np.array(points) for points in outlines]
    length = sum(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum() for ring in rough)
    grid = RasterGrid(pixel_size_um=0.25, width_px=400, height_px=400)
    assert abs(area_um2(rough) - rasterise(rough, grid).sum() * 0.25**2) <= 0.25 * length + 0.1


def test_a_region_has_its_holes() -> None:
    shape = region(rings((SQUARE, shifted(SQUARE, 2, 2, 0.5), shifted(SQUARE, 50, 0))))
    assert sorted(len(polygon.interiors) for polygon in shape.geoms) == [0, 1]


def test_a_ring_that_runs_back_on_itself_leaves_no_lines_in_the_region() -> None:
    spike = np.array([(0, 0), (10, 0), (10, 10), (20, 10), (10, 10), (0, 10)], np.float64)
    assert {part.geom_type for part in region([spike]).geoms} == {"Polygon"}
    assert area_um2([spike]) == 100


def test_bounds_enclose_all_rings() -> None:
    assert bounds_um(rings((SQUARE, shifted(SQUARE, -5, 20)))) == (-5, 0, 10, 30)
    with pytest.raises(ValueError, match="no bounds"):
        bounds_um([])


def test_a_crossing_is_found_where_it_is() -> None:
    assert self_crossing(np.array(BOW_TIE)) == (5.0, 5.0)
    assert self_crossing(np.array(SQUARE)) is None


def test_touching_in_a_point_is_no_crossing() -> None:
    touching = np.array([(0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10)], np.float64)
    assert self_crossing(touching) is None


def test_a_crossing_is_found_behind_a_touch() -> None:
    touch_and_cross = np.array([(0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 20), (10, 40), (10, 30), (0, 40)], np.float64)
    assert self_crossing(touch_and_cross) == pytest.approx((20 / 3, 100 / 3))


def test_a_good_outline_has_no_problem() -> None:
    assert outline_problems((SQUARE, shifted(SQUARE, 2, 2, 0.5), shifted(SQUARE, 20, 0)), 100, 100) == ()


@pytest.mark.parametrize(
    ("paths", "kind", "words"),
    [
        ((BOW_TIE,), "self_crossing", "crosses itself"),
        ((SQUARE, shifted(SQUARE, 5, 5)), "self_crossing", "two paths"),
        ((shifted(SQUARE, 95, 0),), "outside_section", r"2 point\(s\) lie outside the section"),
        ((shifted(SQUARE, -1, 0),), "outside_section", "outside the section"),
        ((((0.0, 0.0), (5.0, 5.0), (10.0, 10.0)),), "empty", "nothing"),
        ((SQUARE, SQUARE), "empty", "nothing"),
    ],
)
def test_problems_are_named_with_a_place(paths: tuple, kind: str, words: str) -> None:
    (problem,) = outline_problems(paths, 100, 100)
    assert problem.kind == kind
    assert problem.at_um is not None
    assert re.search(words, problem.message)


def test_a_curve_that_bulges_out_of_the_section_is_found() -> None:
    paths = (((10, 10), (50, 10, 0, 0, 0, -60), (90, 10, 0, -60, 0, 0), (50, 90)),)
    assert [problem.kind for problem in outline_problems(paths, 100, 100)] == ["outside_section"]


def test_simplifying_thins_a_smooth_ring_within_the_tolerance() -> None:
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    ring = 1000 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    thin = simplify(ring, 2.0)
    assert 20 < len(thin) < 150
    assert abs(area_um2([thin]) / area_um2([ring]) - 1) < 0.005
    assert self_crossing(thin) is None


def test_simplifying_never_loses_the_ring() -> None:
    tiny = np.array(SQUARE) / 100
    assert len(simplify(tiny, 1000.0)) >= 3
    assert simplify(tiny[:3], 1000.0).tolist() == tiny[:3].tolist()
