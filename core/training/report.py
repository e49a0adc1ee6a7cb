"""What a training can say of itself: the report beside a model, with warnings in words a person can act on."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.training import AREA, AUXILIARY_CLASSES, Calibration, ModelReport, TrainParameters
from core.training.calibration import fit_temperature
from core.training.loop import TrainingResult
from core.units import um2_to_mm2

PIXELS_TO_CALIBRATE_ON = 200_000
FEW_MM2 = 2.0
RARE_SHARE = 0.005
GAP_F1 = 0.15
DISHONEST_ECE = 0.05


def calibrated(pixels: Sequence[tuple[Tensor, Tensor]]) -> Calibration | None:
    """Temperature from logits and labels of held-out pixels (batches of core.training.validation); None without any."""
    if not pixels:
        return None
    logits, labels = (torch.cat(parts) for parts in zip(*pixels, strict=True))
    every = max(1, len(labels) // PIXELS_TO_CALIBRATE_ON)
    return fit_temperature(logits[::every].numpy(), labels[::every].numpy()) if len(labels) else None


def model_report(
    parameters: TrainParameters,
    result: TrainingResult,
    labels: Sequence[NDArray[np.uint8]],
    validation_f1: Mapping[str, float],
    calibration: Calibration | None,
) -> ModelReport:
    """The report of a training on `labels`, the class rasters of its sections within their regions of interest."""
    areas = parameters.areas
    training_f1 = dict(zip(areas, result.f1, strict=True))
    warnings = [
        *result.warnings,
        *_of_labels(parameters, labels),
        *_of_scores(training_f1, validation_f1),
        *_of_calibration(parameters, calibration),
    ]
    return ModelReport(
        areas=areas,
        sections=parameters.sections,
        iterations=parameters.settings.iterations,
        final_loss=result.loss,
        training_f1=training_f1,
        validation_f1=dict(validation_f1),
        calibration=calibration,
        warnings=tuple(warnings),
    )


def _of_labels(parameters: TrainParameters, labels: Sequence[NDArray[np.uint8]]) -> Iterator[str]:
    """Few labelled pixels of an area, and classes that are absent or nearly so."""
    names = (*AUXILIARY_CLASSES, *parameters.areas)
    counts = np.stack([np.bincount(raster.ravel(), minlength=256)[: len(names)] for raster in labels])
    pixel_mm2 = um2_to_mm2(parameters.settings.low_pixel_size_um**2)
    for number, row in zip(parameters.sections, counts, strict=True):
        for area, pixels in zip(parameters.areas, row[AREA:], strict=True):
            extent_mm2 = pixels * pixel_mm2
            if extent_mm2 < FEW_MM2:
                yield f"{area} covers only {extent_mm2:.1f} mm² of gray matter on section {number}: little to learn from"
    shares = counts.sum(axis=0) / max(1, counts.sum())
    for name, share in zip(names, shares, strict=True):
        if share == 0:
            yield f"there is no {name} in the training regions: the model cannot know it"
        elif share < RARE_SHARE:
            yield f"{name} makes up only {share:.1%} of the training regions: the model may miss it"


def _of_scores(training_f1: Mapping[str, float], validation_f1: Mapping[str, float]) -> Iterator[str]:
    for area, score in validation_f1.items():
        if training_f1[area] - score > GAP_F1:
            yield (
                f"{area} scores F1 {score:.2f} on held-out parts of the training sections, but {training_f1[area]:.2f} on what "
                "was learnt: the model knows its examples better than the area; annotate another section"
            )


def _of_calibration(parameters: TrainParameters, calibration: Calibration | None) -> Iterator[str]:
    if calibration is None and parameters.settings.validation_share > 0:
        yield "the training regions are too small to hold a part out: neither validated nor calibrated, doubt is a rough guess"
    elif calibration is None:
        yield "nothing was held out: neither validated nor calibrated, doubt is a rough guess"
    elif calibration.ece_after > DISHONEST_ECE:
        yield (
            f"probabilities are off by {calibration.ece_after:.0%} on average on held-out parts, even calibrated: "
            "take doubt as a rough guess"
        )
