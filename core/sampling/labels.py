"""Label rasters: the four classes of thesis 5.1.2 from tissue classes and an area's outline."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import Brain, RasterGrid
from core.contracts.training import AREA, OTHER_GRAY_MATTER

OUTSIDE = 255
"""Label of pixels nothing is known about; the loss ignores them, predictions carry it outside the region of interest."""


def section_grid(brain: Brain, number: int, pixel_size_um: float) -> RasterGrid:
    """The raster that covers a whole section at a pixel size, anchored at the section's origin."""
    section = brain.section(number)
    scale = brain.pixel_size_um / pixel_size_um
    return RasterGrid(
        pixel_size_um=pixel_size_um,
        width_px=math.ceil(section.width_px * scale),
        height_px=math.ceil(section.height_px * scale),
    )


def class_raster(
    tissue: NDArray[np.uint8], tissue_grid: RasterGrid, areas: Sequence[NDArray[np.bool_]], grid: RasterGrid
) -> NDArray[np.uint8]:
    """Class numbers on `grid`: the tissue class of the nearest pixel, and AREA, AREA + 1, ... where gray matter lies inside
    the outline of the first, second, ... area (`areas`, masks on `grid`).

    An outline is drawn more loosely than the tissue it means: what it covers of white matter or of the slide stays white
    matter or background, so that the area's class is made of gray matter alone (thesis 5.1.2: "gray matter belonging to A").
    Tissue values are 0 background, 1 white matter, 2 gray matter; pixels beyond the tissue raster are OUTSIDE.
    """
    labels = resample_nearest(tissue, tissue_grid, grid, fill=OUTSIDE)
    for index, area in enumerate(areas):
        labels[area & (labels == OTHER_GRAY_MATTER)] = AREA + index
    return labels


def resample_nearest(values: NDArray[np.uint8], source: RasterGrid, target: RasterGrid, fill: int) -> NDArray[np.uint8]:
    """Values at the target's pixel centres, within one section frame; `fill` beyond the source."""
    rows, rows_inside = _indices(source, target, axis=1)
    columns, columns_inside = _indices(source, target, axis=0)
    result = values[np.ix_(rows, columns)]
    result[~rows_inside, :] = fill
    result[:, ~columns_inside] = fill
    return result


def _indices(source: RasterGrid, target: RasterGrid, axis: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    count, limit = ((target.width_px, source.width_px), (target.height_px, source.height_px))[axis]
    centres_um = target.origin_um[axis] + (np.arange(count) + 0.5) * target.pixel_size_um
    indices = np.floor((centres_um - source.origin_um[axis]) / source.pixel_size_um).astype(np.intp)
    return np.clip(indices, 0, limit - 1), (indices >= 0) & (indices < limit)
