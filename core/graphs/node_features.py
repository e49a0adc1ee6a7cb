"""What the nodes of a midsurface know beside deep features: coordinates, probabilistic maps, annotated areas (thesis 7.1.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.anatomy.atlas import load_space
from core.anatomy.midsurface import NO_SECTION, Midsurface
from core.contracts.annotations import FrozenAnnotation
from core.datasets import BrainFolder, MissingFileError
from core.datasets.atlas import Projection, read_projection
from core.geometry.polygons import region, rings
from core.graphs.cortex import NOT_ANNOTATED, TEST, TRAINING, TRANSFER
from core.sampling import patch_sites
from core.sampling.patch_sites import AnnotatedBrain, section_splits

_USES = {patch_sites.TRAIN: TRAINING, patch_sites.TEST: TEST, patch_sites.TRANSFER: TRANSFER}
Nodes = NDArray[np.intp]


class MapsError(ValueError):
    """The probabilistic maps of several brains do not go together."""


@dataclass(frozen=True, slots=True)
class AtlasFeatures:
    """What a reference space says at each of n nodes: `coordinates` (n, 3) from -1 to 1 and `maps` (n, areas) in [0, 1].

    Both are 0 where a node lies on no section or outside of the reference volume.
    """

    coordinates: NDArray[np.float32]
    maps: NDArray[np.float16]
    areas: tuple[str, ...]


def on_sections(surface: Midsurface) -> Iterator[tuple[int, Nodes]]:
    """Every section that usable nodes lie on, in order, and which."""
    usable = (surface.section != NO_SECTION) & (surface.usable > 0)
    for number in np.unique(surface.section[usable]).tolist():
        yield number, np.flatnonzero(usable & (surface.section == number))


def atlas_features(folder: BrainFolder, surface: Midsurface) -> AtlasFeatures | None:
    """What was projected onto the sections, read at the nodes' places; None where a section has no projection.

    MapsError when sections have different maps.
    """
    nodes = len(surface.section)
    coordinates, maps, areas = np.zeros((nodes, 3), np.float32), np.zeros((nodes, 0), np.float16), None
    for number, here in on_sections(surface):
        try:
            projection = read_projection(folder, number)
        except MissingFileError:
            return None
        if areas is None:
            areas, maps = projection.areas, np.zeros((nodes, len(projection.areas)), np.float16)
        if projection.areas != areas:
            raise MapsError(f"section {number} of {folder.brain.id} has other maps than others; run `brodmann atlas` again")
        coordinates[here], maps[here] = _at(projection, surface.point_um[here])
    return AtlasFeatures(coordinates, maps, areas or ())


def reference_points(folder: BrainFolder, surface: Midsurface) -> NDArray[np.float32] | None:
    """Where usable nodes lie in the reference space, (n, 3) in mm, NaN for the others; None where a section is not mapped."""
    try:
        space = load_space(folder)
    except MissingFileError:
        return None
    found = np.full((len(surface.section), 3), np.nan, np.float32)
    for number, here in on_sections(surface):
        if number not in space.sections:
            return None
        found[here] = space.points(number, surface.point_um[here].astype(np.float64))
    return found


def own_coordinates(surface: Midsurface) -> NDArray[np.float32]:
    """Coordinates (n, 3) from -1 to 1 over the extent of the surface itself, for want of a reference space."""
    (coordinates,) = scaled_together([surface.vertices_mm])
    return coordinates


def scaled_together(points_mm: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Points (n, 3) of several brains from -1 to 1 over the box of all of them; those that are NaN become 0."""
    everything = np.concatenate(points_mm)
    low, high = np.nanmin(everything, axis=0), np.nanmax(everything, axis=0)
    return [np.nan_to_num(2 * (each - low) / np.maximum(high - low, 1e-6) - 1).astype(np.float32) for each in points_mm]


def annotated_nodes(surface: Midsurface, annotations: Sequence[FrozenAnnotation], areas: Sequence[str]) -> NDArray[np.int16]:
    """The number of the area that each usable node lies in on its section, (n,), -1 for none; of two, the later in `areas`."""
    found = np.full(len(surface.section), -1, np.int16)
    for number, here in on_sections(surface):
        for index, area in enumerate(areas):
            drawn = [each for each in annotations if (each.section, each.area) == (number, area)]
            for outline in drawn:
                shape = region(rings(outline.paths))
                found[here[shapely.contains_xy(shape, surface.point_um[here].astype(np.float64))]] = index
    return found


def node_uses(
    surface: Midsurface, annotations: Sequence[FrozenAnnotation], areas: Sequence[str], test_every: int, held_out: bool
) -> NDArray[np.uint8]:
    """What each node is for, (n,): by its section, divided as the patches' sections are (thesis 7.1.2)."""
    drawn = sorted({each.section for each in annotations if each.area in set(areas)})
    uses = np.full(len(surface.section), NOT_ANNOTATED, np.uint8)
    for number, split in section_splits(drawn, test_every, held_out).items():
        uses[surface.section == number] = _USES[split]
    return uses


def labels_and_uses(
    brain: AnnotatedBrain, surface: Midsurface, areas: Sequence[str], test_every: int, held_out: bool
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Annotated areas and uses of a brain's nodes; nodes without an area have no use."""
    labels = annotated_nodes(surface, brain.annotations, areas)
    uses = node_uses(surface, brain.annotations, areas, test_every, held_out)
    uses[labels < 0] = NOT_ANNOTATED
    return labels, uses


def _at(projection: Projection, points_um: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """The projection at the pixels that points lie in."""
    grid = projection.grid
    column, row = np.floor((points_um - np.asarray(grid.origin_um)) / grid.pixel_size_um).astype(np.intp).T
    row, column = np.clip(row, 0, grid.height_px - 1), np.clip(column, 0, grid.width_px - 1)
    return np.nan_to_num(projection.coordinates[row, column]), projection.probabilities[row, column].astype(np.float16)
