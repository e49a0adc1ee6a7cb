"""Cut matched white and pial surfaces with a plane: depth, area and white matter of every pixel of a section.

Each triangle pair spans a prism of cortex, three tetrahedra; a plane cuts a tetrahedron in a triangle or a quadrangle
on which the position between the surfaces and the position within the triangle are linear, so they are exact at every
pixel. Depth is equivolumetric: 0 at the pia, 1 at the white matter, equal steps enclose equal volume (Waehnert et al.
2014), from the ratio of the two surfaces' areas.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled
from core.contracts.datasets import RasterGrid
from core.phantom.anatomy import Surface

Floats = NDArray[np.float64]

# The prism of triangle (0, 1, 2), white corners 0..2, pial corners 3..5, as three tetrahedra. Corners are sorted by
# vertex number beforehand, so neighbouring prisms split their common side the same way.
_TETRAHEDRA = np.array([[0, 1, 2, 5], [0, 1, 4, 5], [0, 3, 4, 5]], np.int64)
_SIDES = np.array([[0, 1], [1, 2], [0, 2]], np.int64)
_EDGE = 1e-6


class Warp(NamedTuple):
    """Anatomical plane (x, z in mm) to section frame (µm): waves (n, 5) of kx, ky, phase, ax, ay; then `matrix` (2, 3)."""

    waves: Floats
    matrix: Floats


@dataclass(frozen=True)
class Cut:
    """`depth` (h, w) with NaN outside the cortex, `area` index (255 outside), and `inside` the white or pial surface."""

    depth: NDArray[np.float32]
    area: NDArray[np.uint8]
    inside_white: NDArray[np.bool_]
    inside_pial: NDArray[np.bool_]


class _Plane(NamedTuple):
    """Where the cut lies and how it comes to the raster; `frame` is pixel size and origin in µm."""

    y_mm: float
    warp: Warp
    frame: Floats


class _Cortex(NamedTuple):
    white: Floats
    pial: Floats
    triangles: NDArray[np.int64]
    expansion: Floats
    scores: NDArray[np.float32]


class _Raster(NamedTuple):
    depth: NDArray[np.float32]
    area: NDArray[np.uint8]


def cut(surface: Surface, plane_mm: float, warp: Warp, grid: RasterGrid) -> Cut:
    """Section of the surface at y = `plane_mm`, drawn through `warp` into the section frame's `grid`."""
    shape = (grid.height_px, grid.width_px)
    plane = _Plane(plane_mm, warp, np.array([grid.pixel_size_um, *grid.origin_um]))
    corners = np.sort(surface.triangles[_crossed(surface, plane_mm)], axis=1).astype(np.int64)
    raster = _Raster(np.full(shape, np.nan, np.float32), np.full(shape, 255, np.uint8))
    _draw_prisms(_Cortex(surface.white, surface.pial, corners, surface.expansion, surface.scores), plane, raster)
    inside = [_fill(vertices, corners, plane, shape) for vertices in (surface.white, surface.pial)]
    return Cut(raster.depth, raster.area, inside[0], inside[1])


def to_section(points_mm: Floats, warp: Warp) -> Floats:
    """Points (n, 2) of the anatomical plane, x and z in mm, in the section frame (µm)."""
    return np.array([_warped(float(x), float(z), warp) for x, z in points_mm])


def _crossed(surface: Surface, plane_mm: float) -> NDArray[np.bool_]:
    reach = np.stack([surface.white[:, 1], surface.pial[:, 1]])
    low, high = reach.min(0)[surface.triangles].min(1), reach.max(0)[surface.triangles].max(1)
    crossed: NDArray[np.bool_] = (low <= plane_mm) & (high >= plane_mm)
    return crossed


def _fill(vertices: Floats, corners: NDArray[np.int64], plane: _Plane, shape: tuple[int, int]) -> NDArray[np.bool_]:
    crossings = np.zeros(shape, np.uint8)
    _mark_crossings(vertices, corners, plane, crossings)
    return np.bitwise_xor.accumulate(crossings, axis=1).astype(bool)


@compiled
def _warped(x_mm: float, z_mm: float, warp: Warp) -> tuple[float, float]:
    waves, matrix = warp.waves, warp.matrix
    x, y = x_mm * 1000.0, -z_mm * 1000.0
    dx = dy = 0.0
    for n in range(waves.shape[0]):
        s = np.sin(waves[n, 0] * x + waves[n, 1] * y + waves[n, 2])
        dx += waves[n, 3] * s
        dy += waves[n, 4] * s
    x, y = x + dx, y + dy
    return matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]


@compiled
def _pixel(x_mm: float, z_mm: float, plane: _Plane) -> tuple[float, float]:
    """Column and row, counted from the centre of the first pixel."""
    x, y = _warped(x_mm, z_mm, plane.warp)
    return (x - plane.frame[1]) / plane.frame[0] - 0.5, (y - plane.frame[2]) / plane.frame[0] - 0.5


@compiled
def _cut_tetrahedron(corner: NDArray[np.int64], points: Floats, plane: _Plane, out: Floats) -> int:
    """The cut's corners in order: column, row, share of the pia, shares of the triangle's three corners."""
    n = 0
    for i in range(4):
        for j in range(i + 1, 4):
            p, q = corner[i], corner[j]
            sp, sq = points[p, 1] - plane.y_mm, points[q, 1] - plane.y_mm
            if (sp < 0) == (sq < 0):
                continue
            u = sp / (sp - sq)
            x, z = points[p, 0] + u * (points[q, 0] - points[p, 0]), points[p, 2] + u * (points[q, 2] - points[p, 2])
            out[n, 0], out[n, 1] = _pixel(x, z, plane)
            out[n, 2] = (1 - u) * (p >= 3) + u * (q >= 3)
            for k in range(3):
                out[n, 3 + k] = (1 - u) * (p % 3 == k) + u * (q % 3 == k)
            n += 1
    if n == 4:  # the edges come in the order of a Z: the last two swapped go around
        for k in range(6):
            out[2, k], out[3, k] = out[3, k], out[2, k]
    return n


@compiled
def _pixels_between(a: float, b: float, c: float, limit: int) -> tuple[int, int]:
    first = max(0.0, np.ceil(min(a, b, c) - _EDGE))
    return int(first), int(min(limit - 1.0, np.floor(max(a, b, c) + _EDGE))) + 1


@compiled
def _equivolumetric(t: float, expansion: float) -> float:
    """Depth from the pia for the linear share `t` of the way from white matter to pia."""
    if abs(expansion - 1) < 1e-3:
        return 1 - t
    return 1 - ((1 + (expansion - 1) * t) ** 2 - 1) / (expansion * expansion - 1)


@compiled
def _set_pixel(y: int, x: int, share: Floats, corners: tuple[Floats, NDArray[np.float32]], raster: _Raster) -> None:
    """Where folds overlap the deeper value stays, whatever the order."""
    ratio, scores = corners
    expansion = share[3] * ratio[0] + share[4] * ratio[1] + share[5] * ratio[2]
    value = min(max(_equivolumetric(share[2], expansion), 0.0), 1.0)
    if raster.area[y, x] != 255 and raster.depth[y, x] >= value:
        return
    raster.depth[y, x] = value
    best, highest = 0, -1.0
    for k in range(scores.shape[1]):
        score = share[3] * scores[0, k] + share[4] * scores[1, k] + share[5] * scores[2, k]
        if score > highest:
            best, highest = k, score
    raster.area[y, x] = best


@compiled
def _draw_triangle(
    a: Floats, b: Floats, c: Floats, corners: tuple[Floats, NDArray[np.float32]], raster: _Raster, share: Floats
) -> None:
    twice_area = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
    if abs(twice_area) < 1e-12:
        return
    top, bottom = _pixels_between(a[1], b[1], c[1], raster.area.shape[0])
    left, right = _pixels_between(a[0], b[0], c[0], raster.area.shape[1])
    for y in range(top, bottom):
        for x in range(left, right):
            la = ((b[1] - c[1]) * (x - c[0]) + (c[0] - b[0]) * (y - c[1])) / twice_area
            lb = ((c[1] - a[1]) * (x - c[0]) + (a[0] - c[0]) * (y - c[1])) / twice_area
            lc = 1 - la - lb
            if min(la, lb, lc) < -_EDGE:
                continue
            for k in range(2, 6):
                share[k] = la * a[k] + lb * b[k] + lc * c[k]
            _set_pixel(y, x, share, corners, raster)


@compiled
def _draw_prisms(cortex: _Cortex, plane: _Plane, raster: _Raster) -> None:
    points, out, share = np.empty((6, 3)), np.empty((4, 6)), np.empty(6)
    ratio, scores = np.empty(3), np.empty((3, cortex.scores.shape[1]), np.float32)
    for triangle in range(cortex.triangles.shape[0]):
        for k in range(3):
            vertex = cortex.triangles[triangle, k]
            points[k], points[k + 3] = cortex.white[vertex], cortex.pial[vertex]
            ratio[k], scores[k] = cortex.expansion[vertex], cortex.scores[vertex]
        for tetrahedron in range(3):
            n = _cut_tetrahedron(_TETRAHEDRA[tetrahedron], points, plane, out)
            for k in range(n - 2):
                _draw_triangle(out[0], out[k + 1], out[k + 2], (ratio, scores), raster, share)


@compiled
def _mark_row_crossings(ends: Floats, crossings: NDArray[np.uint8]) -> None:
    height, width = crossings.shape
    low, high = (0, 1) if ends[0, 1] <= ends[1, 1] else (1, 0)
    slope = (ends[high, 0] - ends[low, 0]) / (ends[high, 1] - ends[low, 1])
    first, last = max(0.0, np.ceil(ends[low, 1])), min(float(height), np.ceil(ends[high, 1]))
    for y in range(int(first), int(last)):
        x = int(max(0.0, np.ceil(ends[low, 0] + (y - ends[low, 1]) * slope)))
        if x < width:
            crossings[y, x] ^= 1


@compiled
def _mark_crossings(vertices: Floats, triangles: NDArray[np.int64], plane: _Plane, crossings: NDArray[np.uint8]) -> None:
    """Mark in each row where the surface's outline is crossed; a running exclusive-or then fills it (even-odd).

    Corners are sorted, so both triangles at an edge compute the same end and no row is missed or marked twice.
    """
    ends = np.empty((2, 2))
    for triangle in range(triangles.shape[0]):
        n = 0
        for k in range(3):
            p, q = vertices[triangles[triangle, _SIDES[k, 0]]], vertices[triangles[triangle, _SIDES[k, 1]]]
            sp, sq = p[1] - plane.y_mm, q[1] - plane.y_mm
            if (sp < 0) != (sq < 0):
                u = sp / (sp - sq)
                ends[n, 0], ends[n, 1] = _pixel(p[0] + u * (q[0] - p[0]), p[2] + u * (q[2] - p[2]), plane)
                n += 1
        if n == 2:
            _mark_row_crossings(ends, crossings)
