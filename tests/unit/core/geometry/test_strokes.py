import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.anatomy import TissueStroke
from core.contracts.datasets import RasterGrid
from core.geometry.strokes import paint

GRID = RasterGrid(pixel_size_um=16.0, origin_um=(32.0, -16.0), width_px=24, height_px=18)
coordinate = st.integers(-200, 600).map(float)


def stroke(points: list[tuple[float, float]], radius_um: float = 50.0, tissue: str = "gray matter") -> TissueStroke:
    return TissueStroke.model_validate({"tissue": tissue, "radius_um": radius_um, "points": points})


def distances_um(points: list[tuple[float, float]]) -> np.ndarray:
    """Distance of every pixel centre from the line, each segment by projection."""
    x, y = (np.arange(GRID.width_px) + 0.5) * 16 + 32, (np.arange(GRID.height_px) + 0.5) * 16 - 16
    centres = np.stack(np.meshgrid(x, y), -1)
    nearest = np.full(centres.shape[:2], np.inf)
    for a, b in zip(points, points[1:] or points, strict=False):
        start, along = np.array(a), np.subtract(b, a)
        square = along @ along
        share = np.clip((centres - start) @ along / square, 0, 1) if square else np.zeros(nearest.shape)
        nearest = np.minimum(nearest, np.linalg.norm(centres - start - share[..., None] * along, axis=-1))
    return nearest


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6), st.floats(12, 300))
def test_a_pixel_is_painted_exactly_when_its_centre_is_within_the_radius(points, radius_um):
    painted = paint(np.zeros((18, 24), np.uint8), GRID, [stroke(points, radius_um)])
    distance = distances_um(points)
    certain = np.abs(distance - radius_um) > 1e-6
    np.testing.assert_array_equal(painted[certain] == 2, distance[certain] <= radius_um)


def test_later_strokes_lie_over_earlier_ones_and_the_input_is_kept():
    labels = np.ones((18, 24), np.uint8)
    painted = paint(labels, GRID, [stroke([(100, 100)], 80), stroke([(100, 100)], 30, "background")])
    assert set(np.unique(painted)) == {0, 1, 2}
    assert (labels == 1).all()


def test_a_brush_finer_than_the_raster_leaves_an_unbroken_line():
    painted = paint(np.zeros((18, 24), np.uint8), GRID, [stroke([(40, 0), (400, 200)], 0.5)])
    columns = np.flatnonzero(painted.any(axis=0))
    np.testing.assert_array_equal(columns, np.arange(columns[0], columns[-1] + 1))


def test_strokes_outside_the_raster_paint_nothing():
    assert not paint(np.zeros((18, 24), np.uint8), GRID, [stroke([(9000, 9000), (9900, 9000)], 100)]).any()


def test_a_raster_of_another_size_is_refused():
    with pytest.raises(ValueError, match="their grid says"):
        paint(np.zeros((3, 3), np.uint8), GRID, [])
