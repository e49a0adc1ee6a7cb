"""Where a shape between two annotated sections is looked for."""

from collections.abc import Iterable, Sequence
from math import ceil, floor

import numpy as np
import shapely

from backend.domain.errors import NotFoundError
from core.anatomy.chain import transform_between
from core.anatomy.shape_between import Placed
from core.contracts.annotations import Paths
from core.contracts.datasets import Alignment, Brain, RasterGrid, Section
from core.contracts.projects import Pair
from core.geometry.affine import apply
from core.geometry.polygons import Ring, bounds_um, region, rings

PIXEL_SIZE_UM = 32.0
# Beyond this the raster gets coarser: a border to a thousandth of a large area's size, and the answer at once.
LONGEST_SIDE_PX = 1024


def neighbours(section: int, annotated: Sequence[int], area: str) -> Pair:
    """The nearest annotated sections below and above; NotFoundError with the remedy when it does not lie between two."""
    below = [number for number in annotated if number < section]
    above = [number for number in annotated if number > section]
    if not below or not above:
        lacking = " and ".join(side for side, there in (("below", below), ("above", above)) if not there)
        raise NotFoundError(
            f"Section {section} does not lie between two sections where {area} is annotated: there is none {lacking}. "
            "Outline it there first.",
            code="not_between",
        )
    return max(below), min(above)


def united(outlines: Iterable[Paths]) -> list[Ring]:
    """Several regions of one area as the rings of their union; a single one as it was drawn."""
    drawn = [rings(paths) for paths in outlines]
    return drawn[0] if len(drawn) == 1 else boundary(shapely.union_all([region(outline) for outline in drawn]))


def within(outline: Sequence[Ring], brain: Brain, section: Section) -> list[Ring]:
    """The part of a region that lies on the section's image; as it is where all of it does."""
    width_um, height_um = section.width_px * brain.pixel_size_um, section.height_px * brain.pixel_size_um
    if all(((ring >= 0) & (ring <= (width_um, height_um))).all() for ring in outline):
        return list(outline)
    return boundary(shapely.intersection(region(outline), shapely.box(0, 0, width_um, height_um)))


def boundary(shape: shapely.Geometry) -> list[Ring]:
    """The rings around all polygons of a shape, and around their holes."""
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    found = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    return [np.asarray(shapely.get_coordinates(ring)[:-1], np.float64) for ring in found]


def grid_around(alignment: Alignment, placed: Sequence[Placed], section: int) -> RasterGrid:
    """A coarse raster of a section that holds the shapes of other sections as they come to lie on it; NoChainError."""
    carried = [apply(transform_between(alignment, number, section), ring) for number, outline in placed for ring in outline]
    left, top, right, bottom = bounds_um(carried)
    size = PIXEL_SIZE_UM * max(1, ceil(max(right - left, bottom - top) / PIXEL_SIZE_UM / LONGEST_SIDE_PX))
    column, row = floor(left / size) - 1, floor(top / size) - 1
    return RasterGrid(
        pixel_size_um=size,
        origin_um=(column * size, row * size),
        width_px=ceil(right / size) + 1 - column,
        height_px=ceil(bottom / size) + 1 - row,
    )
