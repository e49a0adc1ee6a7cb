"""What a training leaves behind: `model.safetensors` (weights), `model.json` (what they are and what they were made of), and
`report.json` (ModelReport, how good the model is).
"""

from pathlib import Path
from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from core.contracts.annotations import FrozenAnnotation, Paths
from core.contracts.base import Contract, Identifier, Moment
from core.contracts.datasets import SectionNumber
from core.contracts.jobs import BrainReference
from core.contracts.training import SegmentationSettings
from core.datasets.files import write_atomically
from core.geometry.polygons import Ring, rings
from core.models.factory import build_model, with_shapes
from core.training.checkpoint import write_tensors

WEIGHTS_FILE, DESCRIPTION_FILE, REPORT_FILE = "model.safetensors", "model.json", "report.json"


class ModelFilesError(Exception):
    """A model folder that cannot be used."""


class SegmentationModel(Contract):
    """`model.json`: a segmentation model of one or several areas, and the sections it was trained on."""

    format_version: Literal[1] = 1
    areas: tuple[Identifier, ...]
    sections: tuple[SectionNumber, ...]
    settings: SegmentationSettings
    brain: BrainReference
    annotations: tuple[FrozenAnnotation, ...]
    iterations: PositiveInt
    final_loss: NonNegativeFloat
    final_f1_area: NonNegativeFloat
    temperature: PositiveFloat = 1.0
    code_version: str
    trained_at: Moment

    def outlines(self, section: int, area: str | None = None) -> list[Paths]:
        """The paths of an area, or of all the model's areas, on one of the training sections."""
        areas = self.areas if area is None else (area,)
        return [paths for name in areas for paths in outlines_on(self.annotations, name, section)]

    def neighbours(self, section: int) -> tuple[SectionNumber, ...]:
        """The nearest training sections on both sides of a section; of the ends, the one there is."""
        below = [number for number in self.sections if number <= section]
        above = [number for number in self.sections if number >= section]
        return tuple(sorted({*below[-1:], *above[:1]}))

    def placed(self, section: int, area: str) -> list[tuple[int, list[Ring]]]:
        """An area's rings on the nearest training sections on both sides of a section."""
        return [
            (number, [ring for paths in self.outlines(number, area) for ring in rings(paths)])
            for number in self.neighbours(section)
        ]


def outlines_on(annotations: tuple[FrozenAnnotation, ...], area: str, section: int) -> list[Paths]:
    """Paths of all annotations of an area on a section."""
    return [annotation.paths for annotation in annotations if (annotation.area, annotation.section) == (area, section)]


def save_model(folder: Path, model: nn.Module, description: SegmentationModel) -> None:
    """Write both files, the description last: where it stands, the weights stand too."""
    write_tensors(folder / WEIGHTS_FILE, model.state_dict(), {})
    write_text(folder / DESCRIPTION_FILE, description.model_dump_json(indent=1))


def load_description(folder: Path) -> SegmentationModel:
    """Read `model.json`; ModelFilesError when it is missing or not valid."""
    path = folder / DESCRIPTION_FILE
    try:
        return SegmentationModel.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFilesError(f"{path} is missing: the training job has not ended well; train again") from error
    except ValidationError as error:
        raise ModelFilesError(f"{path} is not a model description: {error}") from error


def load_network(folder: Path, description: SegmentationModel) -> nn.Module:
    """The trained network; ModelFilesError when the weights are missing or do not fit the description."""
    path = folder / WEIGHTS_FILE
    areas = len(description.areas)
    model = build_model(description.settings.architecture, areas=areas, shapes=areas if description.settings.shape_input else 0)
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
        model.load_state_dict(tensors)
    except (FileNotFoundError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]  # torch goes on to list every layer
        raise ModelFilesError(f"{path} does not hold the weights of a {description.settings.architecture}: {reason}") from error
    return model


def load_model(folder: Path) -> tuple[SegmentationModel, nn.Module]:
    """Description and trained network of a model folder; ModelFilesError."""
    description = load_description(folder)
    return description, load_network(folder, description)


def take_over(model: nn.Module, description: SegmentationModel, trained: nn.Module) -> None:
    """Start `model` from a trained one; a classifier for another number of areas is not taken over.

    ModelFilesError when the other is of another architecture.
    """
    own = model.state_dict()
    other = with_shapes(trained.state_dict(), own)
    shared = {name: value for name, value in other.items() if name in own and value.shape == own[name].shape}
    if type(model) is not type(trained):
        name = description.settings.architecture
        raise ModelFilesError(f"the model to start from is a {name}, not a {type(model).__name__}; choose one of the same kind")
    model.load_state_dict(own | shared)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename it."""
    write_atomically(path, (text + "\n").encode())
