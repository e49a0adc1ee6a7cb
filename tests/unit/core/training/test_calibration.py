import numpy as np
import pytest
from scipy.special import softmax

from core.training.calibration import expected_calibration_error, fit_temperature, reliability


def honest(seed: int = 0, pixels: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels drawn from the very probabilities they say."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (pixels, 4)).astype(np.float32)
    return logits, (softmax(logits, axis=1).cumsum(axis=1) < generator.random((pixels, 1))).sum(axis=1).clip(0, 3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_spoilt_honest_logits_is_found(temperature: float) -> None:
    logits, labels = honest()
    found = fit_temperature(logits * temperature, labels)
    assert found.temperature == pytest.approx(temperature, rel=0.03)
    assert found.ece_after < 0.01


def test_over_confident_probabilities_become_honest() -> None:
    logits, labels = honest()
    found = fit_temperature(logits * 4, labels)
    assert found.ece_before > 0.1
    assert found.ece_after < found.ece_before / 10
    assert all(abs(each.confidence - each.accuracy) < 0.06 for each in found.bins if each.share > 0.01)


def test_the_bins_hold_all_pixels_once() -> None:
    logits, labels = honest(pixels=500)
    bins = reliability(softmax(logits, axis=1), labels)
    assert sum(each.share for each in bins) == pytest.approx(1)
    assert [each.confidence for each in bins] == sorted(each.confidence for each in bins)
    right = (logits.argmax(axis=1) == labels).mean()
    assert sum(each.share * each.accuracy for each in bins) == pytest.approx(right)


def test_the_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    bins = reliability(probabilities, np.array([0, 1, 0, 0]))  # 0.9 sure and half right; 0.6 sure and always right
    assert expected_calibration_error(bins) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_labels_that_are_all_right_end_at_a_bound_and_stay_finite() -> None:
    logits = np.eye(4)[[0, 1, 2, 3]] * 3
    found = fit_temperature(logits, np.arange(4))
    assert 0.1 <= found.temperature < 0.2
    assert found.ece_after == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("logits", "labels"), [(np.empty((0, 4)), np.empty(0, int)), (np.zeros((3, 4)), np.zeros(2, int))])
def test_nothing_to_fit_on_is_refused(logits: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        fit_temperature(logits, labels)
