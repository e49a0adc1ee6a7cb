"""Categorical cross-entropy with class weights over labelled pixels (thesis 5.1.4, eq. 2.14)."""

from torch import Tensor
from torch.nn import functional

IGNORED = 255


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of −log p(label) over the pixels that carry a label, as a scalar in float32.

    Shapes: logits (n, classes, h, w), labels (n, h, w) of integers, 255 where unknown, weights (classes,). The mean is over
    the pixels' weights, so scaling all weights changes nothing. ValueError when no pixel carries a label.
    """
    if bool((labels == IGNORED).all()):
        raise ValueError("no pixel of the batch carries a label: every patch lies outside its section's label raster")
    return functional.cross_entropy(logits.float(), labels.long(), weight=weights.float(), ignore_index=IGNORED)
