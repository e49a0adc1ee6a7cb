import numpy as np
import pytest

from core.training.metrics import ConfusionMatrix, border_distance_um, f1_of_areas, f1_of_masks


def test_f1_is_twice_the_hits_over_both_totals():
    matrix = ConfusionMatrix()
    matrix.add(np.array([3, 3, 3, 2, 0], np.uint8), np.array([3, 3, 2, 3, 0], np.uint8))
    assert matrix.f1(3) == pytest.approx(2 * 2 / (3 + 3))
    assert matrix.f1(1) == 0


def test_each_area_has_its_own_f1():
    matrix = ConfusionMatrix(6)
    matrix.add(np.array([3, 3, 4, 4, 0], np.uint8), np.array([3, 3, 4, 2, 0], np.uint8))
    assert f1_of_areas(matrix) == (1.0, pytest.approx(2 / 3), 0.0)


def test_unknown_labels_do_not_count():
    matrix = ConfusionMatrix()
    matrix.add(np.array([255, 3], np.uint8), np.array([3, 3], np.uint8))
    assert matrix.counts.sum() == 1
    assert matrix.f1(3) == 1


def test_f1_of_masks():
    truth, found = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert f1_of_masks(truth, found) == pytest.approx(0.5)
    assert f1_of_masks(truth & False, found & False) == 1


def band(first, last, side=200):
    mask = np.zeros((side, side), bool)
    mask[:, first:last] = True
    return mask


EVERYWHERE = np.ones((200, 200), bool)


def test_the_border_of_a_shifted_band_is_off_by_the_shift():
    assert border_distance_um(band(50, 100), band(57, 107), EVERYWHERE, 16.0) == pytest.approx(7 * 16.0)


def test_the_border_of_a_shifted_disc_is_off_by_two_over_pi_of_the_shift():
    y, x = np.mgrid[:400, :400]
    truth, moved = (((x - 200 - shift) ** 2 + (y - 200) ** 2) < 120**2 for shift in (0, 10))
    distance_um = border_distance_um(truth, moved, np.ones((400, 400), bool), 2.0)
    assert distance_um == pytest.approx(2.0 * 10 * 2 / np.pi, rel=0.05)


def test_border_distance_is_symmetric_and_zero_for_the_same_mask():
    one, other = band(50, 100), band(40, 130)
    assert border_distance_um(one, other, EVERYWHERE, 1.0) == border_distance_um(other, one, EVERYWHERE, 1.0) == 20.0
    assert border_distance_um(one, one, EVERYWHERE, 1.0) == 0


def test_where_the_region_ends_is_no_border():
    inside = band(0, 90)
    assert border_distance_um(band(50, 100) & inside, band(53, 130) & inside, inside, 1.0) == 3.0


def test_there_is_no_border_distance_without_a_border():
    assert border_distance_um(band(50, 100), band(0, 0), EVERYWHERE, 1.0) is None
    assert border_distance_um(EVERYWHERE, band(50, 100), EVERYWHERE, 1.0) is None
