"""Training sections around their regions of interest: in memory, so that cutting a patch reads no file, or streamed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts.annotations import Paths
from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.datasets.open_section import open_section
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from core.imaging.reader import SectionReader
from core.imaging.sections import read_at
from core.sampling.labels import OUTSIDE, class_raster, section_grid
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask, cropped, region_around, subgrid


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of a section to keep: pixel size of each network input, the region's radius, and a patch's reach beyond it."""

    input_pixel_sizes_um: dict[str, float]
    label_pixel_size_um: float
    radius_mm: float
    reach_um: float


@dataclass(frozen=True, slots=True)
class StreamedRaster:
    """Values that stay in their file: a window is read when a patch wants it. The same values as a `Raster` read at once."""

    section: SectionReader
    grid: RasterGrid

    def window(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """A part of the values; what lies beyond the raster is left out."""
        top, bottom, _ = rows.indices(self.grid.height_px)
        left, right, _ = columns.indices(self.grid.width_px)
        part = subgrid(self.grid, (left, top, max(left, right), max(top, bottom)))
        return read_at(self.section, part.pixel_size_um, *part.origin_um, part.width_px, part.height_px)


@dataclass(frozen=True, slots=True)
class ResidentSection:
    """A training section: its images by input name, class labels in memory, and labels restricted to the region."""

    number: int
    images: Mapping[str, Raster | StreamedRaster]
    labels: Raster
    labels_in_region: Raster
    shapes: tuple[tuple[Raster, Raster], ...] = ()
    """Where the network sees shapes: for each area the map of its outline here and of that on the other section."""


def resident_bytes(section: ResidentSection) -> int:
    """Memory that a section's images take; those that stay in their file take none."""
    return sum(image.values.nbytes for image in section.images.values() if isinstance(image, Raster))


def area_mask(folder: BrainFolder, number: int, outlines: Sequence[Paths], pixel_size_um: float) -> PlacedMask:
    """An area's annotation on a section as a mask over the whole section."""
    grid = section_grid(folder.brain, number, pixel_size_um)
    mask = np.zeros((grid.height_px, grid.width_px), dtype=np.bool_)
    for paths in outlines:
        mask |= rasterise(rings(paths), grid)
    return PlacedMask(number, mask, grid)


def load_resident(
    folder: BrainFolder,
    number: int,
    outlines_by_area: Sequence[Sequence[Paths]],
    keep: Surroundings,
    limit_bytes: float = math.inf,
) -> ResidentSection:
    """Read one annotated section: region of interest, class labels, and the images a patch centred in it can need.

    Images that would take more than `limit_bytes` stay in their file, opened, and are read patch by patch.
    """
    masks = [area_mask(folder, number, outlines, keep.label_pixel_size_um).mask for outlines in outlines_by_area]
    annotated = PlacedMask(number, np.logical_or.reduce(masks), section_grid(folder.brain, number, keep.label_pixel_size_um))
    tissue, tissue_grid = folder.tissue(number)
    labels = class_raster(tissue, tissue_grid, masks, annotated.grid)
    region = region_around(annotated, keep.radius_mm)
    inside = np.where(region.mask, labels, np.uint8(OUTSIDE))
    box = _grown(cropped(region).grid, keep.reach_um, within=annotated.grid)
    grids = {name: _at_pixel_size(box, pixel_size_um) for name, pixel_size_um in keep.input_pixel_sizes_um.items()}
    images: dict[str, Raster | StreamedRaster] = {}
    if sum(grid.width_px * grid.height_px for grid in grids.values()) > limit_bytes:
        section = open_section(folder, number)
        images = {name: StreamedRaster(section, grid) for name, grid in grids.items()}
    else:
        with open_section(folder, number) as section:
            for name, grid in grids.items():
                values = read_at(section, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)
                images[name] = Raster(values, grid)
    return ResidentSection(number, images, Raster(labels, annotated.grid), Raster(inside, annotated.grid))


def _grown(grid: RasterGrid, margin_um: float, within: RasterGrid) -> RasterGrid:
    """The raster with a margin of whole pixels on every side, as far as it stays within the section's raster."""
    size = grid.pixel_size_um
    margin_px = int(-(-margin_um // size))
    left, top = round(grid.origin_um[0] / size) - margin_px, round(grid.origin_um[1] / size) - margin_px
    right, bottom = left + grid.width_px + 2 * margin_px, top + grid.height_px + 2 * margin_px
    return subgrid(within, (max(left, 0), max(top, 0), min(right, within.width_px), min(bottom, within.height_px)))


def _at_pixel_size(grid: RasterGrid, pixel_size_um: float) -> RasterGrid:
    """A raster of another pixel size over at least the same extent, from the same origin."""
    scale = grid.pixel_size_um / pixel_size_um
    return RasterGrid(
        pixel_size_um=pixel_size_um,
        origin_um=grid.origin_um,
        width_px=math.ceil(grid.width_px * scale),
        height_px=math.ceil(grid.height_px * scale),
    )
