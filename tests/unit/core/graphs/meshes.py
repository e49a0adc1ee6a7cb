"""Meshes for tests."""

import numpy as np
from numpy.typing import NDArray


def torus(rows: int, columns: int) -> NDArray[np.int64]:
    """Triangles of a closed mesh in which every node has six neighbours."""
    row, column = (each.ravel() for each in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))

    def node(down: int, right: int) -> NDArray[np.int64]:
        return (row + down) % rows * columns + (column + right) % columns

    return np.concatenate([np.c_[node(0, 0), node(1, 0), node(0, 1)], np.c_[node(1, 0), node(1, 1), node(0, 1)]])


def icosphere(splits: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices on the unit sphere and triangles of an icosahedron, each split in four so many times; all turn outward."""
    golden = (1 + 5**0.5) / 2
    corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
    vertices = np.concatenate([np.roll(corners, turn, axis=1) for turn in range(3)])
    distance = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    near = (distance > 0) & (distance < 2.1)
    triples = [(a, b, c) for a in range(12) for b in range(a) for c in range(b)]
    triangles = np.array([(a, b, c) for a, b, c in triples if near[a, b] and near[b, c] and near[a, c]])
    for _ in range(splits):
        a, b, c = triangles.T
        edges = np.sort(np.concatenate([np.c_[a, b], np.c_[b, c], np.c_[c, a]]), axis=1)
        unique, which = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = (which.reshape(3, -1) + len(vertices)).astype(np.int64)
        vertices = np.concatenate([vertices, vertices[unique].mean(axis=1)])
        triangles = np.concatenate([np.c_[a, ab, ca], np.c_[ab, b, bc], np.c_[ca, bc, c], np.c_[ab, bc, ca]])
    across = np.cross(
        vertices[triangles[:, 1]] - vertices[triangles[:, 0]], vertices[triangles[:, 2]] - vertices[triangles[:, 0]]
    )
    inward = (across * vertices[triangles[:, 0]]).sum(axis=1) < 0
    triangles[inward] = triangles[inward, ::-1]
    return vertices / np.linalg.norm(vertices, axis=1, keepdims=True), triangles
