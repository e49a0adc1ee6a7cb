"""Patches of stripes for the training of encoders: the classes differ in the stripes' direction and distance."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from core.contracts.features import EncoderSettings
from core.models.encoders import Encoder
from core.training.encoder_loop import Chunk, Learner
from core.training.gathered import views_of
from core.training.peers import Peers
from core.training.two_passes import chunk_count

CLASSES, SIDE_PX = 3, 64


def small_learner(settings: EncoderSettings) -> Learner:
    """A small encoder in place of the thesis's, the same for the same seed."""
    torch.manual_seed(settings.seed)
    return Learner(Encoder([_block(1, 8), _block(8, 16), _block(16, 32)], 32), settings, CLASSES)


def _block(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=2, bias=False), nn.BatchNorm2d(after), nn.ReLU())


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
            places = torch.as_tensor(self.peers.share(range(self.batch_size)))
            count = chunk_count(self.batch_size, self.peers.count, self.settings.pass_size)
            yield [Chunk(partial(self._views, part, step), (step + part) % CLASSES) for part in places.tensor_split(count)]

    def _views(self, places: Tensor, step: int) -> Tensor:
        everyone = (step + torch.arange(self.batch_size)) % CLASSES
        return torch.cat([striped(everyone, 100 * step + view)[places] for view in range(views_of(self.settings))])
