"""Which section each node of the surface lies on, and where: planes of sections cut through the mesh (thesis 7.1.1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.anatomy.mesh import Mesh, edges

NOWHERE = -1
ALONG = 1
"""The coordinate of vertices along the cutting axis."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Where a plane crosses edges (k, 2): `share` (k,) of the way from first to second vertex, and `points` (k, 3)."""

    edges: NDArray[np.int32]
    share: NDArray[np.float64]
    points: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Places:
    """For each vertex the index (n,) of its section, NOWHERE for none, and the point (n, 3) in the section's plane."""

    section: NDArray[np.int64]
    points: NDArray[np.float64]


def cut(mesh: Mesh, position: float, among: NDArray[np.int32] | None = None) -> Cut:
    """The plane at a position along the cutting axis; `among` are the edges to look at, all by default.

    A vertex in the plane counts as beyond it, so an edge that only touches is crossed from one side and not from the other.
    """
    among = edges(mesh.triangles)[0] if among is None else among
    beyond = mesh.vertices[:, ALONG] - position
    crossed = among[(beyond[among[:, 0]] < 0) != (beyond[among[:, 1]] < 0)]
    first, second = mesh.vertices[crossed[:, 0]], mesh.vertices[crossed[:, 1]]
    share = beyond[crossed[:, 0]] / (beyond[crossed[:, 0]] - beyond[crossed[:, 1]])
    return Cut(crossed, share, first + share[:, np.newaxis] * (second - first))


def nearest_sections(along: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the nearest position for each value, NOWHERE when it is farther than half the usual spacing."""
    after = np.clip(np.searchsorted(positions, along), 1, max(len(positions) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(positions) - 1)
    nearest = np.where(along - positions[before] <= positions[after] - along, before, after)
    reach = usual_spacing(positions) / 2 * (1 + 1e-6)
    return np.where(np.abs(along - positions[nearest]) <= reach, nearest, NOWHERE).astype(np.int64)


def usual_spacing(positions: NDArray[np.float64]) -> float:
    """The median distance of neighbouring sections; 0 for a single one."""
    return float(np.median(np.diff(positions))) if len(positions) > 1 else 0.0


def places(mesh: Mesh, positions: NDArray[np.float64]) -> Places:
    """Each vertex on its nearest section: slid along its edges to the plane, or dropped onto it where none is crossed nearby.

    Of an edge that a plane crosses, the crossing belongs to the nearer end; a vertex with several takes their mean.
    """
    section = nearest_sections(mesh.vertices[:, ALONG], positions)
    points = mesh.vertices.copy()
    on_one = section != NOWHERE
    points[on_one, ALONG] = positions[section[on_one]]
    all_edges, _ = edges(mesh.triangles)
    for index in np.unique(section[on_one]):
        mine = section == index
        found = cut(mesh, float(positions[index]), all_edges[mine[all_edges].any(axis=1)])
        nearer = np.where(found.share <= 0.5, found.edges[:, 0], found.edges[:, 1])
        count = np.bincount(nearer, minlength=len(points))
        slid = mine & (count > 0)
        for axis in range(3):
            total = np.bincount(nearer, found.points[:, axis], minlength=len(points))
            points[slid, axis] = total[slid] / count[slid]
    return Places(section, points)
