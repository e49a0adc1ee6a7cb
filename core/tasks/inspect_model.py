"""Pictures of what a trained model does at one place of a section: its inputs hidden in turn, and the maps of a layer."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.datasets.open_section import open_section
from core.imaging.sections import read_at
from core.inference.occlusion import feature_maps, occlusions, probabilities
from core.inference.predict import ready
from core.models.geometry import PatchGeometry, patch_geometry
from core.sampling.labels import section_grid
from core.tasks.model_files import load_model

OUTPUT_PX = 256
GAP_PX, CAPTION_PX = 4, 24
COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14), (23, 190, 207))

Picture = NDArray[np.uint8]


class InspectionInputError(Exception):
    """There is nothing to see at that place."""


def inspect_model(
    brain_folder: Path, model_folder: Path, section: int, at_um: tuple[float, float], out: Path, layer: str | None = None
) -> list[Path]:
    """Write `occlusion_<section>.png`, and `features_<section>_<layer>.png` where a layer is named; the files written.

    `model_folder` holds model.safetensors; `at_um` is the middle of what is shown (section frame).
    InspectionInputError, ModelFilesError and UnknownLayerError say what is wrong.
    """
    folder, (description, network) = BrainFolder(brain_folder), load_model(model_folder)
    settings = description.settings
    geometry = patch_geometry(settings, OUTPUT_PX)
    grid = _output_grid(folder, section, at_um, geometry)
    images = _read(folder, section, geometry, grid)
    background = _read_one(folder, section, grid)
    model = ready(network)
    panels = [
        _captioned(_overlaid(background, probabilities(model, shown, settings.precision)), name)
        for name, shown in occlusions(images).items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    whole = _side_by_side([_captioned(_rgb(background), "image"), *panels])
    whole = np.concatenate([whole, _legend(description.areas, whole.shape[1])])
    files = [_write(out / f"occlusion_{section}.png", whole)]
    if layer is not None:
        maps = feature_maps(model, images, layer, settings.precision)
        files.append(_write(out / f"features_{section}_{layer}.png", contact_sheet(maps)))
    return files


def contact_sheet(maps: NDArray[np.float32], tile_px: int = 160) -> Picture:
    """All maps (channels, h, w) of a layer as tiles, each from its lowest value (black) to its highest (white)."""
    columns = int(np.ceil(np.sqrt(len(maps))))
    tiles = [_tile(each, tile_px) for each in maps]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [_side_by_side(tiles[first : first + columns]) for first in range(0, len(tiles), columns)]
    gap = np.full((GAP_PX, rows[0].shape[1]), 255, np.uint8)
    return np.concatenate([part for row in rows for part in (row, gap)][:-1])


def _tile(values: NDArray[np.float32], side_px: int) -> Picture:
    low, high = float(values.min()), float(values.max())
    gray = np.zeros(values.shape, np.uint8) if high == low else ((values - low) / (high - low) * 255).astype(np.uint8)
    smaller = max(values.shape) > side_px
    resized: Picture = np.asarray(
        cv2.resize(gray, (side_px, side_px), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_NEAREST), np.uint8
    )
    return resized


def _output_grid(folder: BrainFolder, section: int, at_um: tuple[float, float], geometry: PatchGeometry) -> RasterGrid:
    """The square of labels around the place, on the section's phase grid."""
    size_um, phase = geometry.output_pixel_size_um, geometry.phase_px
    if section not in {each.number for each in folder.brain.sections}:
        raise InspectionInputError(f"brain {folder.brain.id} has no section {section}; choose one it has")
    whole = section_grid(folder.brain, section, size_um)
    extent_um = whole.width_px * size_um, whole.height_px * size_um
    if not all(0 <= place <= side for place, side in zip(at_um, extent_um, strict=True)):
        raise InspectionInputError(
            f"({at_um[0]:g}, {at_um[1]:g}) µm lies outside section {section}, which is {extent_um[0]:g} x {extent_um[1]:g} µm"
        )
    left, top = (round((place / size_um - geometry.output_px / 2) / phase) * phase * size_um for place in at_um)
    return RasterGrid(pixel_size_um=size_um, origin_um=(left, top), width_px=geometry.output_px, height_px=geometry.output_px)


def _read(folder: BrainFolder, section: int, geometry: PatchGeometry, grid: RasterGrid) -> dict[str, Picture]:
    return {name: _read_one(folder, section, window.grid(grid)) for name, window in geometry.inputs.items()}


def _read_one(folder: BrainFolder, section: int, grid: RasterGrid) -> Picture:
    with open_section(folder, section) as reader:
        return read_at(reader, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)


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


def _side_by_side(pictures: list[Picture]) -> Picture:
    gap = np.full((pictures[0].shape[0], GAP_PX, *pictures[0].shape[2:]), 255, np.uint8)
    return np.concatenate([part for picture in pictures for part in (picture, gap)][:-1], axis=1)


def _write(file: Path, picture: Picture) -> Path:
    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    done, data = cv2.imencode(".png", stored)
    if not done:
        raise OSError(f"could not encode {file}")
    write_atomically(file, data.tobytes())
    return file
