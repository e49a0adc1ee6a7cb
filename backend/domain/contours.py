"""From a label raster to an outline a person can edit."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contracts.annotations import Paths
from core.contracts.datasets import RasterGrid
from core.geometry.polygons import Ring, area_um2, self_crossing, simplify, to_paths
from core.geometry.rasterise import trace

# Of a label pixel. The outline runs through the middles of pixel edges; thinning it this far keeps every middle within
# half a pixel of it.
TOLERANCE_PX = 0.49
SPECK_UM2 = 50_000.0


def outline(mask: NDArray[np.bool_], grid: RasterGrid, least_area_um2: float = 0.0) -> Paths:
    """The mask's outline as paths in µm: smooth, with few points, within half a label pixel of the pixels' border.

    Rings that enclose less than `least_area_um2` are left out; where all do, the largest stays.
    """
    return to_paths(without_specks([_smooth(ring, grid.pixel_size_um) for ring in trace(mask, grid)], least_area_um2))


def without_specks(rings: Sequence[Ring], least_area_um2: float = SPECK_UM2) -> list[Ring]:
    """The rings that enclose this much or more; where none does, the largest."""
    sizes_um2 = [area_um2([ring]) for ring in rings]
    least_um2 = min(least_area_um2, max(sizes_um2, default=0.0))
    return [ring for ring, size_um2 in zip(rings, sizes_um2, strict=True) if size_um2 >= least_um2]


def _smooth(ring: Ring, pixel_size_um: float) -> Ring:
    """A ring of pixel corners as a ring through the middles of its pixel edges, thinned."""
    runs = np.roll(ring, -1, axis=0) - ring
    lengths = np.maximum(1, np.rint(np.abs(runs).sum(axis=1) / pixel_size_um).astype(np.int64))
    first = np.cumsum(lengths) - lengths
    index = np.repeat(np.arange(len(ring)), lengths)
    place = (np.arange(int(lengths.sum())) - first[index] + 0.5) / lengths[index]
    middles = ring[index] + runs[index] * place[:, None]
    return _thinned(middles, TOLERANCE_PX * pixel_size_um)


def _thinned(ring: Ring, tolerance_um: float) -> Ring:
    """The ring in two halves by Douglas and Peucker, which bounds the distance; where that would cross itself, gentler.

    Thinning the closed ring at once may also drop its first point, and then strays up to twice as far.
    """
    half = len(ring) // 2
    halves = (ring[: half + 1], np.concatenate([ring[half:], ring[:1]]))
    lines = [shapely.simplify(shapely.LineString(points), tolerance_um, preserve_topology=False) for points in halves]
    joined = np.concatenate([shapely.get_coordinates(line)[:-1] for line in lines])
    if len(joined) >= 3 and self_crossing(joined) is None:
        return joined
    return simplify(ring, tolerance_um / 2)
