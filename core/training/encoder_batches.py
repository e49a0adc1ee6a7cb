"""Batches for the training of encoders from crops of annotated brains."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.features import EncoderSettings
from core.sampling.patch_sites import epoch_order
from core.training.crops import CropReader, Crops, crop_batches
from core.training.encoder_loop import Chunk
from core.training.gathered import views_of
from core.training.patch_augmentation import augment
from core.training.peers import Peers
from core.training.two_passes import chunk_count

_CHANGES = 1
"""Sets the random numbers of shifts and changes apart from those of the order."""


class CropChunks:
    """Steps of an epoch go through its order batch by batch; what does not fill a last one is left to the next epoch.

    With fewer patches in an epoch than the settings want in a batch, the epoch is the batch. See `EncoderBatches`.
    """

    def __init__(self, reader: CropReader, settings: EncoderSettings, peers: Peers | None = None) -> None:
        self._reader, self._settings, self._peers = reader, settings, peers or Peers()
        patches = len(epoch_order(reader.sites, settings.patches, settings.seed, 0))
        self.batch_size = min(settings.batch_size, patches)
        self.steps_per_epoch = patches // self.batch_size

    def chunks(self, first_step: int, last_step: int) -> Iterator[list[Chunk]]:
        """Crops are read ahead; a step's patches, shifts and changes depend on its number and the settings alone."""
        count = chunk_count(self.batch_size, self._peers.count, self._settings.pass_size)
        steps, seed = self._steps(first_step, last_step), (self._settings.seed, _CHANGES)
        with crop_batches(self._reader, steps, seed, peers=self._peers, first=first_step) as batches:
            for crops in batches:
                yield [self._chunk(crops, part) for part in np.array_split(np.arange(len(crops.seeds)), count)]

    def _steps(self, first_step: int, last_step: int) -> Iterator[NDArray[np.intp]]:
        epoch, order = -1, np.empty(0, np.intp)
        for step in range(first_step, last_step):
            if step // self.steps_per_epoch != epoch:
                epoch = step // self.steps_per_epoch
                order = epoch_order(self._reader.sites, self._settings.patches, self._settings.seed, epoch)
            begin = step % self.steps_per_epoch * self.batch_size
            yield order[begin : begin + self.batch_size]

    def _chunk(self, crops: Crops, part: NDArray[np.intp]) -> Chunk:
        within = slice(int(part[0]), int(part[-1]) + 1)
        return Chunk(partial(_views, crops.images[within], crops.seeds[within], self._settings), crops.area[within])


def _views(images: Tensor, seeds: NDArray[np.int64], settings: EncoderSettings) -> Tensor:
    """(views·n, 1, p, p): each view with a seed of its own."""
    return torch.cat([augment(images, settings, seeds ^ view) for view in range(views_of(settings))])
