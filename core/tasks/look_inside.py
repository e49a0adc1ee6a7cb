"""The `inspect` job: what a model sees, finds and responds to at one place of a section, as pictures for the page."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

from core.contracts.inspection import FeatureSheet, InspectedInput, Inspection, InspectParameters, Occlusion
from core.contracts.jobs import JobDefinition, Progress
from core.contracts.training import AREA
from core.datasets import BrainFolder
from core.inference.occlusion import occlusions, probabilities, stage_names, watch_layers
from core.inference.predict import ready
from core.models.geometry import patch_geometry
from core.tasks.contact_sheet import contact_sheet, write_png
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.inspected_place import OUTPUT_PX, InspectionInputError, Picture, Place, read_place
from core.tasks.model_files import SegmentationModel, load_model, write_text

DOCUMENT = "inspection.json"
# What a page shows of an input or a layer: more would be looked at on the section itself.
INPUT_PX, TILE_PX = 768, 80
STEPS = 3


def inspect(definition: JobDefinition, context: JobContext) -> None:
    """Write `inspection.json` and the pictures it names.

    InspectionInputError or ModelFilesError say what is wrong; JobInterruptedError when asked to stop.
    """
    parameters = definition.parameters
    if not isinstance(parameters, InspectParameters):
        raise InspectionInputError(f"job {definition.key} is a {parameters.kind} job, not an inspect job")
    _tell(context, "reading the section", 0)
    description, network = load_model(context.results_of(parameters.model_job))
    folder, geometry = BrainFolder(context.brain_folder), patch_geometry(description.settings, OUTPUT_PX)
    place = read_place(folder, parameters.section, parameters.centre_um, geometry)
    model = ready(network)
    _tell(context, "hiding inputs", 1)
    occluded = _occlusions(context.results, model, description, place)
    _tell(context, "drawing layers", 2)
    features = _features(context.results, model, description, place)
    found = Inspection(
        section=parameters.section,
        areas=description.areas,
        grid=place.grid,
        image_file=write_png(context.results / "image.png", place.image).name,
        inputs=_inputs(context.results, place),
        occlusions=occluded,
        features=features,
    )
    write_text(context.results / DOCUMENT, found.model_dump_json(indent=1))
    _tell(context, "done", STEPS)


def _inputs(results: Path, place: Place) -> tuple[InspectedInput, ...]:
    return tuple(
        InspectedInput.model_validate(
            {
                "name": name,
                "grid": place.input_grids[name],
                "file": write_png(results / f"input_{name}.png", _at_most(image, INPUT_PX)).name,
            }
        )
        for name, image in place.inputs.items()
    )


def _occlusions(results: Path, model: nn.Module, description: SegmentationModel, place: Place) -> tuple[Occlusion, ...]:
    precision, temperature = description.settings.precision, description.temperature
    return tuple(
        _occlusion(results, kept, description.areas, probabilities(model, shown, precision, temperature))
        for kept, shown in occlusions(place.inputs).items()
    )


def _occlusion(results: Path, kept: tuple[str, ...], areas: tuple[str, ...], probability: NDArray[np.float32]) -> Occlusion:
    """`probability` is (classes, h, w); its areas follow the auxiliary classes."""
    labels = probability.argmax(axis=0)
    files = [
        write_png(
            results / f"probability_{'_'.join(kept)}_{area}.png",
            np.rint(probability[AREA + index] * 255).astype(np.uint8),
        ).name
        for index, area in enumerate(areas)
    ]
    shares = [float((labels == AREA + index).mean()) for index in range(len(areas))]
    return Occlusion.model_validate({"shown": kept, "probability_files": files, "shares": shares})


def _features(results: Path, model: nn.Module, description: SegmentationModel, place: Place) -> tuple[FeatureSheet, ...]:
    sheets: dict[str, FeatureSheet] = {}

    def draw(layer: str, maps: NDArray[np.float32]) -> None:
        file = write_png(results / f"features_{layer}.png", contact_sheet(maps, TILE_PX))
        count, height_px, width_px = maps.shape
        sheets[layer] = FeatureSheet(layer=layer, maps=count, width_px=width_px, height_px=height_px, file=file.name)

    layers = stage_names(model)
    watch_layers(model, place.inputs, description.settings.precision, layers, draw)
    return tuple(sheets[layer] for layer in layers)


def _at_most(image: Picture, side_px: int) -> Picture:
    """The image, made smaller where it is larger than this."""
    longest = max(image.shape)
    if longest <= side_px:
        return image
    height_px, width_px = (max(1, round(side * side_px / longest)) for side in image.shape)
    return np.asarray(cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def _tell(context: JobContext, phase: str, step: int) -> None:
    if context.stop_requested():
        raise JobInterruptedError(f"looking inside was stopped before {phase}")
    context.report(Progress(at=datetime.now(UTC), phase=phase, step=step, of=STEPS))
