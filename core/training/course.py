"""The course of a training, the same in every loop: what is due after a step, and what is told of it."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from core.contracts.jobs import Progress
from core.models.device import choose_device
from core.training.loss_watch import LossWatch
from core.training.peers import Peers

CHECKPOINT_EVERY_S = 20.0
REPORT_EVERY_S = 1.0
PHASE, STUCK_PHASE = "training", "training (warning: the loss does not fall)"


class TrainingDivergedError(Exception):
    """The loss is no number any more."""


class Surroundings(Protocol):
    """What a loop needs from whoever runs it."""

    @property
    def checkpoints(self) -> Path:
        """Folder for the checkpoint."""

    @property
    def report(self) -> Callable[[Progress], None]:
        """Tell progress."""

    @property
    def stop_requested(self) -> Callable[[], bool]:
        """True once the loop should save a checkpoint and return."""


@dataclass(slots=True)
class Course:
    """Where a training stands of which `done` steps were done before, and whether it `tells`, `saves` or `stops` now.

    Every process of a training has one; what has to be the same in all, they agree on.
    """

    surroundings: Surroundings
    peers: Peers
    watch: LossWatch
    done: int
    tells: bool = field(default=False, init=False)
    saves: bool = field(default=False, init=False)
    stops: bool = field(default=False, init=False)
    _started: float = field(init=False)
    _told_at: float = field(init=False)
    _saved_at: float = field(init=False)
    _untold: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._started = self._told_at = self._saved_at = time.monotonic()

    @property
    def of(self) -> int:
        """Steps of the whole training."""
        return self.watch.iterations

    @property
    def new_steps(self) -> int:
        """Steps done in this run."""
        return len(self.watch.losses)

    @property
    def seconds(self) -> float:
        """How long this run has gone on."""
        return max(1e-9, time.monotonic() - self._started)

    @property
    def loss(self) -> float:
        """Mean since the report before the one that is due."""
        return float(np.mean(self.watch.losses[-self._untold :]))

    def step(self, loss: float, counts: Sequence[int] = ()) -> list[int]:
        """A step is done, `loss` that of all processes: what is due now. The sums of the counts over the processes."""
        mine = torch.tensor([int(self.surroundings.stop_requested()), *counts], device=choose_device())
        asked, *sums = self.peers.total(mine).tolist()
        self.watch.add(loss)
        self.done += 1
        self._untold = 1 if self.tells else self._untold + 1
        now, last = time.monotonic(), self.done == self.of
        self.tells = last or now - self._told_at >= REPORT_EVERY_S
        self.stops = bool(asked) and not last
        self.saves = self.peers.speaks and not last and (self.stops or now - self._saved_at >= CHECKPOINT_EVERY_S)
        self._told_at = now if self.tells else self._told_at
        self._saved_at = now if self.saves else self._saved_at
        return sums

    def tell(self, loss: float, metrics: dict[str, float]) -> None:
        """Report the step, with what the loop knows of it and the time that is left at the speed so far."""
        self.surroundings.report(
            Progress(
                at=datetime.now(UTC),
                phase=STUCK_PHASE if self.watch.stuck else PHASE,
                step=self.done,
                of=self.of,
                loss=loss,
                metrics=metrics,
                eta_s=self.seconds / self.new_steps * (self.of - self.done),
            )
        )


def check_finite(loss: float, where: str) -> None:
    """TrainingDivergedError when the loss is no number; `where` says at which step."""
    if not math.isfinite(loss):
        raise TrainingDivergedError(f"the loss became {loss} at {where}; train again with a lower learning rate")
