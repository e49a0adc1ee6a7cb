"""The training loop of encoders, to be read top to bottom (thesis 6.1.1 and 6.1.4)."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.contracts.features import EncoderSettings
from core.losses.distance_location import PLACE_WIDTH
from core.models.device import choose_device, mixed_precision, placed
from core.models.encoders import Encoder, ProjectionHead
from core.optimisers.lars import lars
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.course import Course, Surroundings, check_finite
from core.training.gathered import own_part, views_of
from core.training.loss_watch import LossWatch
from core.training.peers import Peers
from core.training.two_passes import backward

RECALIBRATION_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """Patches that go through the network together: `images` makes their views, the same whenever it is called.

    Shapes: images (views·n, 1, h, w), all first views first; classes (n,), or places (n, 3). Both on the device.
    """

    images: Callable[[], Tensor]
    classes: Tensor


class EncoderBatches(Protocol):
    """Where the patches come from."""

    @property
    def batch_size(self) -> int:
        """Patches of a step, of all processes together."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every patch of an epoch is seen once, but for a remainder."""

    def chunks(self, first_step: int, last_step: int) -> Iterator[list[Chunk]]:
        """This process's share of the steps' batches, in chunks; of a step always the same, whatever the first one was."""


class Learner(nn.Module):
    """An encoder with what the loss needs behind it: a linear classifier, or the projection head (thesis 6.1.1)."""

    def __init__(self, encoder: Encoder, settings: EncoderSettings, areas: int) -> None:
        super().__init__()
        self.encoder, width = encoder, encoder.feature_width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.head = _head(settings, width, areas)

    def forward(self, images: Tensor) -> Tensor:
        """Logits or projections, (n, d), in float32."""
        features = self.encoder(images)
        with torch.autocast(features.device.type, enabled=False):
            rows: Tensor = self.head(features.float())
        return rows


def _head(settings: EncoderSettings, width: int, areas: int) -> nn.Module:
    if settings.loss == "cross_entropy":
        return nn.Linear(width, areas)
    return ProjectionHead(width, PLACE_WIDTH) if settings.loss == "distance_and_location" else ProjectionHead(width)


@dataclass(frozen=True, slots=True)
class EncoderResult:
    """How the loop ended: `steps` done in all; the rest is of this run. `loss` is the mean over its latest epoch."""

    finished: bool
    steps: int
    loss: float
    patches_per_s: float = 0.0
    waiting_share: float = 0.0
    warnings: tuple[str, ...] = ()


def train_encoder(
    learner: Learner,
    source: EncoderBatches,
    settings: EncoderSettings,
    surroundings: Surroundings,
    peers: Peers | None = None,
) -> EncoderResult:
    """Train `learner` in place for the settings' epochs, resuming from a checkpoint where there is one.

    Interrupted and resumed, it does the same steps on the same patches as in one go. TrainingDivergedError when the loss
    becomes NaN or infinite. With `peers` every process learns from its share of each batch, all with the same result;
    PeerLostError when one of them is gone.
    """
    peers, device = peers or Peers(), choose_device()
    placed(learner, device)
    peers.join_statistics(learner)
    optimiser = lars(
        learner,
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        trust=settings.trust,
    )
    first_step = load_checkpoint(surroundings.checkpoints, learner, optimiser, settings)
    learner.train()
    steps = settings.epochs * source.steps_per_epoch
    # What contrasting can reach depends on how many of a batch are alike: of it only the fall is judged.
    areas = learner.head.out_features if isinstance(learner.head, nn.Linear) else 1
    course = Course(surroundings, peers, LossWatch(areas, steps, judges=first_step == 0), first_step)
    batches = _Waited(source.chunks(first_step, steps))
    for chunks in batches:
        optimiser.zero_grad(set_to_none=True)
        classes = torch.cat([chunk.classes for chunk in chunks])
        rows = [partial(_rows, learner, chunk, settings) for chunk in chunks]
        part = backward(learner, rows, lambda found: own_part(settings, found, classes, source.batch_size, peers))  # noqa: B023
        value = peers.total_gradients(learner, part)
        check_finite(value, f"step {course.done + 1} of {steps} with learning rate {settings.learning_rate:g}")
        optimiser.step()

        course.step(value)
        if course.tells:
            so_far = _result(course, source, batches.waited_s)
            epoch = math.ceil(course.done / source.steps_per_epoch)
            speed = {"patches_per_s": so_far.patches_per_s, "waiting_share": so_far.waiting_share}
            course.tell(value, {"epoch": epoch, **speed, "learning_rate": settings.learning_rate})
        if course.saves:
            save_checkpoint(surroundings.checkpoints, learner, optimiser, course.done, settings)
        if course.stops:
            break
    return _result(course, source, batches.waited_s)


def recalibration(source: EncoderBatches, learner: Learner, settings: EncoderSettings) -> Iterator[Callable[[], object]]:
    """Forward passes over the batches after the last step, to take the statistics of normalisation from."""
    first = settings.epochs * source.steps_per_epoch
    for chunks in source.chunks(first, first + min(RECALIBRATION_BATCHES, source.steps_per_epoch)):
        for chunk in chunks:
            yield partial(_rows, learner, chunk, settings)


def _rows(learner: Learner, chunk: Chunk, settings: EncoderSettings) -> Tensor:
    """(n, views, d)."""
    images = chunk.images()
    with mixed_precision(images.device, settings.precision):
        rows: Tensor = learner(images.contiguous(memory_format=torch.channels_last))
    return rows.view(views_of(settings), -1, rows.shape[1]).transpose(0, 1)


class _Waited(Iterator[list[Chunk]]):
    """The batches, the time they were waited for counted."""

    def __init__(self, batches: Iterator[list[Chunk]]) -> None:
        self._batches = batches
        self.waited_s = 0.0

    def __next__(self) -> list[Chunk]:
        asked = time.monotonic()
        try:
            return next(self._batches)
        finally:
            self.waited_s += time.monotonic() - asked


def _result(course: Course, source: EncoderBatches, waited_s: float) -> EncoderResult:
    losses, seconds = course.watch.losses[-source.steps_per_epoch :], course.seconds
    return EncoderResult(
        finished=course.done == course.of,
        steps=course.done,
        loss=float(np.mean(losses)) if losses else math.nan,
        patches_per_s=course.new_steps * source.batch_size / seconds,
        waiting_share=min(1.0, waited_s / seconds),
        warnings=course.watch.warnings,
    )
