"""Predict areas on sections between those their model was trained on (thesis 5.1.2)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.contracts.jobs import JobDefinition, Progress
from core.contracts.training import AREA, OTHER_GRAY_MATTER, PredictParameters, SectionPrediction
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.datasets.open_section import open_section
from core.imaging.reader import SectionReader
from core.imaging.sections import read_at
from core.inference.predict import Predictor, RegionPrediction, ready
from core.models.geometry import patch_geometry
from core.sampling.labels import OUTSIDE, resample_nearest, section_grid
from core.sampling.regions import PlacedMask, cropped, prediction_region, region_around
from core.sampling.resident import area_mask
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.model_files import SegmentationModel, load_model, write_text
from core.units import um2_to_mm2

FOLDER = "predictions"


class PredictionInputError(Exception):
    """Prediction cannot start with what it was given."""


def predict(definition: JobDefinition, context: JobContext) -> None:
    """Write `predictions/<section>_<area>.json` and its rasters for each section; sections already written are kept.

    PredictionInputError or ModelFilesError say what is wrong; JobInterruptedError when asked to stop: finished sections stay.
    """
    parameters = definition.parameters
    if not isinstance(parameters, PredictParameters):
        raise PredictionInputError(f"job {definition.key} is a {parameters.kind} job, not a predict job")
    model_folder = context.results_of(parameters.model_job)
    model, network = load_model(model_folder)
    _check(parameters, model)
    folder = BrainFolder(context.brain_folder)
    predictor = Predictor(ready(network), patch_geometry(model.settings), model.settings.precision, len(model.areas))
    regions = enlarged_regions(folder, model)
    results = context.results / FOLDER
    results.mkdir(exist_ok=True)
    progress = _Reporter(context, len(parameters.sections))
    for index, number in enumerate(parameters.sections):
        if not all((results / f"{number}_{area}.json").exists() for area in model.areas):
            region = section_region(folder, [regions[each] for each in model.neighbours(number)], number)
            prediction = predict_section(folder, region, predictor, partial(progress.tile, index, number))
            for area_index, area in enumerate(model.areas):
                write_prediction(results, number, area, of_area(prediction, area_index))
        progress.section(index + 1, number)


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


def predict_section(
    folder: BrainFolder, region: PlacedMask, predictor: Predictor, on_tile: Callable[[int, int], None]
) -> RegionPrediction:
    """Predict one section within its region of interest."""
    tissue, tissue_grid = folder.tissue(region.section)
    tissue_in_region = resample_nearest(tissue, tissue_grid, region.grid, fill=0)
    with open_section(folder, region.section) as section:
        return predictor.predict(region, tissue_in_region, partial(_read, section), on_tile)


def of_area(prediction: RegionPrediction, index: int) -> RegionPrediction:
    """The prediction as one area's own: that area is AREA, all other areas are other gray matter."""
    labels = prediction.labels
    other = (labels >= AREA) & (labels != OUTSIDE) & (labels != AREA + index)
    own = np.where(other, np.uint8(OTHER_GRAY_MATTER), labels)
    own[labels == AREA + index] = AREA
    return replace(prediction, labels=own, probabilities=prediction.probabilities[index : index + 1])


def write_prediction(folder: Path, number: int, area: str, prediction: RegionPrediction) -> None:
    """Write the rasters, then the document: where it stands, the rasters stand too. `prediction` is of one area."""
    document = describe(number, area, prediction)
    _write_png(folder / document.label_file, prediction.labels)
    _write_png(folder / document.confidence_file, prediction.confidence)
    _write_png(folder / document.probability_file, prediction.probabilities[0])
    _write_png(folder / document.entropy_file, prediction.entropy)
    write_text(folder / f"{number}_{area}.json", document.model_dump_json(indent=1))


def describe(number: int, area: str, prediction: RegionPrediction) -> SectionPrediction:
    """Extent of the area, and the mean confidence: over the pixels given to the area, or over the region if there are none.

    Doubt: by its own probabilities, the part of the area that is expected to be wrong, missed pixels and false ones together,
    as a share of twice the expected extent; it is 1 − F1 with expected numbers.
    """
    found = prediction.labels == AREA
    probability = prediction.probabilities[0] / 255
    extent = float(probability.sum()) + int(found.sum())
    meant = found if found.any() else prediction.labels != OUTSIDE
    return SectionPrediction(
        section=number,
        area=area,
        grid=prediction.grid,
        label_file=f"{number}_{area}_label.png",
        confidence_file=f"{number}_{area}_confidence.png",
        probability_file=f"{number}_{area}_probability.png",
        entropy_file=f"{number}_{area}_entropy.png",
        area_mm2=um2_to_mm2(int(found.sum()) * prediction.grid.pixel_size_um**2),
        mean_confidence=float(prediction.confidence[meant].mean() / 255) if meant.any() else 0.0,
        doubt=min(1.0, max(0.0, 1 - 2 * float(probability[found].sum()) / extent)) if extent else 0.0,
    )


def _check(parameters: PredictParameters, model: SegmentationModel) -> None:
    first, last = model.sections[0], model.sections[-1]
    outside = [number for number in parameters.sections if not first < number < last]
    if outside:
        raise PredictionInputError(f"sections {outside} do not lie between the training sections {first} and {last}")


def _read(section: SectionReader, grid: RasterGrid) -> NDArray[np.uint8]:
    return read_at(section, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)


def _write_png(path: Path, values: NDArray[np.uint8]) -> None:
    done, data = cv2.imencode(".png", values)
    if not done:
        raise OSError(f"could not encode {path}")
    write_atomically(path, data.tobytes())


class _Reporter:
    """Progress in sections, with tiles as fractions of one; asks after each tile whether to stop."""

    def __init__(self, context: JobContext, sections: int) -> None:
        self._context, self._sections, self._started = context, sections, time.monotonic()

    def tile(self, index: int, number: int, done: int, of: int) -> None:
        if self._context.stop_requested():
            raise JobInterruptedError(f"prediction was stopped in section {number}, after {index} of {self._sections} sections")
        self._tell(f"predicting section {number}", index, index + done / of)

    def section(self, done: int, number: int) -> None:
        self._tell(f"predicted section {number}", done, done)

    def _tell(self, phase: str, step: int, fraction: float) -> None:
        elapsed_s = time.monotonic() - self._started
        eta_s = elapsed_s / fraction * (self._sections - fraction) if fraction else None
        self._context.report(Progress(at=datetime.now(UTC), phase=phase, step=step, of=self._sections, eta_s=eta_s))
