import numpy as np
import pytest

from core.training.metrics import ConfusionMatrix, f1_of_masks


def test_f1_is_twice_the_hits_over_both_totals():
    matrix = ConfusionMatrix()
    matrix.add(np.array([3, 3, 3, 2, 0], np.uint8), np.array([3, 3, 2, 3, 0], np.uint8))
    assert matrix.f1(3) == pytest.approx(2 * 2 / (3 + 3))
    assert matrix.f1(1) == 0


def test_unknown_labels_do_not_count():
    matrix = ConfusionMatrix()
    matrix.add(np.array([255, 3], np.uint8), np.array([3, 3], np.uint8))
    assert matrix.counts.sum() == 1
    assert matrix.f1(3) == 1


def test_f1_of_masks():
    truth, found = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert f1_of_masks(truth, found) == pytest.approx(0.5)
    assert f1_of_masks(truth & False, found & False) == 1
