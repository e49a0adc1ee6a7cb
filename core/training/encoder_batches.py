"""Batches for the training of encoders from crops of annotated brains."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.features import EncoderSettings
from core.pipeline import Stage
from core.sampling.patch_sites import epoch_order
from core.sampling.site_places import SitePlaces, pair_order
from core.training.crops import CropReader, Crops, Place, crop_batches
from core.training.encoder_loop import Chunk
from core.training.gathered import views_of
from core.training.patch_augmentation import augment
from core.training.peers import Peers
from core.training.two_passes import chunk_count

_CHANGES = 1
"""Sets the random numbers of shifts and changes apart from those of the order."""


class CropChunks:
    """Steps of an epoch go through its order batch by batch; what does not fill a last one is left to the next epoch.

    With fewer patches in an epoch than the settings want in a batch, the epoch is the batch. See `EncoderBatches`. With
    `places` a batch is of pairs, and what is to be found of a patch is its place and not its area. `readers` are those of
    `crop_stage`; without them threads read.
    """

    def __init__(
        self,
        reader: CropReader,
        settings: EncoderSettings,
        peers: Peers | None = None,
        places: SitePlaces | None = None,
        readers: Stage[Place] | None = None,
    ) -> None:
        self._reader, self._settings, self._peers = reader, settings, peers or Peers()
        self._places, self._readers = places, readers
        patches, most = len(self._order(0)), settings.batch_size if places is None else settings.batch_size // 2 * 2
        self.batch_size = min(most, patches)
        self.steps_per_epoch = patches // self.batch_size

    def chunks(self, first_step: int, last_step: int) -> Iterator[list[Chunk]]:
        """Crops are read ahead; a step's patches, shifts and changes depend on its number and the settings alone."""
        count = chunk_count(self.batch_size, self._peers.count, self._settings.pass_size)
        steps, seed = self._steps(first_step, last_step), (self._settings.seed, _CHANGES)
        with crop_batches(self._reader, steps, seed, self._readers, self._peers, first_step) as batches:
            for crops in batches:
                yield [self._chunk(crops, part) for part in np.array_split(np.arange(len(crops.seeds)), count)]

    def _steps(self, first_step: int, last_step: int) -> Iterator[NDArray[np.intp]]:
        epoch, order = -1, np.empty(0, np.intp)
        for step in range(first_step, last_step):
            if step // self.steps_per_epoch != epoch:
                epoch = step // self.steps_per_epoch
                order = self._order(epoch)
            begin = step % self.steps_per_epoch * self.batch_size
            yield order[begin : begin + self.batch_size]

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if self._places is not None:
            return pair_order(self._reader.sites, self._settings.seed, epoch)
        return epoch_order(self._reader.sites, self._settings.patches, self._settings.seed, epoch)

    def _chunk(self, crops: Crops, part: NDArray[np.intp]) -> Chunk:
        within = slice(int(part[0]), int(part[-1]) + 1)
        wanted = crops.area[within]
        if self._places is not None:
            wanted = torch.from_numpy(self._places.points[crops.index[within]]).to(wanted.device)
        return Chunk(partial(_views, crops.images[within], crops.seeds[within], self._settings), wanted)


def _views(images: Tensor, seeds: NDArray[np.int64], settings: EncoderSettings) -> Tensor:
    """(views·n, 1, p, p): each view with a seed of its own."""
    return torch.cat([augment(images, settings, seeds ^ view) for view in range(views_of(settings))])
