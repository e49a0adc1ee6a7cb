"""Parts of the training regions held out in square blocks, to validate and calibrate on what was never learnt from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contracts.training import AREA
from core.sampling.centres import Centre
from core.sampling.labels import OUTSIDE
from core.sampling.patches import Raster
from core.sampling.resident import ResidentSection


@dataclass(frozen=True, slots=True)
class SplitSection:
    """A training section in two parts with the same images: labels to learn from, and labels held out (255 elsewhere)."""

    training: ResidentSection
    validation: ResidentSection
    blocks: tuple[tuple[int, int], ...]
    """(row, column) of the upper left label pixel of each held-out block."""
    block_px: int

    def centres(self, section_index: int) -> list[Centre]:
        """Where a patch of the block's size covers exactly a block."""
        half = self.block_px // 2
        return [Centre(section_index, row + half, column + half) for row, column in self.blocks]


def split(section: ResidentSection, block_px: int, share: float, seed: int) -> SplitSection:
    """Hold blocks of a section out; labels there are 255 in the training part, also outside the region of interest."""
    labels = section.labels_in_region.values
    mask = held_out_blocks(labels, share, (seed, section.number), block_px)
    corners = np.argwhere(mask[::block_px, ::block_px]) * block_px
    training = replace(
        section,
        labels=_where(section.labels, ~mask),
        labels_in_region=_where(section.labels_in_region, ~mask),
    )
    held_out = _where(section.labels_in_region, mask)
    validation = replace(section, labels=held_out, labels_in_region=held_out)
    return SplitSection(training, validation, tuple((int(row), int(column)) for row, column in corners), block_px)


def held_out_blocks(
    labels_in_region: NDArray[np.uint8], share: float, seed: int | tuple[int, ...], block_px: int
) -> NDArray[np.bool_]:
    """Mask (h, w) of whole square blocks on the grid of `block_px` with about `share` of each class's pixels.

    The classes take turns, the areas first, and each draws blocks it occurs in until its share is reached; a block that
    would take more than about twice the share of any class is passed over, so that enough is left to learn from. Where no
    pixel of an area could be held out, because the region is too small, nothing is. The same for the same seed.
    """
    counts = _block_counts(labels_in_region, block_px)  # (rows, columns, classes)
    totals = counts.sum(axis=(0, 1))
    limits = totals * min(2 * share, (1 + share) / 2)
    taken, chosen = np.zeros_like(totals), np.zeros(counts.shape[:2], dtype=np.bool_)
    generator = np.random.default_rng(seed)
    for number in range(len(totals) - 1, -1, -1):
        for row, column in generator.permutation(np.argwhere(counts[..., number] > 0)):
            if taken[number] >= share * totals[number]:
                break
            after = taken + counts[row, column]
            if not chosen[row, column] and (after <= limits).all():
                chosen[row, column], taken = True, after
    if not taken[AREA:].any():
        chosen[:] = False
    height, width = labels_in_region.shape
    return chosen.repeat(block_px, axis=0).repeat(block_px, axis=1)[:height, :width]


def _block_counts(labels: NDArray[np.uint8], block_px: int) -> NDArray[np.int64]:
    height, width = labels.shape
    padded = np.pad(labels, ((0, -height % block_px), (0, -width % block_px)), constant_values=OUTSIDE)
    blocks = padded.reshape(padded.shape[0] // block_px, block_px, padded.shape[1] // block_px, block_px)
    known = labels[labels != OUTSIDE]
    classes = max(AREA, int(known.max(initial=0))) + 1
    return np.stack([(blocks == number).sum(axis=(1, 3)) for number in range(classes)], axis=-1)


def _where(raster: Raster, mask: NDArray[np.bool_]) -> Raster:
    return Raster(np.where(mask, raster.values, np.uint8(OUTSIDE)), raster.grid)
