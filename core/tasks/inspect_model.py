"""Pictures of what a trained model does at one place of a section: its inputs hidden in turn, and the maps of a layer."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.training import AREA
from core.datasets import BrainFolder
from core.inference.occlusion import feature_maps, occlusions, probabilities
from core.inference.predict import ready
from core.models.geometry import patch_geometry
from core.tasks.contact_sheet import contact_sheet, side_by_side, write_png
from core.tasks.inspected_place import OUTPUT_PX, Picture, read_place
from core.tasks.model_files import load_model

AS_TRAINED = "as trained"
CAPTION_PX = 24
COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14), (23, 190, 207))


def inspect_model(
    brain_folder: Path, model_folder: Path, section: int, at_um: tuple[float, float], out: Path, layer: str | None = None
) -> list[Path]:
    """Write `occlusion_<section>.png`, and `features_<section>_<layer>.png` where a layer is named; the files written.

    `model_folder` holds model.safetensors; `at_um` is the middle of what is shown (section frame).
    InspectionInputError, ModelFilesError and UnknownLayerError say what is wrong.
    """
    folder, (description, network) = BrainFolder(brain_folder), load_model(model_folder)
    settings = description.settings
    place = read_place(folder, section, at_um, patch_geometry(settings, OUTPUT_PX))
    model = ready(network)
    panels = [
        _captioned(_overlaid(place.image, probabilities(model, shown, settings.precision)), _words(kept, place.inputs))
        for kept, shown in occlusions(place.inputs).items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    whole = side_by_side([_captioned(_rgb(place.image), "image"), *panels])
    whole = np.concatenate([whole, _legend(description.areas, whole.shape[1])])
    files = [write_png(out / f"occlusion_{section}.png", whole)]
    if layer is not None:
        maps = feature_maps(model, place.inputs, layer, settings.precision)
        files.append(write_png(out / f"features_{section}_{layer}.png", contact_sheet(maps)))
    return files


def _words(kept: tuple[str, ...], inputs: dict[str, Picture]) -> str:
    return AS_TRAINED if len(kept) == len(inputs) else f"{kept[0]} resolution only"


def _overlaid(image: Picture, shares: NDArray[np.float32]) -> Picture:
    """The image with every area's pixels in the area's colour."""
    coloured, labels = _rgb(image), shares.argmax(axis=0)
    for index in range(len(shares) - AREA):
        found = labels == AREA + index
        coloured[found] = (0.5 * coloured[found] + 0.5 * np.array(COLOURS[index % len(COLOURS)])).astype(np.uint8)
    return coloured


def _rgb(image: Picture) -> Picture:
    return np.repeat(image[..., None], 3, axis=2)


def _captioned(picture: Picture, words: str) -> Picture:
    """The picture at twice its size below a line of words."""
    large = picture.repeat(2, axis=0).repeat(2, axis=1)
    line = np.full((CAPTION_PX, large.shape[1], 3), 255, np.uint8)
    cv2.putText(line, words, (4, CAPTION_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (30, 30, 30), 1, cv2.LINE_AA)
    return np.concatenate([line, large])


def _legend(areas: Sequence[str], width_px: int) -> Picture:
    """A line with the areas' names in their colours."""
    line, x_px = np.full((CAPTION_PX, width_px, 3), 255, np.uint8), 4
    for index, area in enumerate(areas):
        colour = COLOURS[index % len(COLOURS)]
        cv2.putText(line, area, (x_px, CAPTION_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 2, cv2.LINE_AA)
        x_px += 12 * len(area) + 24
    return line
