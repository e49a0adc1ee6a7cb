"""The training loop of the segmentation networks, to be read top to bottom (thesis 5.1.4)."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.contracts.training import SegmentationSettings
from core.losses.weighted_cross_entropy import label_weight, weighted_cross_entropy
from core.models.device import choose_device, compiled, mixed_precision, placed
from core.models.factory import as_input
from core.optimisers.nesterov_sgd import learning_rate_at, nesterov_sgd, set_learning_rate
from core.pipeline import OpenStage
from core.training.batches import batches
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.course import Course, Surroundings, check_finite
from core.training.loss_watch import LossWatch
from core.training.metrics import ConfusionMatrix, f1_of_areas
from core.training.patch_source import Batch, PatchSource
from core.training.peers import Peers

WORTH_COMPILING = 1200
"""Iterations from which on compiling the network for a GPU, about a minute, is won back."""


class ReadingSurroundings(Surroundings, Protocol):
    """What a loop needs whose patches other processes may cut."""

    @property
    def open_stage(self) -> OpenStage | None:
        """Opens a data stage of the processes that read for this one; None where it reads by itself."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How the loop ended: `steps` done in all, and loss and F1 of each area over the last reported stretch."""

    finished: bool
    steps: int
    loss: float
    f1: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def f1_area(self) -> float:
        """Mean F1 of the areas; 0 before anything was reported."""
        return float(np.mean(self.f1)) if self.f1 else 0.0


def train_model(
    model: nn.Module,
    source: PatchSource,
    class_weights: NDArray[np.float32],
    settings: SegmentationSettings,
    surroundings: ReadingSurroundings,
    peers: Peers | None = None,
) -> TrainingResult:
    """Train `model` in place for the settings' iterations, resuming from a checkpoint where there is one.

    Interrupted and resumed, it does the same steps on the same batches as in one go. TrainingDivergedError when the loss
    becomes NaN or infinite. With `peers` every process learns from its share of each batch, all with the same result;
    PeerLostError when one of them is gone.
    """
    peers = peers or Peers()
    device = choose_device()
    placed(model, device)
    peers.join_statistics(model)
    # Its weights are the model's own; the model itself stays as it is for what comes after training.
    network = compiled(model, device) if settings.iterations >= WORTH_COMPILING else model
    optimiser = nesterov_sgd(model, settings)
    weights = torch.from_numpy(class_weights).to(device)
    first_step = load_checkpoint(surroundings.checkpoints, model, optimiser, settings)
    model.train()
    course = Course(surroundings, peers, LossWatch(len(class_weights), settings.iterations), first_step)
    hits, reported = ConfusionMatrix(len(class_weights)), TrainingResult(False, first_step, math.nan)

    steps = batches(source, first_step, settings.iterations, peers, surroundings.open_stage)
    for step, batch in enumerate(steps, start=first_step):
        learning_rate = learning_rate_at(step, settings)
        set_learning_rate(optimiser, learning_rate)
        inputs = [as_input(image.to(device)) for image in batch.inputs.values()]
        with mixed_precision(device, settings.precision):
            logits = network(*inputs)
        labels = batch.labels.to(device)
        total_weight = peers.total(label_weight(labels, weights))
        loss = weighted_cross_entropy(logits, labels, weights, total_weight)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value = peers.total_gradients(model, loss)
        check_finite(value, f"iteration {step + 1} with learning rate {learning_rate:g}")
        optimiser.step()

        together = course.step(value, _hits(logits, batch, len(class_weights)))
        hits.counts += np.array(together).reshape(hits.counts.shape)
        if course.tells:
            f1, ended = f1_of_areas(hits), course.done == settings.iterations
            reported = TrainingResult(ended, course.done, course.loss, f1, course.watch.warnings)
            course.tell(reported.loss, {"f1_area": reported.f1_area, "learning_rate": learning_rate})
            hits = ConfusionMatrix(len(class_weights))
        if course.saves:
            save_checkpoint(surroundings.checkpoints, model, optimiser, course.done, settings)
        if course.stops:
            return TrainingResult(False, course.done, value, reported.f1)
    return reported


def _hits(logits: torch.Tensor, batch: Batch, classes: int) -> list[int]:
    """The confusion matrix of this process's share of a batch, in a row."""
    found = ConfusionMatrix(classes)
    found.add(batch.labels.cpu().numpy(), logits.detach().argmax(dim=1).to("cpu", torch.uint8).numpy())
    counts: list[int] = found.counts.flatten().tolist()
    return counts
