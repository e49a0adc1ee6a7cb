"""Outlines as rings: Bezier paths flattened, areas, checks, simplification. Even-odd fill throughout."""

import re
from collections.abc import Sequence

import numpy as np
import shapely

from core.contracts.annotations import OutlineProblem, Path, Paths
from core.geometry.frames import Points

Ring = Points
"""Shape (n, 2) in µm, closed without repeating the first point."""

_MAX_STEPS = 64  # of one Bezier curve


def rings(paths: Paths, tolerance_um: float = 1.0) -> list[Ring]:
    """Paths as rings; Bezier segments become chords that stay within the tolerance of the curve."""
    return [_flatten(path, tolerance_um) for path in paths]


def to_paths(outline: Sequence[Ring]) -> Paths:
    """Rings as the paths of a contract; rings of fewer than three points enclose nothing and are left out."""
    return tuple(tuple((float(x), float(y)) for x, y in ring) for ring in outline if len(ring) >= 3)


def _flatten(path: Path, tolerance_um: float) -> Ring:
    if all(len(point) == 2 for point in path):
        return np.array(path, np.float64)
    nodes = np.array([(*point, 0.0, 0.0, 0.0, 0.0) if len(point) == 2 else point for point in path], np.float64)
    following = np.roll(nodes, -1, axis=0)
    start, end = nodes[:, :2], following[:, :2]
    return _chords((start, start + nodes[:, 4:], end + following[:, 2:4], end), tolerance_um)


def _chords(curves: tuple[Points, Points, Points, Points], tolerance_um: float) -> Points:
    """Cubic Bezier curves, given by their four control points (n, 2) each, as points without the curves' ends.

    A chord over 1/k of a curve is off by at most |B''| / (8 k^2), and |B''| is at most 6 times the larger second
    difference of the control points.
    """
    start, leaving, arriving, end = curves
    second_differences = np.stack([start - 2 * leaving + arriving, leaving - 2 * arriving + end])
    bend = np.hypot(second_differences[..., 0], second_differences[..., 1]).max(axis=0)
    straight = (leaving == start).all(axis=1) & (arriving == end).all(axis=1)
    steps = np.clip(np.ceil(np.sqrt(0.75 * bend / tolerance_um)), 1, np.where(straight, 1, _MAX_STEPS)).astype(np.int64)
    curve = np.repeat(np.arange(len(start)), steps)
    t = ((np.arange(len(curve)) - (np.cumsum(steps) - steps)[curve]) / steps[curve])[:, np.newaxis]
    points: Points = (
        (1 - t) ** 3 * start[curve]
        + 3 * t * (1 - t) ** 2 * leaving[curve]
        + 3 * t**2 * (1 - t) * arriving[curve]
        + t**3 * end[curve]
    )
    return points


def region(outline: Sequence[Ring]) -> shapely.MultiPolygon:
    """The filled region of rings as valid polygons with holes. (A single ring drawn twice over itself counts once.)"""
    shapes = np.array([shapely.make_valid(shapely.Polygon(ring)) for ring in outline if len(ring) >= 3], object)
    while len(shapes) > 1:  # in pairs, because one after the other takes quadratic time
        paired = shapely.symmetric_difference(shapes[0 : len(shapes) // 2 * 2 : 2], shapes[1::2])
        shapes = np.concatenate([paired, shapes[len(paired) * 2 :]])
    # make_valid leaves lines beside the polygons where a ring runs back on itself.
    parts = shapely.get_parts(shapely.get_parts(shapes))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and not part.is_empty])


def area_um2(outline: Sequence[Ring]) -> float:
    """Area of the filled region in square micrometres."""
    return float(region(outline).area)


def bounds_um(outline: Sequence[Ring]) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of all rings; ValueError when there is no point."""
    points = np.concatenate(list(outline)) if len(outline) else np.empty((0, 2))
    if not len(points):
        raise ValueError("an outline without points has no bounds")
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right, bottom


def simplify(ring: Ring, tolerance_um: float) -> Ring:
    """Fewer points, still without self-crossing (Douglas-Peucker).

    No farther than the tolerance from the ring, but up to twice as far at its first point, which may be dropped too.
    """
    if len(ring) <= 3:
        return ring
    thinned = shapely.simplify(shapely.Polygon(ring), tolerance_um, preserve_topology=True)
    return np.asarray(shapely.get_coordinates(shapely.get_exterior_ring(thinned))[:-1], np.float64)


def self_crossing(ring: Ring) -> tuple[float, float] | None:
    """A place where the ring crosses or runs along itself, or None. Touching itself in a point is allowed."""
    reason = str(shapely.is_valid_reason(shapely.Polygon(ring))) if len(ring) >= 3 else "Valid Geometry"
    if reason == "Valid Geometry":
        return None
    place = re.match(r"Self-intersection\[(\S+) (\S+)\]", reason)
    if place:
        return float(place[1]), float(place[2])
    # GEOS stops at the first fault, which was a mere touch: look for crossings among all pairs of edges.
    edges = shapely.linestrings(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1))
    one, other = shapely.STRtree(edges).query(edges, predicate="crosses")
    if not len(one):
        return None
    x, y = shapely.get_coordinates(shapely.intersection(edges[one[0]], edges[other[0]]))[0].tolist()
    return x, y


def outline_problems(paths: Paths, width_um: float, height_um: float) -> tuple[OutlineProblem, ...]:
    """What is wrong with an outline on a section of this size, in words; empty when it can be trained on."""
    outline = rings(paths)
    found = [problem for ring in outline for problem in _ring_problems(ring, width_um, height_um)]
    if not found:
        found = _crossing_rings(outline)
    if not found and area_um2(outline) == 0:
        found = [
            OutlineProblem(kind="empty", message="the outline encloses nothing; draw it again", at_um=_place(outline[0][0]))
        ]
    return tuple(found)


def _ring_problems(ring: Ring, width_um: float, height_um: float) -> list[OutlineProblem]:
    beyond = ((ring < 0) | (ring > (width_um, height_um))).any(axis=1)
    found = []
    if beyond.any():
        place = ring[np.argmax(beyond)]
        message = f"{int(beyond.sum())} point(s) lie outside the section, e.g. {_words(place)}; move them onto it"
        found.append(OutlineProblem(kind="outside_section", message=message, at_um=_place(place)))
    crossing = self_crossing(ring)
    if crossing is not None and shapely.Polygon(ring).buffer(0).is_empty:
        message = "a path encloses nothing; delete it or draw it again"
        found.append(OutlineProblem(kind="empty", message=message, at_um=_place(ring[0])))
    elif crossing is not None:
        message = f"the outline crosses itself at {_words(crossing)}; move a point so that it does not"
        found.append(OutlineProblem(kind="self_crossing", message=message, at_um=_place(crossing)))
    return found


def _crossing_rings(outline: Sequence[Ring]) -> list[OutlineProblem]:
    """Two rings may lie apart, touch, or one inside the other, but not cross."""
    shapes = [shapely.make_valid(shapely.Polygon(ring)) for ring in outline]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    if not len(one):
        return []
    crossing = shapely.intersection(shapely.boundary(shapes[one[0]]), shapely.boundary(shapes[other[0]]))
    place = shapely.get_coordinates(crossing)[0]
    message = f"two paths of the outline cross at {_words(place)}; unite them or move them apart"
    return [OutlineProblem(kind="self_crossing", message=message, at_um=_place(place))]


def _place(point: Sequence[float] | Points) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _words(point: Sequence[float] | Points) -> str:
    return f"x {point[0] / 1000:.2f} mm, y {point[1] / 1000:.2f} mm"
