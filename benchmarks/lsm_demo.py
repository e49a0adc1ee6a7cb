"""A brain with known truth and a demo model on it, for the benchmarks that ask how good and how honest its predictions are."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from brodmann.progress import TerminalProgress
from core.anatomy.shape_between import interpolated_distance
from core.contracts.presets import PRESETS
from core.contracts.training import AREA as AREA_CLASS
from core.contracts.training import OTHER_GRAY_MATTER, TrainParameters
from core.datasets import BrainFolder
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from core.inference.predict import Predictor, RegionPrediction
from core.phantom.presets import ANNOTATED_SECTIONS, AREA
from core.sampling.labels import resample_nearest
from core.sampling.regions import PlacedMask
from core.tasks.context import JobContext
from core.tasks.model_files import DESCRIPTION_FILE, SegmentationModel, load_model
from core.tasks.predict_sections import enlarged_regions, predict_section, section_prior, section_region, section_shapes
from core.tasks.run_here import definition, truth_annotations
from core.tasks.train_segmentation import train
from core.units import um_to_mm


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Where the brain and the model lie."""
    parser.add_argument("--brain", type=Path, required=True, help="folder of a demo phantom with tissue classes and alignment")
    parser.add_argument("--work", type=Path, required=True, help="folder of the model; trained there if there is none yet")
    return parser


class Remembering(nn.Module):
    """A network that answers the same input from memory, so that several ways of using it cost one prediction."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._known: dict[bytes, Tensor] = {}

    def forward(self, *inputs: Tensor) -> Tensor:
        """The network's output."""
        key = sha256(b"".join(each.cpu().numpy().tobytes() for each in inputs)).digest()
        if key not in self._known:
            self._known[key] = self.network(*inputs)
        return self._known[key]


@dataclass(frozen=True)
class Demo:
    """The brain, the model trained on two of its sections, and the regions to predict."""

    folder: BrainFolder
    model: SegmentationModel
    network: nn.Module

    @cached_property
    def regions(self) -> list[PlacedMask]:
        """Regions of the two training sections."""
        return list(enlarged_regions(self.folder, self.model).values())

    def between(self, quick: bool) -> Iterator["Held"]:
        """The sections between the training sections; every third when it has to be quick."""
        first, last = self.model.sections[0], self.model.sections[-1]
        numbers = [section.number for section in self.folder.brain.sections if first < section.number < last]
        for number in numbers[:: 3 if quick else 1]:
            yield Held(self, section_region(self.folder, self.regions, number))


@dataclass(frozen=True)
class Held:
    """A section that was not trained on, with its truth on the region's raster."""

    demo: Demo
    region: PlacedMask

    @property
    def nearer_mm(self) -> float:
        """Distance to the nearer training section."""
        apart = min(abs(self.region.section - number) for number in self.demo.model.sections)
        return um_to_mm(apart * self.demo.folder.brain.section_thickness_um)

    @cached_property
    def truth(self) -> NDArray[np.bool_]:
        """The area, as far as it lies in the region."""
        outlines = self.demo.folder.truth(self.region.section).outlines
        paths = [ring for outline in outlines if outline.area == AREA for ring in rings(outline.paths)]
        return rasterise(paths, self.region.grid) & self.region.mask

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """True class numbers; tissue classes are those of the brain folder."""
        tissue, grid = self.demo.folder.tissue(self.region.section)
        classes = resample_nearest(tissue, grid, self.region.grid, fill=0)
        classes[self.truth & (classes == OTHER_GRAY_MATTER)] = AREA_CLASS
        return classes

    def shape(self) -> NDArray[np.bool_]:
        """The interpolated outline alone."""
        placed = self.demo.model.placed(self.region.section, AREA)
        distance = interpolated_distance(self.demo.folder.alignment, placed, self.region.section, self.region.grid)
        return (distance > 0) & self.region.mask

    def predicted(self, predictor: Predictor, weight: float) -> RegionPrediction:
        """The model's prediction with a weight of the shape prior."""
        settings = self.demo.model.settings.model_copy(update={"shape_prior": weight})
        model = self.demo.model.model_copy(update={"settings": settings})
        prior = section_prior(self.demo.folder, model, self.region)
        shapes = section_shapes(self.demo.folder, model, self.region)
        return predict_section(self.demo.folder, self.region, predictor, lambda _done, _of: None, prior, shapes)


def demo(options: argparse.Namespace) -> Demo:
    """The demo model in the work folder, trained if it is not there yet."""
    folder = BrainFolder(options.brain.resolve())
    return Demo(folder, *trained(folder, options.work))


def trained(folder: BrainFolder, work: Path, seed: int = 0) -> tuple[SegmentationModel, Remembering]:
    """The demo model of a seed in its folder, trained if it is not there yet."""
    if not (work / "results" / DESCRIPTION_FILE).exists():
        _train(folder, work, seed)
    model, network = load_model(work / "results")
    return model, Remembering(network)


def _train(folder: BrainFolder, work: Path, seed: int) -> None:
    for name in ("results", "checkpoints"):
        (work / name).mkdir(parents=True, exist_ok=True)
    settings = PRESETS["demo"].settings.model_copy(update={"seed": seed})
    parameters = TrainParameters(areas=(AREA,), sections=ANNOTATED_SECTIONS, settings=settings)
    progress = TerminalProgress()
    surroundings = JobContext(
        brain_folder=folder.path,
        results=work / "results",
        checkpoints=work / "checkpoints",
        results_of=lambda _key: work / "results",
        report=progress,
        stop_requested=lambda: False,
    )
    annotations = truth_annotations(folder, (AREA,), ANNOTATED_SECTIONS)
    train(definition(folder, parameters, annotations), surroundings)
    progress.close()
