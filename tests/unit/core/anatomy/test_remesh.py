import sys

import numpy as np
import pytest
from skimage.measure import marching_cubes

from core.anatomy.mesh import Mesh, edge_lengths, kept, topology
from core.anatomy.remesh import RemeshError, isotropic


def sphere() -> Mesh:
    radius = np.linalg.norm(np.indices((33, 33, 33)) - 16.0, axis=0)
    vertices, triangles, _, _ = marching_cubes(radius, 12.3)
    return Mesh(vertices.astype(float), triangles.astype(np.int32))


def test_edges_come_out_nearly_equal_and_the_surface_stays() -> None:
    mesh = isotropic(sphere(), 2.0)
    lengths = edge_lengths(mesh)
    assert lengths.mean() == pytest.approx(2.0, rel=0.1)
    assert lengths.std() / lengths.mean() < 0.2
    assert topology(mesh.triangles).euler == 2
    assert topology(mesh.triangles).boundary_edges == 0
    assert np.linalg.norm(mesh.vertices - 16, axis=1) == pytest.approx(12.3, abs=0.2)


def test_an_open_surface_keeps_its_rim() -> None:
    closed = sphere()
    half, _ = kept(closed, (closed.vertices[:, 0] < 16)[closed.triangles].all(axis=1))
    mesh = isotropic(half, 2.0)
    before, after = topology(half.triangles), topology(mesh.triangles)
    assert (before.euler, after.euler) == (1, 1)
    assert after.boundary_edges == before.boundary_edges


def test_an_edge_of_three_triangles_is_refused_in_words() -> None:
    fan = Mesh(np.eye(5, 3), np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32))
    with pytest.raises(RemeshError, match="1 edges of the surface have more than two triangles"):
        isotropic(fan, 0.1)


def test_the_part_of_the_library_under_another_licence_is_never_loaded() -> None:
    isotropic(sphere(), 4.0)
    assert not [name for name in sys.modules if "copyleft" in name]
