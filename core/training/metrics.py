"""How well predicted classes match labels."""

import numpy as np
from numpy.typing import NDArray

from core.contracts.training import AREA


class ConfusionMatrix:
    """Counts of (label, prediction) pairs; labels that are no class (255: unknown) are left out."""

    def __init__(self, classes: int = AREA + 1) -> None:
        self.counts = np.zeros((classes, classes), dtype=np.int64)

    def add(self, labels: NDArray[np.uint8], predictions: NDArray[np.uint8]) -> None:
        """Count the pixels of two arrays of one shape."""
        classes = len(self.counts)
        known = labels < classes
        pairs = labels[known].astype(np.int64) * classes + predictions[known]
        self.counts += np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)

    def f1(self, number: int) -> float:
        """F1 score of a class (thesis eq. 2.19); 0 when it is neither labelled nor predicted."""
        hits = self.counts[number, number]
        total = self.counts[number, :].sum() + self.counts[:, number].sum()
        return float(2 * hits / total) if total else 0.0


def mean_f1_of_areas(confusion: ConfusionMatrix) -> float:
    """Mean F1 of the areas, which follow the auxiliary classes."""
    return float(np.mean([confusion.f1(number) for number in range(AREA, len(confusion.counts))]))


def f1_of_masks(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """F1 score of two masks of one shape; 1 when both are empty, as there is nothing to find and nothing was found."""
    total = int(truth.sum()) + int(prediction.sum())
    return 2 * int((truth & prediction).sum()) / total if total else 1.0
