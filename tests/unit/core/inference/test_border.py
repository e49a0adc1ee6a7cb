import numpy as np
import pytest

from core.contracts.datasets import RasterGrid
from core.inference.border import MOST_STRETCHES, border_stretches

GRID = RasterGrid(pixel_size_um=32.0, origin_um=(3200.0, 640.0), width_px=200, height_px=160)
EVERYWHERE = np.ones((160, 200), bool)
COLUMNS = np.indices((160, 200))[1]


def half_plane_disc() -> tuple[np.ndarray, np.ndarray]:
    """A disc whose probability falls at once on its left half and over a wide band on its right half."""
    rows, columns = np.indices((160, 200))
    inside = 50 - np.hypot(rows - 80, columns - 100)
    width = np.where(columns < 100, 0.3, 12.0)
    return inside > 0, (1 / (1 + np.exp(-inside / width))).astype(np.float32)


def test_the_stretches_make_up_the_border_and_are_about_a_millimetre_long() -> None:
    area, probability = half_plane_disc()
    stretches = border_stretches(area, probability, EVERYWHERE, GRID)
    lengths = [stretch.length_mm for stretch in stretches]
    assert sum(lengths) == pytest.approx(2 * np.pi * 50 * 0.032, rel=0.12)  # along pixels' corners it is a little longer
    assert all(0.8 < length < 1.2 for length in lengths)


def test_the_stretches_lie_on_the_border_in_the_section_s_frame() -> None:
    area, probability = half_plane_disc()
    points = np.concatenate([stretch.points for stretch in border_stretches(area, probability, EVERYWHERE, GRID)])
    centre = np.array([3200 + 100.5 * 32, 640 + 80.5 * 32])
    assert np.abs(np.hypot(*(points - centre).T) - 50 * 32).max() < 40


def test_where_the_probability_dithers_the_border_is_doubtful_and_comes_first() -> None:
    area, probability = half_plane_disc()
    stretches = border_stretches(area, probability, EVERYWHERE, GRID)
    doubts = [stretch.doubt for stretch in stretches]
    assert doubts == sorted(doubts, reverse=True)
    middle = 3200 + 100 * 32
    assert np.mean([point[0] for point in stretches[0].points]) > middle
    assert np.mean([point[0] for point in stretches[-1].points]) < middle
    assert doubts[0] > 2 * doubts[-1]


def test_doubt_beyond_the_region_does_not_count() -> None:
    area = COLUMNS < 100
    probability = np.where(area, 1.0, 0.0).astype(np.float32)
    probability[:, 102:] = 0.5
    region = COLUMNS < 102
    assert border_stretches(area, probability, region, GRID)[0].doubt == 0
    assert border_stretches(area, probability, EVERYWHERE, GRID)[0].doubt > 0.2


def test_specks_have_no_stretches_and_of_many_the_most_doubtful_stay() -> None:
    area = np.zeros((160, 200), bool)
    area[50:55, 50:55] = True
    assert border_stretches(area, area.astype(np.float32), EVERYWHERE, GRID) == ()
    stripes = COLUMNS % 20 < 10
    assert len(border_stretches(stripes, np.full((160, 200), 0.5, np.float32), EVERYWHERE, GRID)) == MOST_STRETCHES


def test_no_area_has_no_border() -> None:
    nothing = np.zeros((160, 200), bool)
    assert border_stretches(nothing, nothing.astype(np.float32), EVERYWHERE, GRID) == ()
