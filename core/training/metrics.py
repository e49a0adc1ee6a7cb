"""How well predicted classes match labels."""

import cv2
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


def f1_of_areas(confusion: ConfusionMatrix) -> tuple[float, ...]:
    """F1 of each area; the areas follow the auxiliary classes."""
    return tuple(confusion.f1(number) for number in range(AREA, len(confusion.counts)))


def f1_of_masks(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """F1 score of two masks of one shape; 1 when both are empty, as there is nothing to find and nothing was found."""
    total = int(truth.sum()) + int(prediction.sum())
    return 2 * int((truth & prediction).sum()) / total if total else 1.0


def border_distance_um(
    truth: NDArray[np.bool_], prediction: NDArray[np.bool_], inside: NDArray[np.bool_], pixel_size_um: float
) -> float | None:
    """Mean symmetric distance of two masks' borders in µm: from each border pixel of either to the other's nearest one.

    A border pixel is the outermost of its mask. Where a mask ends only because the region `inside` or the raster ends,
    there is no border. None when either has none.
    """
    borders = [_border(mask, inside) for mask in (truth, prediction)]
    if not all(border.any() for border in borders):
        return None
    far = [cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for border in borders]
    distances = np.concatenate([far[1][borders[0]], far[0][borders[1]]])
    return float(distances.mean()) * pixel_size_um


def _border(mask: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask beside a pixel of the region that is not of the mask."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    beyond = (inside & ~mask).astype(np.uint8)
    border: NDArray[np.bool_] = mask & (cv2.dilate(beyond, cross) > 0)
    return border
