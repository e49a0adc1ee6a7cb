"""Score a local model's predictions against the truth, beside shape interpolation of the two training outlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from core.anatomy.shape_between import fraction_between, interpolated_distance
from core.contracts.base import Contract, Identifier
from core.contracts.datasets import RasterGrid, SectionNumber
from core.contracts.training import AREA, SectionPrediction
from core.datasets import BrainFolder
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from core.imaging.sections import read_at
from core.sampling.labels import OUTSIDE
from core.tasks.model_files import SegmentationModel, load_description
from core.training.metrics import border_distance_um, f1_of_masks


class EvaluationInputError(Exception):
    """There is nothing to score, or nothing to score it against."""


class SectionScore(Contract):
    """Scores of the area on one held-out section, within the prediction's region.

    `border_um_*`: mean symmetric distance to the true border; None where there is no area, or none was found.
    """

    section: SectionNumber
    f1_model: float
    f1_interpolation: float
    border_um_model: float | None
    border_um_interpolation: float | None
    middle_third: bool


class Evaluation(Contract):
    """Scores of all held-out sections, and medians over them and over the middle third of the interval."""

    area: Identifier
    training_sections: tuple[SectionNumber, ...]
    scores: tuple[SectionScore, ...]
    median_f1_model: float
    median_f1_interpolation: float
    middle_median_f1_model: float | None
    middle_median_f1_interpolation: float | None

    @property
    def worst(self) -> SectionScore:
        """The section the model did worst on."""
        return min(self.scores, key=lambda score: score.f1_model)


@dataclass(frozen=True, slots=True)
class Compared:
    """Masks of the area on one section, on the prediction's raster, all restricted to the region `inside`."""

    grid: RasterGrid
    inside: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    model: NDArray[np.bool_]
    interpolation: NDArray[np.bool_]


def evaluate(
    brain_folder: Path, model_folder: Path, predictions: Path, picture: Path | None = None, area: str | None = None
) -> Evaluation:
    """Score every prediction of an area (the model's first by default) against the truth; optionally draw the worst section.

    Interpolation: the training outlines carried onto the section by the alignment, then the zero level of the signed
    distances weighted by how near each training section is. EvaluationInputError names what is missing.
    """
    folder, model = BrainFolder(brain_folder), load_description(model_folder)
    documents = _load_documents(predictions, area or model.areas[0])
    scores = []
    for document in documents:
        compared = compare(folder, model, document, predictions)
        scores.append(_score(document.section, compared, 1 / 3 <= _fraction(model, document.section) <= 2 / 3))
    evaluation = _summary(documents[0].area, model, scores)
    if picture is not None:
        document = next(document for document in documents if document.section == evaluation.worst.section)
        draw_section(folder, document, compare(folder, model, document, predictions), evaluation.worst, picture)
    return evaluation


def _score(section: int, compared: Compared, middle_third: bool) -> SectionScore:
    pixel_um = compared.grid.pixel_size_um
    return SectionScore(
        section=section,
        f1_model=f1_of_masks(compared.truth, compared.model),
        f1_interpolation=f1_of_masks(compared.truth, compared.interpolation),
        border_um_model=border_distance_um(compared.truth, compared.model, compared.inside, pixel_um),
        border_um_interpolation=border_distance_um(compared.truth, compared.interpolation, compared.inside, pixel_um),
        middle_third=middle_third,
    )


def _load_documents(predictions: Path, area: str) -> list[SectionPrediction]:
    found = (SectionPrediction.model_validate_json(path.read_text(encoding="utf-8")) for path in predictions.glob("*.json"))
    documents = [document for document in found if document.area == area]
    if not documents:
        raise EvaluationInputError(f"{predictions} holds no predictions of {area}; run `brodmann predict` first")
    return sorted(documents, key=lambda document: document.section)


def compare(folder: BrainFolder, model: SegmentationModel, document: SectionPrediction, predictions: Path) -> Compared:
    """Truth, prediction and interpolation of one section; EvaluationInputError when the prediction's raster is not there."""
    labels = cv2.imread(str(predictions / document.label_file), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.shape != (document.grid.height_px, document.grid.width_px):
        raise EvaluationInputError(f"{predictions / document.label_file} is not the raster of section {document.section}")
    inside = labels != OUTSIDE
    outlines = [outline.paths for outline in folder.truth(document.section).outlines if outline.area == document.area]
    truth = np.zeros_like(inside)
    for paths in outlines:
        truth |= rasterise(rings(paths), document.grid)
    between = _interpolated(folder, model, document)
    return Compared(document.grid, inside, truth & inside, (labels == AREA) & inside, between & inside)


def _interpolated(folder: BrainFolder, model: SegmentationModel, document: SectionPrediction) -> NDArray[np.bool_]:
    """The outlines of the two nearest training sections, carried onto the section and interpolated by their shape."""
    placed = model.placed(document.section, document.area)
    return interpolated_distance(folder.alignment, placed, document.section, document.grid) > 0


def _fraction(model: SegmentationModel, section: int) -> float:
    """Where the section lies between its two nearest training sections, from 0 to 1."""
    neighbours = model.neighbours(section)
    return fraction_between(section, neighbours[0], neighbours[-1])


def _summary(area: str, model: SegmentationModel, scores: Sequence[SectionScore]) -> Evaluation:
    middle = [score for score in scores if score.middle_third]
    return Evaluation(
        area=area,
        training_sections=model.sections,
        scores=tuple(scores),
        median_f1_model=median(score.f1_model for score in scores),
        median_f1_interpolation=median(score.f1_interpolation for score in scores),
        middle_median_f1_model=median(score.f1_model for score in middle) if middle else None,
        middle_median_f1_interpolation=median(score.f1_interpolation for score in middle) if middle else None,
    )


def draw_section(folder: BrainFolder, document: SectionPrediction, compared: Compared, score: SectionScore, path: Path) -> None:
    """A picture of one section with the outlines of truth, model and interpolation."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to load, and only drawn on request
    from matplotlib.figure import Figure  # noqa: PLC0415

    grid = compared.grid
    with folder.pyramid(document.section) as pyramid:
        image = read_at(pyramid, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)
    figure = Figure(figsize=(9, 9 * grid.height_px / grid.width_px + 1), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    names = {
        "truth": ("#2ca02c", compared.truth),
        f"model, F1 {score.f1_model:.2f}": ("#d62728", compared.model),
        f"shape interpolation, F1 {score.f1_interpolation:.2f}": ("#1f77b4", compared.interpolation),
    }
    for name, (colour, mask) in names.items():
        if mask.any():
            axes.contour(mask, levels=[0.5], colors=[colour], linewidths=1.2)
        axes.plot([], [], color=colour, label=name)
    axes.legend(loc="upper left")
    axes.set_title(f"{folder.brain.id}, section {document.section}, {document.area}")
    axes.set_axis_off()
    temporary = path.with_name(f".{path.stem}.partial.png")
    figure.savefig(temporary, dpi=150)
    temporary.replace(path)
