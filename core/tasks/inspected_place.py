"""The place of a section at which a model is looked into: the square it labels there, and what its inputs show of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.datasets.open_section import open_section
from core.imaging.sections import read_at
from core.models.geometry import PatchGeometry, shape_names
from core.sampling.labels import section_grid

OUTPUT_PX = 256

Picture = NDArray[np.uint8]


class InspectionInputError(Exception):
    """There is nothing to see at that place."""


@dataclass(frozen=True, slots=True)
class Place:
    """The labelled square, the section on its grid (h, w), and each input (h, w) with its grid, in the network's order."""

    grid: RasterGrid
    image: Picture
    inputs: dict[str, Picture]
    input_grids: dict[str, RasterGrid]


def read_place(folder: BrainFolder, section: int, at_um: tuple[float, float], geometry: PatchGeometry) -> Place:
    """What a network of this geometry is shown around a place (section frame).

    InspectionInputError off the section, and for a network that is shown more than images.
    """
    if shape_names(1)[0] in geometry.inputs:
        raise InspectionInputError("a model that sees shapes cannot be looked into yet; choose one without shape_input")
    grid = _output_grid(folder, section, at_um, geometry)
    input_grids = {name: window.grid(grid) for name, window in geometry.inputs.items()}
    return Place(
        grid=grid,
        image=_read(folder, section, grid),
        inputs={name: _read(folder, section, each) for name, each in input_grids.items()},
        input_grids=input_grids,
    )


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


def _read(folder: BrainFolder, section: int, grid: RasterGrid) -> Picture:
    with open_section(folder, section) as reader:
        return read_at(reader, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)
