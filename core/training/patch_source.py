"""What batches are cut from, and where a step's patches lie: a pure function of the seed and the step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.base import XY
from core.contracts.training import SegmentationSettings
from core.models.factory import input_names
from core.models.geometry import PatchGeometry, shape_names
from core.sampling.augmentation import Variation, draw_variation
from core.sampling.centres import BalancedCentres, Centre
from core.sampling.patches import WHITE, Square, cut_square
from core.sampling.resident import ResidentSection
from core.sampling.shapes import FAR_OUTSIDE, degraded, draw_error

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
        variations = [draw_variation(generator, settings.intensity_variation) for _ in centres]
        if settings.shape_input:
            variations = [replace(each, shape_error=draw_error(generator)) for each in variations]
        return list(zip(centres, variations, strict=True))

    def pivot_um(self, centre: Centre) -> XY:
        """The upper left corner of the label pixel, about which a patch turns: unturned it lies on the label grid."""
        size_um = self.geometry.output_pixel_size_um
        x_um, y_um = self.sections[centre.section_index].labels.grid.origin_um
        return x_um + centre.column * size_um, y_um + centre.row * size_um

    def input_squares(self) -> dict[str, Square]:
        """How each input lies about the pivot."""
        half_um = self.geometry.output_size_um / 2
        return {
            name: Square(
                window.size_px(self.geometry.output_px),
                window.border_before_px + half_um / window.pixel_size_um,
                window.pixel_size_um,
            )
            for name, window in self.geometry.inputs.items()
        }

    def label_square(self) -> Square:
        """How the labels lie about the pivot."""
        return Square(self.geometry.output_px, self.geometry.output_px / 2, self.geometry.output_pixel_size_um)

    def patch_bytes(self) -> int:
        """Memory that a patch takes: its inputs as float32, its labels as bytes."""
        return self.label_square().size_px ** 2 + sum(4 * square.size_px**2 for square in self.input_squares().values())

    def cut(self, centre: Centre, variation: Variation) -> Patch:
        """One patch, cut by OpenCV."""
        section, pivot_um = self.sections[centre.section_index], self.pivot_um(centre)
        table = variation.intensity_table()
        squares = self.input_squares()
        inputs: dict[str, NDArray[np.float32]] = {}
        for name in input_names(self.settings.architecture):
            image = cut_square(section.images[name], squares[name], pivot_um, variation.angle_rad, WHITE)
            inputs[name] = np.asarray(cv2.LUT(image, table), dtype=np.float32)
        for name, maps in zip(shape_names(len(section.shapes)), section.shapes, strict=True):
            own, other = (cut_square(each, squares[name], pivot_um, variation.angle_rad, FAR_OUTSIDE) for each in maps)
            inputs[name] = degraded(own, other, variation.shape_error)
        return Patch(inputs, cut_square(section.labels, self.label_square(), pivot_um, variation.angle_rad, None))
