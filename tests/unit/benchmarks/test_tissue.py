"""What the tissue benchmark counts: Dice of classes, and banks that touch in the result only."""

import numpy as np
import pytest

from benchmarks.tissue import compare, dice, figures_of, joined_banks, two_thresholds

TISSUE = np.zeros((60, 80), np.bool_)


def background(*gaps: tuple[slice, slice]) -> np.ndarray:
    """Slide above, and gaps in the tissue below it."""
    mask = TISSUE.copy()
    mask[:20] = True
    for gap in gaps:
        mask[gap] = True
    return mask


SULCUS = (slice(20, 50), slice(30, 35))
TRUTH = background(SULCUS)


def test_an_open_sulcus_joins_nothing_and_a_border_a_pixel_off_neither() -> None:
    assert joined_banks(TRUTH, TRUTH) == 0
    assert joined_banks(TRUTH, background((slice(20, 49), slice(31, 34)))) == 0


def test_each_place_where_banks_touch_counts() -> None:
    result = TRUTH.copy()
    result[26:30, 30:35] = False
    assert joined_banks(TRUTH, result) == 1
    result[40:44, 30:35] = False
    assert joined_banks(TRUTH, result) == 2


def test_a_sulcus_that_is_filled_whole_counts_once() -> None:
    assert joined_banks(TRUTH, background()) == 1


def test_a_gap_of_two_pixels_may_close() -> None:
    narrow = background((slice(20, 50), slice(30, 32)))
    assert joined_banks(narrow, background()) == 0


def test_dice_is_over_all_pixels_of_a_brain_and_one_for_what_neither_has() -> None:
    truth = np.array([[0, 0, 2, 2]], np.uint8)
    half = np.array([[0, 2, 2, 2]], np.uint8)
    same, other = compare("a", truth, truth), compare("b", truth, half)
    np.testing.assert_allclose(other.dice, [2 / 3, 1, 4 / 5])
    np.testing.assert_allclose(dice([same, other]), [6 / 7, 1, 8 / 9])
    values = {figure.name: figure.value for figure in figures_of([[same], [other]])}
    assert values["tissue.dice_gray"] == pytest.approx(4 / 5)
    assert values["tissue.dice_worst_section"] == pytest.approx(2 / 3)


def test_the_peer_divides_three_gray_values() -> None:
    truth = np.repeat(np.array([0, 1, 2], np.uint8), 50).reshape(3, 50)
    np.testing.assert_array_equal(two_thresholds(np.choose(truth, [246, 202, 170]).astype(np.uint8)), truth)
