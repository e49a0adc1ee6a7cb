"""The training loop of the segmentation networks, to be read top to bottom (thesis 5.1.4)."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.contracts.jobs import Progress
from core.contracts.training import SegmentationSettings
from core.losses.weighted_cross_entropy import label_weight, weighted_cross_entropy
from core.models.device import choose_device, compiled, mixed_precision, placed
from core.models.factory import as_input
from core.optimisers.nesterov_sgd import learning_rate_at, nesterov_sgd, set_learning_rate
from core.pipeline import OpenStage
from core.training.batches import batches
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.loss_watch import LossWatch
from core.training.metrics import ConfusionMatrix, f1_of_areas
from core.training.patch_source import Batch, PatchSource
from core.training.peers import Peers

CHECKPOINT_EVERY_S = 20.0
REPORT_EVERY_S = 1.0
WORTH_COMPILING = 1200
"""Iterations from which on compiling the network for a GPU, about a minute, is won back."""
PHASE, STUCK_PHASE = "training", "training (warning: the loss does not fall)"


class TrainingDivergedError(Exception):
    """The loss is no number any more."""


class Surroundings(Protocol):
    """What the loop needs from whoever runs it."""

    @property
    def checkpoints(self) -> Path:
        """Folder for the checkpoint."""

    @property
    def report(self) -> Callable[[Progress], None]:
        """Tell progress."""

    @property
    def stop_requested(self) -> Callable[[], bool]:
        """True once the loop should save a checkpoint and return."""


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


@dataclass(slots=True)
class _Stretch:
    """Losses and hits since the last report."""

    confusion: ConfusionMatrix
    losses: list[float] = field(default_factory=list)


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
    stretch, reported = _Stretch(ConfusionMatrix(len(class_weights))), TrainingResult(False, first_step, math.nan)
    watch = LossWatch(len(class_weights), settings.iterations)
    started = reported_at = saved_at = time.monotonic()

    last_step, open_stage = settings.iterations, surroundings.open_stage
    for step, batch in enumerate(batches(source, first_step, last_step, peers, open_stage), start=first_step):
        set_learning_rate(optimiser, learning_rate_at(step, settings))
        inputs = [as_input(image.to(device)) for image in batch.inputs.values()]
        with mixed_precision(device, settings.precision):
            logits = network(*inputs)
        labels = batch.labels.to(device)
        total_weight = peers.total(label_weight(labels, weights))
        loss = weighted_cross_entropy(logits, labels, weights, total_weight)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value = peers.total_gradients(model, loss)
        _check_finite(value, step, settings)
        optimiser.step()

        watch.add(value)
        stop = _agree(surroundings.stop_requested(), stretch, value, logits, batch, peers)
        done, now = step + 1, time.monotonic()
        if done == settings.iterations or now - reported_at >= REPORT_EVERY_S:
            seconds_per_step = (now - started) / (done - first_step)
            reported = _report(stretch, done, settings, seconds_per_step, surroundings, watch)
            stretch, reported_at = _Stretch(ConfusionMatrix(len(class_weights))), now
        if done == settings.iterations:
            break
        if peers.speaks and (stop or now - saved_at >= CHECKPOINT_EVERY_S):
            save_checkpoint(surroundings.checkpoints, model, optimiser, done, settings)
            saved_at = now
        if stop:
            return TrainingResult(False, done, value, reported.f1)
    return reported


def _check_finite(loss: float, step: int, settings: SegmentationSettings) -> None:
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"the loss became {loss} at iteration {step + 1} with learning rate {learning_rate_at(step, settings):g}; "
            "train again with a lower learning rate"
        )


def _agree(stop: bool, stretch: _Stretch, loss: float, logits: torch.Tensor, batch: Batch, peers: Peers) -> bool:
    """Add loss and hits of all processes to the stretch; whether any of them was asked to stop."""
    step = ConfusionMatrix(len(stretch.confusion.counts))
    predictions = logits.detach().argmax(dim=1).to("cpu", torch.uint8)
    step.add(batch.labels.cpu().numpy(), predictions.numpy())
    mine = torch.tensor([int(stop), *step.counts.flatten().tolist()], device=logits.device)
    stops, *counts = peers.total(mine).tolist()
    stretch.losses.append(loss)
    stretch.confusion.counts += np.array(counts).reshape(step.counts.shape)
    return bool(stops)


def _report(
    stretch: _Stretch,
    done: int,
    settings: SegmentationSettings,
    seconds_per_step: float,
    surroundings: Surroundings,
    watch: LossWatch,
) -> TrainingResult:
    so_far = TrainingResult(
        done == settings.iterations, done, float(np.mean(stretch.losses)), f1_of_areas(stretch.confusion), watch.warnings
    )
    surroundings.report(
        Progress(
            at=datetime.now(UTC),
            phase=STUCK_PHASE if watch.stuck else PHASE,
            step=done,
            of=settings.iterations,
            loss=so_far.loss,
            metrics={"f1_area": so_far.f1_area, "learning_rate": learning_rate_at(done - 1, settings)},
            eta_s=seconds_per_step * (settings.iterations - done),
        )
    )
    return so_far
