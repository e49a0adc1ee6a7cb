"""Statistics of batch normalisation after training on small batches."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
from torch import nn

from core.contracts.training import Precision
from core.models.device import mixed_precision
from core.models.factory import as_input
from core.training.patch_source import Batch

BATCH_NORMALISATIONS = (nn.BatchNorm2d, nn.SyncBatchNorm)


def recalibrate(model: nn.Module, batches: Iterable[Batch], precision: Precision) -> None:
    """Set the running statistics to the plain average over `batches`; weights stay.

    What training leaves is a moving average over its last handful of patches. ValueError when there is no batch.
    """
    device = next(model.parameters()).device

    def passes() -> Iterator[Callable[[], object]]:
        for batch in batches:
            yield partial(model, *[as_input(image.to(device)) for image in batch.inputs.values()])

    with mixed_precision(device, precision):
        recalibrate_by(model, passes())


def recalibrate_by(model: nn.Module, passes: Iterable[Callable[[], object]]) -> None:
    """The same from forward passes through the model, whoever makes them. ValueError when there is none."""
    layers = [module for module in model.modules() if isinstance(module, BATCH_NORMALISATIONS)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative average
    model.train()
    count = 0
    with torch.no_grad():
        for count, forward in enumerate(passes, start=1):  # noqa: B007 - the count is what is wanted
            forward()
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    if not count:
        raise ValueError("no batch to take statistics from")
