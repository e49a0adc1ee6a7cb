"""A linear classifier on features that stay as they are (thesis 6.1.1), and how well it tells areas apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.contracts.features import AreaScore, ClassifierSettings, Scores
from core.optimisers.lars import lars

LEAST_STEPS, LEAST_BATCH = 8, 16
"""Steps of an epoch: with batches as large as the whole of it, thirty epochs of few patches would be thirty steps."""
AVERAGED = 1 / 3
"""Of the steps, the last ones: a constant learning rate leaves the weights trembling, their mean does not."""

Features = NDArray[np.float16] | NDArray[np.float32]
Classes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """`weight` (k, d) and `bias` (k,) of k areas."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def given(self, features: Features) -> Classes:
        """Of features (n, d) the most likely areas (n,)."""
        return np.asarray((features.astype(np.float32) @ self.weight.T + self.bias).argmax(axis=1), np.intp)


def fit(
    features: Features, classes: Classes, areas: int, settings: ClassifierSettings, order: Callable[[int], Classes]
) -> LinearClassifier:
    """Learn to tell areas apart from features (n, d) and classes (n,), with LARS at a constant learning rate (6.1.4).

    `order` names the rows that an epoch takes, as many of each area where areas shall count alike. Features are brought to
    mean 0 and deviation 1, which the weights then undo.
    """
    values = torch.from_numpy(features.astype(np.float32))
    mean, deviation = values.mean(dim=0), values.std(dim=0, correction=0).clamp_min(1e-6)
    values, labels = (values - mean) / deviation, torch.from_numpy(classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        layer = nn.Linear(values.shape[1], areas)
    optimiser = lars(layer, settings.learning_rate)
    batches = [batch for epoch in range(settings.epochs) for batch in _batches(order(epoch), settings.batch_size)]
    last = max(1, round(AVERAGED * len(batches)))
    weight, bias = torch.zeros_like(layer.weight), torch.zeros_like(layer.bias)
    for left, batch in zip(range(len(batches) - 1, -1, -1), batches, strict=True):
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(layer(values[batch]), labels[batch]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if left < last:
            weight += layer.weight.detach() / last
            bias += layer.bias.detach() / last
    weight /= deviation
    return LinearClassifier(weight.numpy(), (bias - weight @ mean).numpy())


def _batches(rows: Classes, most: int) -> tuple[Tensor, ...]:
    each = min(most, max(LEAST_BATCH, len(rows) // LEAST_STEPS))
    return torch.split(torch.from_numpy(rows), each)


def scores(areas: Sequence[str], true: Classes, given: Classes) -> Scores:
    """Precision, recall and F1 (eq. 2.19) of each area; macro F1 is the mean over the areas that there are patches of.

    What is not there cannot be found: an area without a patch has zeros that do not count. With no patches at all it is 0.
    """
    side = len(areas)
    confusion = np.bincount(true * side + given, minlength=side * side).reshape(side, side)
    hits, are, found = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall, precision = hits / np.maximum(1, are), hits / np.maximum(1, found)
    f1 = 2 * hits / np.maximum(1, are + found)
    return Scores(
        macro_f1=float(f1[are > 0].mean()) if are.any() else 0.0,
        areas=tuple(
            AreaScore(area=area, f1=float(f1[i]), precision=float(precision[i]), recall=float(recall[i]), patches=int(are[i]))
            for i, area in enumerate(areas)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )
