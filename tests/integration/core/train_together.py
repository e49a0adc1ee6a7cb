"""One process of a training by several: `python -m tests.integration.core.train_together FOLDER [RANK_THAT_ENDS_EARLY]`.

Leaves the trained network and what was reported in the folder; started with RANK and WORLD_SIZE as torchrun would. In
float64: torch's own batch normalisation of float32 in channels-last order is off by about 0.1 % of the variance on processors.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.contracts.training import SegmentationSettings
from core.models.factory import build_model
from core.training import course, loop
from core.training.batches import batches
from core.training.checkpoint import write_tensors
from core.training.normalisation import recalibrate
from core.training.peers import joined
from tests.fakes.learning import RecordedSurroundings, patch_source

SETTINGS = SegmentationSettings(
    architecture="hr_unet", output_px=16, iterations=2, batch_size=4, learning_rate=0.02,
    halve_learning_rate_at=(1,), precision="float32",
)  # fmt: skip


class _InFloat64(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = build_model(SETTINGS.architecture, SETTINGS.seed).double()

    def forward(self, *images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(*[image.double() for image in images])
        return logits


class _EndsEarly(RecordedSurroundings):
    def stop_requested(self) -> bool:
        os._exit(3)


def main(folder: Path, lost_rank: int | None) -> None:
    """Train, take statistics, save: what a training job does, on made-up sections."""
    torch.set_num_threads(1)
    course.REPORT_EVERY_S = 0.0  # what is told last is of the last step alone
    model, source = _InFloat64(), patch_source(SETTINGS)
    with joined() as peers:
        checkpoints = folder / f"checkpoints-{peers.count}"
        checkpoints.mkdir(exist_ok=True)
        surroundings = (_EndsEarly if peers.rank == lost_rank else RecordedSurroundings)(checkpoints)
        result = loop.train_model(model, source, np.array([1, 2, 3, 4], np.float32), SETTINGS, surroundings, peers)
        recalibrate(model, batches(source, 2, 4, peers), SETTINGS.precision)
        metadata = {"loss": repr(result.loss), "f1": repr(result.f1_area)}
        write_tensors(folder / f"{peers.count}-{peers.rank}.safetensors", model.state_dict(), metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
