"""Predict areas on sections between those their model was trained on (thesis 5.1.2)."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from core.ahead import ahead
from core.anatomy.chain import doubt_from
from core.anatomy.shape_between import NoShapeError, interpolated_distance
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import JobDefinition, Progress
from core.contracts.training import PredictParameters
from core.datasets import BrainFolder
from core.datasets.open_section import open_section
from core.imaging.reader import SectionReader
from core.imaging.sections import read_at
from core.inference.predict import Member, Predictor, RegionPrediction, ready
from core.inference.shape_prior import log_odds
from core.models.geometry import patch_geometry
from core.sampling.labels import resample_nearest, section_grid
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask, cropped, prediction_region, region_around
from core.sampling.resident import area_mask
from core.sampling.shapes import between
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.model_files import SegmentationModel, load_model
from core.tasks.prediction_files import of_area, write_prediction
from core.units import um_to_mm

FOLDER = "predictions"

Trained = tuple[SegmentationModel, nn.Module]


class PredictionInputError(Exception):
    """Prediction cannot start with what it was given."""


def predict(definition: JobDefinition, context: JobContext) -> None:
    """Write `predictions/<section>_<area>.json` and its rasters for each section; sections already written are kept.

    An element of an array takes every n-th section: cost changes slowly along the brain, and no two sections read the same.

    PredictionInputError or ModelFilesError say what is wrong; JobInterruptedError when asked to stop: finished sections stay.
    """
    parameters = definition.parameters
    if not isinstance(parameters, PredictParameters):
        raise PredictionInputError(f"job {definition.key} is a {parameters.kind} job, not a predict job")
    model, network = load_model(context.results_of(parameters.model_job))
    others = [load_model(context.results_of(key)) for key in parameters.more_models]
    _check(parameters, model, [other for other, _ in others])
    folder = BrainFolder(context.brain_folder)
    predictor = predictor_of(model, network, others)
    regions = enlarged_regions(folder, model)
    results = context.results / FOLDER
    results.mkdir(exist_ok=True)
    sections = parameters.sections[context.element :: context.elements]
    missing = [number for number in sections if not _is_written(results, number, model)]
    progress = _Reporter(context, len(sections), len(sections) - len(missing))
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        for number, given in ahead(partial(_given, folder, model, regions), missing):
            prediction = predict_section(
                folder, given.region, predictor, partial(progress.tile, number), given.prior, given.shapes
            )
            if written is not None:
                written.result()  # one section is being written at most: memory stays bounded
            written = writer.submit(_write, results, model, prediction, number, given.alignment_doubt)
            progress.section(number)
        if written is not None:
            written.result()


@dataclass(frozen=True, slots=True)
class _Given:
    """What a section's prediction starts from beside the image, worked out while the section before it is predicted."""

    region: PlacedMask
    prior: NDArray[np.float32] | None
    shapes: list[Raster]
    alignment_doubt: str


def _given(folder: BrainFolder, model: SegmentationModel, regions: Mapping[int, PlacedMask], number: int) -> _Given:
    neighbours = model.neighbours(number)
    region = section_region(folder, [regions[each] for each in neighbours], number)
    prior, shapes = section_prior(folder, model, region), section_shapes(folder, model, region)
    return _Given(region, prior, shapes, doubt_from(folder.alignment, neighbours, number))


def _is_written(results: Path, number: int, model: SegmentationModel) -> bool:
    return all((results / f"{number}_{area}.json").exists() for area in model.areas)


def predictor_of(model: SegmentationModel, network: nn.Module, others: Sequence[Trained] = ()) -> Predictor:
    """The trained network as a predictor with its own calibration; with `others` they predict together."""
    settings = model.settings
    members = tuple(Member(ready(each), about.temperature) for about, each in ((model, network), *others))
    areas = len(model.areas)
    return Predictor(members, patch_geometry(settings, areas=areas), settings.precision, areas)


def enlarged_regions(folder: BrainFolder, model: SegmentationModel) -> dict[int, PlacedMask]:
    """The region of each training section with the enlarged radius."""
    settings = model.settings
    radius_mm = settings.roi_radius_mm * settings.roi_enlargement
    areas = [area_mask(folder, number, model.outlines(number), settings.low_pixel_size_um) for number in model.sections]
    return {area.section: region_around(area, radius_mm) for area in areas}


def section_region(folder: BrainFolder, regions: Sequence[PlacedMask], number: int) -> PlacedMask:
    """Region of interest on a section in between, by eq. 5.65, on its bounding raster."""
    grid = section_grid(folder.brain, number, regions[0].grid.pixel_size_um)
    return cropped(prediction_region(regions, folder.alignment, number, grid))


def section_prior(folder: BrainFolder, model: SegmentationModel, region: PlacedMask) -> NDArray[np.float32] | None:
    """Log odds (areas, h, w) of the outlines interpolated onto a region; None without weight or beyond two training sections.

    An area that has no outline on one of the two gets none.
    """
    neighbours, weight = model.neighbours(region.section), model.settings.shape_prior
    if len(neighbours) < 2 or weight == 0:
        return None
    nearer_mm = um_to_mm(min(abs(region.section - number) for number in neighbours) * folder.brain.section_thickness_um)
    distances = np.zeros((len(model.areas), *region.mask.shape), np.float32)
    for distance, area in zip(distances, model.areas, strict=True):
        with suppress(NoShapeError):
            distance[...] = interpolated_distance(
                folder.alignment, model.placed(region.section, area), region.section, region.grid
            )
    return log_odds(distances, nearer_mm, weight)


def section_shapes(folder: BrainFolder, model: SegmentationModel, region: PlacedMask) -> list[Raster]:
    """Each area's map over the whole section, where the model's network takes shapes."""
    if not model.settings.shape_input:
        return []
    grid = section_grid(folder.brain, region.section, region.grid.pixel_size_um)
    return [between(folder.alignment, model.placed(region.section, area), region.section, grid) for area in model.areas]


def predict_section(
    folder: BrainFolder,
    region: PlacedMask,
    predictor: Predictor,
    on_tile: Callable[[int, int], None],
    prior: NDArray[np.float32] | None = None,
    shapes: Sequence[Raster] = (),
) -> RegionPrediction:
    """Predict one section within its region of interest, with the prior of `section_prior` and the maps of `section_shapes`."""
    tissue, tissue_grid = folder.tissue(region.section)
    tissue_in_region = resample_nearest(tissue, tissue_grid, region.grid, fill=0)
    with open_section(folder, region.section) as section:
        return predictor.predict(region, tissue_in_region, partial(_read, section), on_tile, prior, shapes)


def _write(results: Path, model: SegmentationModel, prediction: RegionPrediction, number: int, alignment_doubt: str) -> None:
    for index, area in enumerate(model.areas):
        write_prediction(results, number, area, of_area(prediction, index), alignment_doubt)


def _check(parameters: PredictParameters, model: SegmentationModel, others: Sequence[SegmentationModel]) -> None:
    for other in others:
        if _kind(other) != _kind(model):
            raise PredictionInputError(
                "models that predict together must be of the same areas, training sections and network, but one is of "
                f"{_kind(other)} and the first of {_kind(model)}"
            )
    first, last = model.sections[0], model.sections[-1]
    outside = [number for number in parameters.sections if not first < number < last]
    if outside:
        raise PredictionInputError(f"sections {outside} do not lie between the training sections {first} and {last}")


def _kind(model: SegmentationModel) -> str:
    """What models that predict together share, in words: regions, outlines and precision are then the first one's."""
    areas, sections, settings = ", ".join(model.areas), ", ".join(map(str, model.sections)), model.settings
    shapes = " with shapes" if settings.shape_input else ""
    return f"{areas} on {sections}, {settings.architecture}{shapes} at {settings.low_pixel_size_um:g} µm"


def _read(section: SectionReader, grid: RasterGrid) -> NDArray[np.uint8]:
    return read_at(section, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)


class _Reporter:
    """Progress in sections, with tiles as fractions of one; asks after each tile whether to stop."""

    def __init__(self, context: JobContext, sections: int, done: int) -> None:
        self._context, self._sections, self._started = context, sections, time.monotonic()
        self._done, self._done_before = done, done

    def tile(self, number: int, done: int, of: int) -> None:
        if self._context.stop_requested():
            raise JobInterruptedError(
                f"prediction was stopped in section {number}, after {self._done} of {self._sections} sections"
            )
        self._tell(f"predicting section {number}", self._done + done / of)

    def section(self, number: int) -> None:
        self._done += 1
        self._tell(f"predicted section {number}", self._done)

    def _tell(self, phase: str, done: float) -> None:
        elapsed_s, computed = time.monotonic() - self._started, done - self._done_before
        eta_s = elapsed_s / computed * (self._sections - done) if computed else None
        self._context.report(Progress(at=datetime.now(UTC), phase=phase, step=self._done, of=self._sections, eta_s=eta_s))
