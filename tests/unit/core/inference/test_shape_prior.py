import numpy as np
import pytest
import torch

from core.contracts.training import AREA
from core.inference.shape_prior import fused, log_odds, scale_um

LOGITS = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (1, 6, 8, 9)).astype(np.float32))
AREAS = 3


def probabilities(prior: np.ndarray) -> torch.Tensor:
    return fused(LOGITS, torch.from_numpy(prior)).softmax(dim=1)


def test_without_distance_nothing_changes() -> None:
    torch.testing.assert_close(probabilities(np.zeros((AREAS, 8, 9), np.float32)), LOGITS.softmax(dim=1))


def test_background_white_and_gray_matter_as_a_whole_stay() -> None:
    """However far inside an outline a pixel of white matter lies, it does not become the area."""
    prior = np.random.default_rng(1).normal(0, 20, (AREAS, 8, 9)).astype(np.float32)
    torch.testing.assert_close(probabilities(prior)[:, :2], LOGITS.softmax(dim=1)[:, :2])


@pytest.mark.parametrize("area", range(AREAS))
def test_the_farther_inside_an_area_s_outline_the_likelier_that_area_and_the_less_every_other(area: int) -> None:
    found = []
    for distance in (-800, -100, 0, 100, 800):
        distances = np.zeros((AREAS, 8, 9), np.float32)
        distances[area] = distance
        found.append(probabilities(log_odds(distances, 0.5, 1.0)).numpy())
    steps = np.diff(np.stack(found), axis=0)
    assert (steps[:, :, AREA + area] > 0).all()
    others = [number for number in range(AREA - 1, AREA + AREAS) if number != AREA + area]
    assert (steps[:, :, others] < 0).all()


def test_the_odds_against_other_gray_matter_change_by_e_within_the_scale() -> None:
    distances = np.full((AREAS, 8, 9), scale_um(0.5), np.float32)
    before, after = LOGITS.softmax(dim=1), probabilities(log_odds(distances, 0.5, 1.0))
    ratio = (after[:, AREA] / after[:, AREA - 1]) / (before[:, AREA] / before[:, AREA - 1])
    torch.testing.assert_close(ratio, torch.full_like(ratio, np.e))


def test_far_from_training_sections_the_outline_says_less() -> None:
    distances = np.full((1, 2, 2), 300, np.float32)
    near, far, off = log_odds(distances, 0.1, 1.0), log_odds(distances, 1.2, 1.0), log_odds(distances, 0.1, 0.0)
    assert (near > far).all()
    assert (far > 0).all()
    assert (off == 0).all()
