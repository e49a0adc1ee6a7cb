"""Train a segmentation model on annotated sections: local, of two of them (thesis 5.1), or global, of all (thesis 5.2)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from torch import nn

from core.contracts.annotations import FrozenAnnotation
from core.contracts.jobs import JobDefinition, Progress
from core.contracts.training import Calibration, ModelReport, SegmentationSettings, TrainParameters
from core.datasets import BrainFolder
from core.geometry.polygons import rings
from core.models.factory import build_model, input_names
from core.models.geometry import patch_geometry
from core.models.start_weights import load_start_weights
from core.sampling.centres import class_weights
from core.sampling.resident import ResidentSection, Surroundings, load_resident, resident_bytes
from core.sampling.shapes import carried
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.model_files import REPORT_FILE, SegmentationModel, load_model, outlines_on, save_model, take_over, write_text
from core.tasks.telling import say_nothing, tell
from core.training.batches import batches
from core.training.loop import TrainingResult, train_model
from core.training.normalisation import recalibrate
from core.training.peers import Peers, joined
from core.training.report import calibrated, model_report
from core.training.validation import HeldOut, evaluated, f1_by_area, split_sections

RECALIBRATION_BATCHES = 20
RESIDENT_SHARE = 0.5
"""Of the machine's memory, for images of training sections; what does not fit is read patch by patch."""


class TrainingInputError(Exception):
    """Training cannot start with what it was given."""


def train(definition: JobDefinition, context: JobContext) -> None:
    """Write `report.json`, `model.safetensors` and `model.json` into the results; resumes from a checkpoint.

    TrainingInputError, ClassAbsentError, UnknownWeightsError or TrainingDivergedError say what is wrong with the inputs or the
    settings; JobInterruptedError when asked to stop, after writing a checkpoint. Several processes, started as torchrun does,
    train one model together; the first one reports and writes. PeersError when they do not find or lose one another.
    """
    parameters = definition.parameters
    if not isinstance(parameters, TrainParameters):
        raise TrainingInputError(f"job {definition.key} is a {parameters.kind} job, not a train job")
    with joined() as peers:
        trained = _train(definition, parameters, context if peers.speaks else replace(context, report=say_nothing), peers)
    if not peers.speaks:  # The others need not wait for what one does alone.
        return
    result = trained.result
    report = _report(trained, parameters)
    _tell_validation(context.report, parameters.settings, result, report.validation_f1)
    write_text(context.results / REPORT_FILE, report.model_dump_json(indent=1))
    save_model(context.results, trained.model, _describe(definition, parameters, result, report.calibration))


@dataclass(frozen=True, slots=True)
class _Trained:
    model: nn.Module
    held_out: HeldOut
    sections: Sequence[ResidentSection]
    result: TrainingResult


def _train(definition: JobDefinition, parameters: TrainParameters, context: JobContext, peers: Peers) -> _Trained:
    """What all processes do together."""
    settings = parameters.settings
    sections = _load_sections(definition, parameters, context)
    if settings.shape_input:
        folder = BrainFolder(context.brain_folder)
        sections = [_with_shapes(folder, definition.inputs.annotations, section, parameters) for section in sections]
    source, held_out = split_sections(sections, parameters.areas, settings)
    weights = class_weights(source.centres.counts)
    if not settings.weight_classes:
        weights = (weights > 0).astype(np.float32)
    areas = len(parameters.areas)
    model = build_model(settings.architecture, settings.seed, areas, areas if settings.shape_input else 0)
    if parameters.start_model is not None:
        take_over(model, *load_model(context.results_of(parameters.start_model)))
    elif settings.start_weights is not None:
        load_start_weights(model, settings.start_weights)
    result = train_model(model, source, weights, settings, context, peers)
    if not result.finished:
        raise JobInterruptedError(f"training was stopped after {result.steps} of {settings.iterations} iterations")
    last = result.steps + RECALIBRATION_BATCHES
    recalibrate(model, batches(source, result.steps, last, peers, context.open_stage), settings.precision)
    return _Trained(model, held_out, sections, result)


def surroundings_of(settings: SegmentationSettings) -> Surroundings:
    """What training needs of a section around the area."""
    geometry = patch_geometry(settings)
    return Surroundings(
        input_pixel_sizes_um={name: geometry.inputs[name].pixel_size_um for name in input_names(settings.architecture)},
        label_pixel_size_um=settings.low_pixel_size_um,
        radius_mm=settings.roi_radius_mm,
        reach_um=geometry.reach_um,
    )


def _load_sections(definition: JobDefinition, parameters: TrainParameters, context: JobContext) -> list[ResidentSection]:
    folder = BrainFolder(context.brain_folder)
    keep = surroundings_of(parameters.settings)
    limit_bytes = RESIDENT_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    sections: list[ResidentSection] = []
    for done, number in enumerate(parameters.sections):
        tell(context.report, f"reading section {number}", done, len(parameters.sections))
        outlines = [outlines_on(definition.inputs.annotations, area, number) for area in parameters.areas]
        for area, found in zip(parameters.areas, outlines, strict=True):
            if not found:
                raise TrainingInputError(
                    f"area {area} is not annotated on section {number}; outline it there or choose another section"
                )
        left_bytes = limit_bytes - sum(resident_bytes(section) for section in sections)
        sections.append(load_resident(folder, number, outlines, keep, left_bytes))
    return sections


def _with_shapes(
    folder: BrainFolder, annotations: tuple[FrozenAnnotation, ...], section: ResidentSection, parameters: TrainParameters
) -> ResidentSection:
    """The section with each area's shape on it, and that of the nearest other training section."""
    number, alignment = section.number, folder.alignment
    other = min((each for each in parameters.sections if each != number), key=lambda each: abs(each - number))
    shapes = []
    for area in parameters.areas:
        drawn = {
            each: [ring for paths in outlines_on(annotations, area, each) for ring in rings(paths)] for each in (number, other)
        }
        own, theirs = (carried(alignment, (each, drawn[each]), number, section.labels.grid) for each in (number, other))
        shapes.append((own, theirs))
    return replace(section, shapes=tuple(shapes))


def _report(trained: _Trained, parameters: TrainParameters) -> ModelReport:
    """How good the model is on what was held out, and how honest."""
    pixels = list(evaluated(trained.model, trained.held_out))
    labels = [section.labels_in_region.values for section in trained.sections]
    return model_report(parameters, trained.result, labels, f1_by_area(pixels, parameters.areas), calibrated(pixels))


def _describe(
    definition: JobDefinition, parameters: TrainParameters, result: TrainingResult, calibration: Calibration | None
) -> SegmentationModel:
    areas, sections = set(parameters.areas), set(parameters.sections)
    return SegmentationModel(
        areas=parameters.areas,
        sections=parameters.sections,
        settings=parameters.settings,
        brain=definition.inputs.brain,
        annotations=tuple(a for a in definition.inputs.annotations if a.area in areas and a.section in sections),
        iterations=parameters.settings.iterations,
        final_loss=result.loss,
        final_f1_area=result.f1_area,
        temperature=calibration.temperature if calibration else 1.0,
        code_version=definition.code_version,
        trained_at=datetime.now(UTC),
    )


def _tell_validation(
    report: Callable[[Progress], None], settings: SegmentationSettings, result: TrainingResult, f1: dict[str, float]
) -> None:
    """The last line of progress; without held-out blocks there is no validation F1 in it."""
    metrics = {"f1_area": result.f1_area}
    if f1:
        metrics["validation_f1"] = float(np.mean(list(f1.values())))
    of = settings.iterations
    report(Progress(at=datetime.now(UTC), phase="validated", step=of, of=of, loss=result.loss, metrics=metrics, eta_s=0.0))
