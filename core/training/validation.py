"""What a network gives on the held-out blocks of its training sections: to validate it, and to calibrate its probabilities."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.contracts.training import AREA, SegmentationSettings
from core.models.device import mixed_precision
from core.models.factory import as_input
from core.models.geometry import PatchGeometry, patch_geometry
from core.sampling.augmentation import Variation
from core.sampling.centres import BalancedCentres, Centre
from core.sampling.held_out import SplitSection, split
from core.sampling.resident import ResidentSection
from core.sampling.shapes import draw_error
from core.training.batches import planned_batches
from core.training.metrics import ConfusionMatrix
from core.training.patch_source import Batch, PatchSource
from core.units import mm_to_um

BLOCK_MM = 1.0
"""Side of a block: texture is much alike within less, and a region of a few millimetres still holds several of them."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The held-out blocks of all training sections: where patches lie that cover exactly one of them, and their labels."""

    source: PatchSource
    centres: tuple[Centre, ...]

    def batches(self) -> Iterator[Batch]:
        """Every block once, not turned or varied, shapes as wrong as in training; labels are 255 outside blocks and regions."""
        settings = self.source.settings
        size, generator = settings.batch_size, np.random.default_rng(settings.seed)
        plan = [
            (centre, Variation(shape_error=draw_error(generator) if settings.shape_input else 0.0)) for centre in self.centres
        ]
        return planned_batches(self.source, (plan[first : first + size] for first in range(0, len(plan), size)))


def block_side_px(geometry: PatchGeometry) -> int:
    """Label pixels along a block's side: about a millimetre, in multiples of the network's phase.

    Blocks then lie on the phase grid of prediction: the network gives there exactly what it would give in a prediction.
    """
    side_px = mm_to_um(BLOCK_MM) / geometry.output_pixel_size_um
    return max(1, round(side_px / geometry.phase_px)) * geometry.phase_px


def split_sections(
    sections: Sequence[ResidentSection], areas: Sequence[str], settings: SegmentationSettings
) -> tuple[PatchSource, HeldOut]:
    """What is learnt from, and what is held out by the settings' validation share; a function of both alone.

    ClassAbsentError as of `BalancedCentres`.
    """
    geometry = patch_geometry(settings, areas=len(areas))
    block_px = block_side_px(geometry)
    splits = [split(section, block_px, settings.validation_share, settings.seed) for section in sections]
    training = [each.training for each in splits]
    labels, numbers = [section.labels_in_region.values for section in training], [section.number for section in sections]
    centres = BalancedCentres(labels, areas, numbers)
    source = PatchSource(training, centres, geometry, settings)
    return source, _held_out(splits, source, patch_geometry(settings, block_px, len(areas)))


def _held_out(splits: Sequence[SplitSection], training: PatchSource, geometry: PatchGeometry) -> HeldOut:
    blocks = tuple(centre for index, each in enumerate(splits) for centre in each.centres(index))
    return HeldOut(PatchSource([each.validation for each in splits], training.centres, geometry, training.settings), blocks)


def evaluated(model: nn.Module, held_out: HeldOut) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits (k, classes) float32 and labels (k,) int64 of the labelled pixels of each batch of held-out blocks, on the CPU.

    `model` runs where it is, set to predict. Nothing comes when nothing is held out.
    """
    device = next(model.parameters()).device
    model.eval()
    for batch in held_out.batches():
        inputs = [as_input(image.to(device)) for image in batch.inputs.values()]
        with torch.inference_mode(), mixed_precision(device, held_out.source.settings.precision):
            logits = model(*inputs).float().cpu()
        labels = batch.labels.cpu()
        known = labels < logits.shape[1]
        yield logits.permute(0, 2, 3, 1)[known], labels[known].long()


def f1_by_area(pixels: Iterable[tuple[Tensor, Tensor]], areas: Sequence[str]) -> dict[str, float]:
    """F1 of each area over the pixels of `evaluated`; empty when there are none."""
    confusion = ConfusionMatrix(AREA + len(areas))
    for logits, labels in pixels:
        confusion.add(labels.to(torch.uint8).numpy(), logits.argmax(dim=1).to(torch.uint8).numpy())
    if not confusion.counts.any():
        return {}
    return {area: confusion.f1(AREA + index) for index, area in enumerate(areas)}
