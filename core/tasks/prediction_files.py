"""What a prediction leaves behind: for each section and area a document and its rasters."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.training import AREA, OTHER_GRAY_MATTER, SectionPrediction
from core.datasets.files import write_atomically
from core.inference.border import border_stretches
from core.inference.predict import RegionPrediction
from core.sampling.labels import OUTSIDE
from core.tasks.model_files import write_text
from core.units import um2_to_mm2


def of_area(prediction: RegionPrediction, index: int) -> RegionPrediction:
    """The prediction as one area's own: that area is AREA, all other areas are other gray matter."""
    labels = prediction.labels
    other = (labels >= AREA) & (labels != OUTSIDE) & (labels != AREA + index)
    own = np.where(other, np.uint8(OTHER_GRAY_MATTER), labels)
    own[labels == AREA + index] = AREA
    return replace(prediction, labels=own, probabilities=prediction.probabilities[index : index + 1])


def write_prediction(folder: Path, number: int, area: str, prediction: RegionPrediction, alignment_doubt: str = "") -> None:
    """Write the rasters, then the document: where it stands, the rasters stand too. `prediction` is of one area."""
    document = describe(number, area, prediction).model_copy(update={"alignment_doubt": alignment_doubt})
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
    probability = prediction.probabilities[0] / np.float32(255)
    extent = float(probability.sum(dtype=np.float64)) + int(found.sum())
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
        doubt=min(1.0, max(0.0, 1 - 2 * float(probability[found].sum(dtype=np.float64)) / extent)) if extent else 0.0,
        border=border_stretches(found, probability, prediction.labels != OUTSIDE, prediction.grid),
    )


def _write_png(path: Path, values: NDArray[np.uint8]) -> None:
    done, data = cv2.imencode(".png", values)
    if not done:
        raise OSError(f"could not encode {path}")
    write_atomically(path, data.tobytes())
