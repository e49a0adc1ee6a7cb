"""Categorical cross-entropy with class weights over labelled pixels (thesis 5.1.4, eq. 2.14)."""

import torch
from torch import Tensor
from torch.nn import functional

IGNORED = 255


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor, total_weight: Tensor | None = None) -> Tensor:
    """Weighted mean of −log p(label) over the pixels that carry a label, as a scalar in float32.

    Shapes: logits (n, classes, h, w), labels (n, h, w) of integers, 255 where unknown, weights (classes,). The mean is over
    the pixels' weights, so scaling all weights changes nothing. `total_weight`: what to divide by where the batch is a part
    of a larger one; the parts' losses then sum up to the whole's. ValueError when no pixel carries a label.
    """
    total = label_weight(labels, weights) if total_weight is None else total_weight
    if not bool(total > 0):
        raise ValueError("no pixel of the batch carries a label: every patch lies outside its section's label raster")
    summed = functional.cross_entropy(
        logits.float(), labels.long(), weight=weights.float(), ignore_index=IGNORED, reduction="sum"
    )
    return summed / total


def label_weight(labels: Tensor, weights: Tensor) -> Tensor:
    """Sum of the weights of all labelled pixels, a scalar."""
    table = torch.zeros(IGNORED + 1, dtype=torch.float32, device=weights.device)
    table[: len(weights)] = weights
    return table[labels.long()].sum()
