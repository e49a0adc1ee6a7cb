"""Temperature calibration: one number by which logits are divided so that probabilities are honest.

C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, ICML 2017: the temperature that makes
labels never learnt from most likely; no label changes by it.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from core.contracts.training import Calibration, ReliabilityBin

BINS = 15
LOWEST, HIGHEST = 0.1, 10.0
"""Beyond, labels are all right or nearly none is: that is no question of temperature."""

Floats = NDArray[np.floating]


def fit_temperature(logits: Floats, labels: NDArray[np.integer]) -> Calibration:
    """The temperature for logits (n, classes) of pixels with known labels (n,), and what it does to their calibration error.

    ValueError when there is no pixel to fit on.
    """
    if not len(labels) or logits.shape[:1] != labels.shape:
        raise ValueError(
            f"logits (n, classes) and labels (n,) of at least one pixel are needed, got {logits.shape}, {labels.shape}"
        )
    values = np.asarray(logits, np.float64)
    true = values[np.arange(len(labels)), labels]

    def surprise(log_temperature: float) -> float:
        scaled = values * math.exp(-log_temperature)
        return float((logsumexp(scaled, axis=1) - true * math.exp(-log_temperature)).mean())

    found = minimize_scalar(surprise, bounds=(math.log(LOWEST), math.log(HIGHEST)), method="bounded")
    temperature = float(np.exp(found.x))
    before = reliability(softmax(values, axis=1), labels)
    after = reliability(softmax(values / temperature, axis=1), labels)
    return Calibration(
        temperature=temperature,
        ece_before=expected_calibration_error(before),
        ece_after=expected_calibration_error(after),
        bins=after,
    )


def reliability(probabilities: Floats, labels: NDArray[np.integer]) -> tuple[ReliabilityBin, ...]:
    """Pixels by the probability of the class given to them, in `BINS` intervals of equal width; empty ones are left out.

    `probabilities` (n, classes), `labels` (n,).
    """
    return reliability_of(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def reliability_of(confidence: Floats, right: NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    """As `reliability`, from the probability of the given class (n,) and whether it was right (n,)."""
    numbers = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(numbers, minlength=BINS)
    sure, hits = (np.bincount(numbers, weights=values, minlength=BINS) for values in (confidence, right))
    return tuple(
        ReliabilityBin(
            confidence=min(1.0, float(sure[i] / counts[i])),
            accuracy=float(hits[i] / counts[i]),
            share=float(counts[i] / len(confidence)),
        )
        for i in np.flatnonzero(counts)
    )


def expected_calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Mean distance of confidence and accuracy, over all pixels (Guo et al. 2017, eq. 3)."""
    return min(1.0, sum(each.share * abs(each.confidence - each.accuracy) for each in bins))
