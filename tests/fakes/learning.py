"""Small training material: a resident section made of arrays, where the classes differ plainly in gray value."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.contracts.datasets import RasterGrid
from core.contracts.jobs import BrainReference, Progress
from core.contracts.presets import PRESETS
from core.contracts.training import SegmentationSettings
from core.models.factory import input_names
from core.models.geometry import patch_geometry
from core.pipeline import OpenStage
from core.sampling.centres import BalancedCentres
from core.sampling.patches import Raster
from core.sampling.resident import ResidentSection
from core.tasks.model_files import SegmentationModel
from core.training.patch_source import PatchSource

GRAY_OF_CLASS = np.array([250, 90, 160, 40], np.uint8)
ABOUT = SegmentationModel(
    areas=("hOc1",),
    sections=(901, 941),
    settings=PRESETS["tiny"].settings,
    brain=BrainReference(id="TINY", fingerprint="0" * 64),
    annotations=(),
    iterations=6,
    final_loss=0.5,
    final_f1_area=0.9,
    code_version="test",
    trained_at=datetime.now(UTC),
)
"""The description of a model that nobody trained."""


def resident_section(settings: SegmentationSettings, number: int = 901, side_px: int = 96, seed: int = 0) -> ResidentSection:
    """Four vertical bands of the four classes with noise; images reach as far beyond as patches do."""
    generator = np.random.default_rng(seed)
    columns = np.arange(side_px) * 4 // side_px
    labels = np.broadcast_to(columns.astype(np.uint8), (side_px, side_px)).copy()
    size_um = settings.low_pixel_size_um
    images = {}
    geometry = patch_geometry(settings)
    for name in input_names(settings.architecture):
        window = geometry.inputs[name]
        factor = round(size_um / window.pixel_size_um)
        values = GRAY_OF_CLASS[np.kron(labels, np.ones((factor, factor), np.uint8))]
        noisy = np.clip(values + generator.normal(0, 5, values.shape), 0, 255).astype(np.uint8)
        images[name] = Raster(noisy, grid(side_px * factor, window.pixel_size_um))
    raster = Raster(labels, grid(side_px, size_um))
    maps = tuple(Raster(np.where(labels == 3, 200, 40 * which).astype(np.uint8), raster.grid) for which in (0, 1))
    return ResidentSection(number, images, raster, raster, ((maps[0], maps[1]),) if settings.shape_input else ())


def grid(side_px: int, pixel_size_um: float) -> RasterGrid:
    """A square raster at the origin."""
    return RasterGrid(pixel_size_um=pixel_size_um, width_px=side_px, height_px=side_px)


def patch_source(settings: SegmentationSettings) -> PatchSource:
    """Two sections to train on."""
    sections = [resident_section(settings, 901, seed=0), resident_section(settings, 1021, seed=1)]
    labels = [section.labels_in_region.values for section in sections]
    centres = BalancedCentres(labels, ("hOc1",), (901, 1021))
    return PatchSource(sections, centres, patch_geometry(settings), settings)


@dataclass
class RecordedSurroundings:
    """Surroundings of a training that keep what was reported, and ask to stop after a number of questions."""

    checkpoints: Path
    stop_after: int | None = None
    reports: list[Progress] = field(default_factory=list)
    questions: int = 0
    open_stage: OpenStage | None = None

    def report(self, progress: Progress) -> None:
        """Keep the line."""
        self.reports.append(progress)

    def stop_requested(self) -> bool:
        """True from the `stop_after`th question on."""
        self.questions += 1
        return self.stop_after is not None and self.questions >= self.stop_after
