"""The training loop of encoders, to be read top to bottom (thesis 6.1.1 and 6.1.4)."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.contracts.features import EncoderSettings
from core.contracts.jobs import Progress
from core.losses.distance_location import PLACE_WIDTH
from core.models.device import choose_device, mixed_precision, placed
from core.models.encoders import Encoder, ProjectionHead
from core.optimisers.lars import lars
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.gathered import own_part, views_of
from core.training.loop import CHECKPOINT_EVERY_S, REPORT_EVERY_S, Surroundings, TrainingDivergedError
from core.training.loss_watch import LossWatch
from core.training.peers import Peers
from core.training.two_passes import backward

RECALIBRATION_BATCHES = 20
PHASE, STUCK_PHASE = "training", "training (warning: the loss does not fall)"


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


@dataclass(slots=True)
class _Course:
    """What is told of a run."""

    settings: EncoderSettings
    steps: int
    steps_per_epoch: int
    batch_size: int
    first_step: int
    watch: LossWatch
    started: float = field(default_factory=time.monotonic)
    waited_s: float = 0.0
    done: int = 0

    @property
    def stuck(self) -> bool:
        """Not of a run that went on where another had learnt."""
        return self.first_step == 0 and self.watch.stuck

    def result(self) -> EncoderResult:
        seconds, losses = max(1e-9, time.monotonic() - self.started), self.watch.losses[-self.steps_per_epoch :]
        return EncoderResult(
            finished=self.done == self.steps,
            steps=self.done,
            loss=float(np.mean(losses)) if losses else math.nan,
            patches_per_s=(self.done - self.first_step) * self.batch_size / seconds,
            waiting_share=min(1.0, self.waited_s / seconds),
            warnings=self.watch.warnings if self.stuck else (),
        )

    def progress(self) -> Progress:
        now, loss = self.result(), self.watch.losses[-1]
        seconds_per_step = (time.monotonic() - self.started) / (self.done - self.first_step)
        return Progress(
            at=datetime.now(UTC),
            phase=STUCK_PHASE if self.stuck else PHASE,
            step=self.done,
            of=self.steps,
            loss=loss,
            metrics={
                "epoch": math.ceil(self.done / self.steps_per_epoch),
                "patches_per_s": now.patches_per_s,
                "waiting_share": now.waiting_share,
                "learning_rate": self.settings.learning_rate,
            },
            eta_s=seconds_per_step * (self.steps - self.done),
        )


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
    course = _begin(settings, source, learner, first_step)
    saved_at = reported_at = time.monotonic()
    for chunks in _waited(source.chunks(first_step, course.steps), course):
        optimiser.zero_grad(set_to_none=True)
        classes = torch.cat([chunk.classes for chunk in chunks])
        rows = [partial(_rows, learner, chunk, settings) for chunk in chunks]
        part = backward(learner, rows, lambda found: own_part(settings, found, classes, source.batch_size, peers))  # noqa: B023
        value = peers.total_gradients(learner, part)
        _check_finite(value, course, settings)
        optimiser.step()

        course.done += 1
        course.watch.add(value)
        stop = bool(peers.total(torch.tensor(int(surroundings.stop_requested()), device=device)).item())
        now, last = time.monotonic(), course.done == course.steps
        if last or now - reported_at >= REPORT_EVERY_S:
            surroundings.report(course.progress())
            reported_at = now
        if peers.speaks and not last and (stop or now - saved_at >= CHECKPOINT_EVERY_S):
            save_checkpoint(surroundings.checkpoints, learner, optimiser, course.done, settings)
            saved_at = now
        if stop and not last:
            break
    return course.result()


def recalibration(source: EncoderBatches, learner: Learner, settings: EncoderSettings) -> Iterator[Callable[[], object]]:
    """Forward passes over the batches after the last step, to take the statistics of normalisation from."""
    first = settings.epochs * source.steps_per_epoch
    for chunks in source.chunks(first, first + min(RECALIBRATION_BATCHES, source.steps_per_epoch)):
        for chunk in chunks:
            yield partial(_rows, learner, chunk, settings)


def _begin(settings: EncoderSettings, source: EncoderBatches, learner: Learner, first_step: int) -> _Course:
    steps = settings.epochs * source.steps_per_epoch
    # What contrasting can reach depends on how many of a batch are alike: of it only the fall is judged.
    watch = LossWatch(learner.head.out_features if isinstance(learner.head, nn.Linear) else 1, steps)
    return _Course(settings, steps, source.steps_per_epoch, source.batch_size, first_step, watch, done=first_step)


def _rows(learner: Learner, chunk: Chunk, settings: EncoderSettings) -> Tensor:
    """(n, views, d)."""
    images = chunk.images()
    with mixed_precision(images.device, settings.precision):
        rows: Tensor = learner(images.contiguous(memory_format=torch.channels_last))
    return rows.view(views_of(settings), -1, rows.shape[1]).transpose(0, 1)


def _waited(batches: Iterator[list[Chunk]], course: _Course) -> Iterator[list[Chunk]]:
    """The batches, the time they were waited for counted."""
    while True:
        asked = time.monotonic()
        batch = next(batches, None)
        course.waited_s += time.monotonic() - asked
        if batch is None:
            return
        yield batch


def _check_finite(loss: float, course: _Course, settings: EncoderSettings) -> None:
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"the loss became {loss} at step {course.done + 1} of {course.steps} with learning rate "
            f"{settings.learning_rate:g}; train again with a lower learning rate"
        )
