"""Triangle meshes as two arrays: edges, parts, topology, areas. Everything here is one pass of numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Vertices = NDArray[np.float64]
Triangles = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Mesh:
    """`vertices` (n, 3) and `triangles` (m, 3), indices into them."""

    vertices: Vertices
    triangles: Triangles


def edges(triangles: Triangles) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Each edge once (k, 2), the lower vertex first, and of how many triangles it is a side (k,)."""
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    # One number for two is sorted several times faster than rows.
    count = int(triangles.max(initial=-1)) + 1
    numbers, sharing = np.unique(sides[:, 0].astype(np.int64) * count + sides[:, 1], return_counts=True)
    once = np.stack([numbers // max(count, 1), numbers % max(count, 1)], axis=1)
    return once.astype(np.int32), sharing


def adjacency(mesh: Mesh) -> sparse.csr_matrix:
    """(n, n) with ones where an edge leads from one vertex to another."""
    once, _ = edges(mesh.triangles)
    both = np.concatenate([once, once[:, ::-1]])
    size = len(mesh.vertices)
    return sparse.csr_matrix((np.ones(len(both), np.float32), (both[:, 0], both[:, 1])), (size, size))


def parts(mesh: Mesh) -> NDArray[np.int32]:
    """The connected part that each vertex belongs to, counted from 0 by falling surface area."""
    _, found = connected_components(adjacency(mesh), directed=False)
    by_area = np.bincount(found[mesh.triangles[:, 0]], triangle_areas(mesh), minlength=int(found.max(initial=-1)) + 1)
    rank = np.empty(len(by_area), np.int32)
    rank[np.argsort(-by_area, kind="stable")] = np.arange(len(by_area), dtype=np.int32)
    return np.asarray(rank[found], np.int32)


def triangle_areas(mesh: Mesh) -> NDArray[np.float64]:
    """(m,) in the square of the vertices' unit."""
    areas: NDArray[np.float64] = np.linalg.norm(_crosses(mesh), axis=1) / 2
    return areas


def vertex_areas(mesh: Mesh) -> NDArray[np.float64]:
    """The part of the surface that belongs to each vertex, (n,): a third of every triangle it is a corner of."""
    thirds = np.linalg.norm(_crosses(mesh), axis=1) / 6
    return np.asarray(np.bincount(mesh.triangles.ravel(), np.repeat(thirds, 3), len(mesh.vertices)), np.float64)


def vertex_normals(mesh: Mesh) -> Vertices:
    """(n, 3) of length 1, triangles counting by their area; zero where there is none."""
    normals = np.zeros_like(mesh.vertices)
    for corner in range(3):
        np.add.at(normals, mesh.triangles[:, corner], _crosses(mesh))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: Vertices = normals / np.where(length > 0, length, 1)
    return unit


def edge_lengths(mesh: Mesh) -> NDArray[np.float64]:
    """(k,) of the edges in the order of `edges`."""
    once, _ = edges(mesh.triangles)
    lengths: NDArray[np.float64] = np.linalg.norm(mesh.vertices[once[:, 0]] - mesh.vertices[once[:, 1]], axis=1)
    return lengths


@dataclass(frozen=True, slots=True)
class Topology:
    """What counting tells of a mesh: 2 for a sphere, 1 for a disk, 0 for a ring, and 2 less for every handle."""

    euler: int
    boundary_edges: int
    non_manifold_edges: int


def topology(triangles: Triangles) -> Topology:
    """Euler characteristic of the vertices that are used; edges of one triangle, and of more than two."""
    once, sharing = edges(triangles)
    used = len(np.unique(triangles))
    return Topology(used - len(once) + len(triangles), int((sharing == 1).sum()), int((sharing > 2).sum()))


def kept(mesh: Mesh, keep: NDArray[np.bool_]) -> tuple[Mesh, NDArray[np.int64]]:
    """The triangles (m,) that are kept and the vertices they use; also where these vertices stood."""
    used, index = np.unique(mesh.triangles[keep], return_inverse=True)
    return Mesh(mesh.vertices[used], index.reshape(-1, 3).astype(np.int32)), used.astype(np.int64)


def _crosses(mesh: Mesh) -> Vertices:
    a, b, c = (mesh.vertices[mesh.triangles[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def boundary_loops(triangles: Triangles) -> int:
    """How many rims there are; rims that meet in a vertex count as one."""
    once, sharing = edges(triangles)
    rim = once[sharing == 1]
    if not len(rim):
        return 0
    used, index = np.unique(rim, return_inverse=True)
    index = index.reshape(-1, 2)
    links = sparse.coo_matrix((np.ones(len(index), np.int8), (index[:, 0], index[:, 1])), (len(used), len(used)))
    return int(connected_components(links, directed=False)[0])
