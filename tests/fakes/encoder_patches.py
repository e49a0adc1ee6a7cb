"""Patches of stripes for the training of encoders: the classes differ in the stripes' direction and distance."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from core.contracts.features import EncoderSettings
from core.training.encoder_loop import Chunk
from core.training.gathered import views_of
from core.training.peers import Peers
from core.training.two_passes import chunk_count

CLASSES, SIDE_PX = 3, 64


def striped(classes: Tensor, seed: int) -> Tensor:
    """(n, 1, h, w): stripes of each patch's class at a random place, with noise."""
    generator = torch.Generator().manual_seed(seed)
    across = torch.arange(SIDE_PX).float()
    angle, distance_px = classes * torch.pi / CLASSES, 8.0 + 4 * classes
    phase = torch.rand(len(classes), generator=generator) * 2 * torch.pi
    along = angle.cos()[:, None, None] * across[None, :, None] + angle.sin()[:, None, None] * across[None, None, :]
    stripes = torch.sin(2 * torch.pi * along / distance_px[:, None, None] + phase[:, None, None])
    return (stripes + 0.3 * torch.randn(stripes.shape, generator=generator))[:, None]


class StripedPatches:
    """Batches that depend on the number of the step alone."""

    def __init__(self, settings: EncoderSettings, steps_per_epoch: int, peers: Peers | None = None) -> None:
        self.settings, self.steps_per_epoch = settings, steps_per_epoch
        self.batch_size = settings.batch_size
        self.peers = peers or Peers()

    def chunks(self, first_step: int, last_step: int) -> Iterator[list[Chunk]]:
        """As `EncoderBatches` has it."""
        for step in range(first_step, last_step):
            classes = torch.as_tensor(self.peers.share([(step + each) % CLASSES for each in range(self.batch_size)]))
            count = chunk_count(self.batch_size, self.peers.count, self.settings.pass_size)
            yield [
                Chunk(partial(self._views, part, step * 100 + number), part)
                for number, part in enumerate(classes.tensor_split(count))
            ]

    def _views(self, classes: Tensor, seed: int) -> Tensor:
        return torch.cat([striped(classes, seed + 7919 * view) for view in range(views_of(self.settings))])
