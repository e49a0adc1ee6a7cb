"""The midline of an area on a section: its morphological skeleton without the branches that run to the rim (thesis 6.1.2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from skimage.morphology import skeletonize

from core.contracts.annotations import Paths
from core.contracts.datasets import RasterGrid
from core.geometry.polygons import bounds_um, rings
from core.geometry.rasterise import rasterise
from core.sampling.labels import resample_nearest
from core.units import mm_to_um

RASTER_UM = 40.0
"""Pixel size at which midlines are found: cortex is some 50 to 100 of them thick."""
_GRAY = 2
_SMALLEST_HOLE_MM2 = 0.25
"""Smaller openings of the annotated gray matter are vessels and specks of the tissue classes; a midline runs across them."""
_STEEP = 0.35
"""On a branch to the rim the distance from the rim falls by more than this part of the way; into a right corner by 0.71."""
_STRAIGHT, _DIAGONAL = 0.948, 1.343
"""Of a pixel, for each step of a chain: lengths without the excess of plain chains (Kulpa 1977)."""
_WITHIN = ndimage.generate_binary_structure(2, 2)

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


def annotated_gray(outlines: Sequence[Paths], tissue: tuple[NDArray[np.uint8], RasterGrid] | None) -> tuple[Mask, RasterGrid]:
    """The gray matter within outlines, (h, w) at `RASTER_UM` with a rim of empty pixels; without tissue classes all within."""
    drawn = [rings(paths) for paths in outlines]
    left, top, right, bottom = bounds_um([ring for shape in drawn for ring in shape])
    first = np.floor(np.array([left, top]) / RASTER_UM) - 1
    size = np.ceil(np.array([right, bottom]) / RASTER_UM) + 1 - first
    origin = (float(first[0]) * RASTER_UM, float(first[1]) * RASTER_UM)
    grid = RasterGrid(pixel_size_um=RASTER_UM, origin_um=origin, width_px=int(size[0]), height_px=int(size[1]))
    mask = np.logical_or.reduce([rasterise(shape, grid) for shape in drawn])
    if tissue is not None:
        mask &= resample_nearest(*tissue, grid, fill=0) == _GRAY
    return mask, grid


def midline_centres(mask: Mask, grid: RasterGrid, spacing_mm: float) -> Points:
    """Points (n, 2) in µm, `spacing_mm` apart along the midlines of the mask's pieces, at least one in each piece.

    The first and the last lie at least half the spacing from the line's ends, which are at the rim: the fork by which a
    skeleton ends is taken off and the line goes straight on. Pieces thinner than two pixels have none.
    """
    framed = np.pad(_without_specks(mask), 1)
    depth = cv2.distanceTransform(framed.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    pieces, count = ndimage.label(framed, _WITHIN)
    found: list[Points] = []
    for number, box in enumerate(ndimage.find_objects(pieces, count), start=1):
        piece = np.pad(pieces[box] == number, 1)
        inside = np.pad(depth[box], 1) * piece
        if inside.max() >= 2:
            corner = [box[0].start - 2, box[1].start - 2]
            found.append(_along(piece, inside, mm_to_um(spacing_mm) / grid.pixel_size_um) + corner)
    pixels = np.concatenate(found) if found else np.empty((0, 2))
    return (pixels[:, ::-1] + 0.5) * grid.pixel_size_um + grid.origin_um


def _without_specks(mask: Mask) -> Mask:
    """Small holes filled, the rim's roughness taken off."""
    holes, count = ndimage.label(~mask)
    limit = _SMALLEST_HOLE_MM2 * (1000 / RASTER_UM) ** 2
    small = np.bincount(holes.ravel(), minlength=count + 1) < limit
    small[0] = False
    filled = mask | small[holes]
    return np.asarray(cv2.medianBlur(filled.astype(np.uint8), 5) > 0, np.bool_) if min(mask.shape) >= 5 else filled


def _along(piece: Mask, depth: NDArray[np.float32], spacing_px: float) -> Points:
    """Points (row, column) along the midline of one connected piece; `depth` is the distance from its rim, 0 outside."""
    places = np.argwhere(skeletonize(piece))  # type: ignore[no-untyped-call]
    line = _Line(places.astype(np.float64), depth[tuple(places.T)].astype(np.float64), *_joined(places))
    line.prune()
    line.prolong(depth)
    distance, parent = line.distances(line.far_end())
    spare = distance.max() % spacing_px if distance.max() > spacing_px else distance.max() - spacing_px
    step = np.floor((distance - spare / 2) / spacing_px + 0.5)
    chosen = np.flatnonzero((parent >= 0) & (step > step[parent]))
    if not chosen.size:
        return np.argwhere(depth == depth.max())[:1].astype(np.float64)
    return _apart(line.places[chosen[np.argsort(distance[chosen], kind="stable")]], spacing_px / 2)


def _apart(points: Points, least: float) -> Points:
    """Without those that are too near to one before: where a line branches."""
    kept: list[Points] = []
    for point in points:
        if all(np.hypot(*(point - other)) >= least for other in kept):
            kept.append(point)
    return np.array(kept)


def _joined(places: NDArray[np.int64]) -> tuple[list[dict[int, float]], list[int]]:
    """The skeleton's pixels as a tree: of each its neighbours and how far they are; and the ends. Rings are cut somewhere."""
    index = {(int(row), int(column)): number for number, (row, column) in enumerate(places)}
    edges = [
        (number, index[row + down, column + across], _DIAGONAL if down and across else _STRAIGHT)
        for (row, column), number in index.items()
        for down, across in ((0, 1), (1, -1), (1, 0), (1, 1))
        if (row + down, column + across) in index
    ]
    one, other, length = np.array(edges, np.float64).reshape(-1, 3).T
    graph = sparse.csr_matrix((length, (one.astype(int), other.astype(int))), (len(places), len(places)))
    tree = csgraph.minimum_spanning_tree(graph).tocoo()
    ways: list[dict[int, float]] = [{} for _ in places]
    for a, b, each in zip(tree.row.tolist(), tree.col.tolist(), tree.data.tolist(), strict=True):
        ways[a][b] = ways[b][a] = each
    cut = {end for a, b, _ in edges if b not in ways[a] and not ways[a].keys() & ways[b].keys() for end in (a, b)}
    return ways, [number for number, each in enumerate(ways) if len(each) == 1 and number not in cut]


@dataclass(slots=True)
class _Line:
    """A tree of points: `places` (n, 2), each one's distance from the rim, its neighbours; points taken off have none.

    `ends` are those towards the rim; where a ring was cut there is none.
    """

    places: Points
    radius: NDArray[np.float64]
    ways: list[dict[int, float]]
    ends: list[int]

    def prune(self) -> None:
        """Take off what leads from the line to the rim: end pieces on which the rim comes near steeply."""
        waiting, farthest = list(self.ends), float(self.radius.max()) / _STEEP
        while waiting:
            way = self._way_from(waiting.pop(), farthest)
            last = int(np.argmax([self.radius[each] - _STEEP * length for each, length in way]))
            for (each, _), (following, _) in pairwise(way[: last + 1]):
                del self.ways[following][each]
                self.ways[each] = {}
            self.ends.remove(way[0][0])
            if len(self.ways[way[last][0]]) == 1:
                self.ends.append(way[last][0])
                waiting += [way[last][0]] if last else []

    def prolong(self, depth: NDArray[np.float32]) -> None:
        """Lead the line's ends straight on to the rim, where it is long enough to have a direction."""
        for end in self.ends:
            reach = float(self.radius[end])
            way = self._way_from(end, reach)
            back = next((each for each, length in way if length >= reach), None)
            if back is None:
                continue
            direction = self.places[end] - self.places[back]
            direction /= np.hypot(*direction)
            steps = self.places[end] + direction * np.arange(1, 2 * math.ceil(reach) + 1)[:, None]
            inside = depth[tuple(np.clip(np.rint(steps).astype(int), 0, np.array(depth.shape) - 1).T)] > 0
            self._append(end, steps[: len(steps) if inside.all() else int(np.argmin(inside))])

    def far_end(self) -> int:
        """An end of the longest way through the line; any point of it where there is a single one."""
        first = next((number for number, ways in enumerate(self.ways) if ways), 0)
        return int(np.argmax(self.distances(first)[0]))

    def distances(self, start: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Of each point the distance from `start` along the line and the point before it; −1 where there is none."""
        distance, parent = np.full(len(self.ways), -1.0), np.full(len(self.ways), -1)
        distance[start] = 0
        waiting = [start]
        while waiting:
            here = waiting.pop()
            for following, length in self.ways[here].items():
                if distance[following] < 0:
                    distance[following], parent[following] = distance[here] + length, here
                    waiting.append(following)
        return distance, parent

    def _way_from(self, end: int, farthest: float) -> list[tuple[int, float]]:
        """The points from an end on to the next branching or end, or just beyond `farthest`, with their distance from it."""
        way, before = [(end, 0.0)], -1
        while len(self.ways[way[-1][0]]) == (1 if before < 0 else 2) and way[-1][1] <= farthest:
            here, length = way[-1]
            following = next(each for each in self.ways[here] if each != before)
            way.append((following, length + self.ways[here][following]))
            before = here
        return way

    def _append(self, end: int, places: Points) -> None:
        first = len(self.ways)
        self.places = np.concatenate([self.places, places])
        self.radius = np.concatenate([self.radius, np.zeros(len(places))])
        for number, before in zip(range(first, first + len(places)), [end, *range(first, first + len(places))], strict=False):
            self.ways.append({before: 1.0})
            self.ways[before][number] = 1.0
