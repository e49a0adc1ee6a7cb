import numpy as np
import pytest

from core.anatomy.midline_push import FARTHEST_UM, cortex_of, pushed, tissue_share
from core.contracts.datasets import RasterGrid

GRID = RasterGrid(pixel_size_um=16.0, width_px=500, height_px=400)


def band() -> np.ndarray:
    """Background above 1.6 mm, 2.4 mm of cortex below it, then white matter."""
    labels = np.zeros((400, 500), np.uint8)
    labels[100:250], labels[250:] = 2, 1
    return labels


def test_points_of_the_cortex_come_to_its_midline_and_keep_their_place_along_it() -> None:
    points = np.array([(3000.0, 1800.0), (4000.0, 2800.0), (5000.0, 3900.0)])
    moved = pushed(cortex_of(band(), GRID), points)
    assert moved[:, 1] == pytest.approx(2800, abs=40)
    assert moved[:, 0] == pytest.approx(points[:, 0], abs=1)


def test_around_a_bend_points_follow_the_field() -> None:
    rows, columns = np.indices((400, 500))
    radius = np.hypot(columns - 250, rows - 200) * 16
    labels = np.where(radius > 2800, 0, np.where(radius > 1200, 2, 1)).astype(np.uint8)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    outward = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centre = np.array([250.5, 200.5]) * 16
    moved = pushed(cortex_of(labels, GRID), centre + outward * 2500) - centre
    assert np.hypot(*moved.T) == pytest.approx(np.sqrt(2800 * 1200), rel=0.03)
    assert (moved * outward).sum(axis=1) == pytest.approx(np.hypot(*moved.T), rel=1e-3)


def test_a_point_outside_the_cortex_goes_in_by_the_nearest_way() -> None:
    moved = pushed(cortex_of(band(), GRID), np.array([(4000.0, 1200.0), (4000.0, 4400.0)]))
    assert moved[:, 1] == pytest.approx(2800, abs=40)


def test_no_point_is_moved_farther_than_allowed() -> None:
    far = np.array([(4000.0, 10.0), (4000.0, 6300.0)])
    moved = pushed(cortex_of(band(), GRID), far)
    assert (np.hypot(*(moved - far).T) <= FARTHEST_UM + 1).all()


def test_gray_matter_without_white_matter_says_nothing_of_a_midline() -> None:
    labels = np.where(band() == 0, 0, 2).astype(np.uint8)
    points = np.array([(4000.0, 2000.0), (4000.0, 5000.0)])
    assert pushed(cortex_of(labels, GRID), points) == pytest.approx(points, abs=1)


def test_a_section_without_tissue_leaves_points_where_they_are() -> None:
    points = np.array([(4000.0, 2000.0)])
    cortex = cortex_of(np.zeros((400, 500), np.uint8), GRID)
    assert pushed(cortex, points) == pytest.approx(points)
    assert tissue_share(cortex, points).tolist() == [0.0]


def test_tissue_share_is_that_of_the_square_around_a_point() -> None:
    cortex = cortex_of(band(), GRID)
    shares = tissue_share(cortex, np.array([(4000.0, 4000.0), (4000.0, 1600.0), (0.0, 4000.0)]))
    assert shares == pytest.approx([1.0, 0.5, 0.5], abs=0.03)
