"""The figures of confidence, on pixels whose confidence and errors are known."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.lsm_confidence import Looked, border_figures, rank_correlation, shared_ece, top_share
from benchmarks.lsm_demo import Remembering


def looked(doubt: np.ndarray, wrong: np.ndarray, area: np.ndarray, **values: float) -> Looked:
    stretches = np.array([[0.9, 300.0], [0.1, 20.0], [0.2, 40.0], [0.1, 30.0], [0.3, 30.0]])
    return Looked(
        confidence=1 - doubt,
        right=~wrong,
        doubt=doubt,
        area=area,
        area_wrong=wrong,
        stretches=stretches,
        f1=values.get("f1", 0.9),
        section_doubt=values.get("section_doubt", 0.1),
    )


def test_errors_in_the_most_doubtful_fifth_are_counted_over_all_sections() -> None:
    """100 pixels of the area on two sections, 20 of them doubtful, 8 wrong, 6 of these doubtful."""
    area = np.ones(50, bool)
    doubt, wrong = np.full(50, 0.1), np.zeros(50, bool)
    doubt[:20], wrong[:6], wrong[48:] = 0.4, True, True
    certain = looked(np.full(50, 0.05), np.zeros(50, bool), area)
    assert top_share([looked(doubt, wrong, area), certain], missed_too=False) == pytest.approx(6 / 8)


def test_missed_pixels_count_only_where_asked_for() -> None:
    area = np.arange(100) < 50
    doubt, wrong = np.full(100, 0.1), np.zeros(100, bool)
    doubt[:10], wrong[:4], wrong[90:94] = 0.4, True, True
    one = looked(doubt, wrong, area)
    assert top_share([one], missed_too=False) == 1
    assert top_share([one], missed_too=True) == pytest.approx(0.5)


def test_the_calibration_error_is_of_all_pixels_together() -> None:
    """Half the pixels 0.9 sure and all right, half 0.9 sure and 0.8 right: taken together they are honest."""
    area, doubt = np.ones(50, bool), np.full(50, 0.1)
    wrong = np.arange(50) < 10
    assert shared_ece([looked(doubt, np.zeros(50, bool), area), looked(doubt, wrong, area)]) == pytest.approx(0, abs=1e-9)
    assert shared_ece([looked(doubt, wrong, area)]) == pytest.approx(0.1)


def test_a_doubt_that_orders_sections_as_their_errors_has_rank_correlation_one() -> None:
    one = np.ones(1, bool)
    sections = [looked(np.zeros(1), ~one, one, f1=1 - score / 10, section_doubt=score / 20) for score in (1, 3, 2, 5)]
    assert rank_correlation(sections) == pytest.approx(1)


def test_the_most_doubtful_stretches_are_set_against_the_others() -> None:
    one = np.ones(1, bool)
    doubtful, others = border_figures([looked(np.zeros(1), ~one, one)])
    assert (doubtful.value, others.value) == (300.0, 30.0)


def test_a_remembering_network_is_asked_once_for_each_input() -> None:
    class Counting(nn.Module):
        asked = 0

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            self.asked += 1
            return image * 2

    counting = Counting()
    network = Remembering(counting)
    for value in (1.0, 2.0, 1.0):
        torch.testing.assert_close(network(torch.full((1, 1, 2, 2), value)), torch.full((1, 1, 2, 2), 2 * value))
    assert counting.asked == 2
