"""Batches of training patches, each a pure function of the seed and the step, cut ahead by threads."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.training import SegmentationSettings
from core.models.geometry import PatchGeometry
from core.sampling.augmentation import Variation, draw_variation
from core.sampling.centres import BalancedCentres, Centre
from core.sampling.patches import WHITE, Square, cut_square
from core.sampling.resident import ResidentSection

BATCHES_AHEAD = 2

Plan = Sequence[tuple[Centre, Variation]]
"""Where the patches of a batch lie and how they are varied."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs by name, each (n, 1, h, w) float32 intensities, and labels (n, m, m) uint8 with 255 where unknown."""

    inputs: dict[str, Tensor]
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Patch:
    """One cut patch: inputs by name (h, w) float32, labels (m, m) uint8."""

    inputs: dict[str, NDArray[np.float32]]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PatchSource:
    """Everything batches are cut from. The same seed and step give the same batch:
    resuming needs no generator state."""

    sections: Sequence[ResidentSection]
    centres: BalancedCentres
    geometry: PatchGeometry
    settings: SegmentationSettings

    def plan(self, step: int) -> list[tuple[Centre, Variation]]:
        """Where the patches of a step lie and how they are varied."""
        settings = self.settings
        generator = np.random.default_rng((settings.seed, step))
        centres = self.centres.draw(generator, settings.batch_size)
        return [(centre, draw_variation(generator, settings.intensity_variation)) for centre in centres]

    def cut(self, centre: Centre, variation: Variation) -> Patch:
        """One patch around the upper left corner of its label pixel, so that an unturned patch lies on the label grid."""
        section = self.sections[centre.section_index]
        label_size_um = self.geometry.output_pixel_size_um
        origin_um = section.labels.grid.origin_um
        pivot_um = (origin_um[0] + centre.column * label_size_um, origin_um[1] + centre.row * label_size_um)
        table = variation.intensity_table()
        half_um = self.geometry.output_size_um / 2
        inputs = {}
        for name, window in self.geometry.inputs.items():
            pivot_px = window.border_before_px + half_um / window.pixel_size_um
            square = Square(window.size_px(self.geometry.output_px), pivot_px, window.pixel_size_um)
            image = cut_square(section.images[name], square, pivot_um, variation.angle_rad, WHITE)
            inputs[name] = np.asarray(cv2.LUT(image, table), dtype=np.float32)
        square = Square(self.geometry.output_px, self.geometry.output_px / 2, label_size_um)
        return Patch(inputs, cut_square(section.labels, square, pivot_um, variation.angle_rad, None))


def batches(source: PatchSource, first_step: int, last_step: int) -> Iterator[Batch]:
    """The batches of the steps first_step .. last_step − 1, cut ahead while the previous one is learnt from."""
    return planned_batches(source, (source.plan(step) for step in range(first_step, last_step)))


def planned_batches(source: PatchSource, plans: Iterable[Plan]) -> Iterator[Batch]:
    """A batch for each plan, in order, cut by threads up to `BATCHES_AHEAD` ahead."""
    cv2.setNumThreads(1)  # the patches are the parallel work; OpenCV's own threads would only compete with them
    waiting: deque[list[Future[Patch]]] = deque()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for plan in plans:
            waiting.append([pool.submit(source.cut, centre, variation) for centre, variation in plan])
            if len(waiting) > BATCHES_AHEAD:
                yield _stacked([future.result() for future in waiting.popleft()])
        while waiting:
            yield _stacked([future.result() for future in waiting.popleft()])


def _stacked(patches: Sequence[Patch]) -> Batch:
    inputs = {
        name: torch.from_numpy(np.stack([patch.inputs[name] for patch in patches])).unsqueeze(1) for name in patches[0].inputs
    }
    return Batch(inputs, torch.from_numpy(np.stack([patch.labels for patch in patches])))
