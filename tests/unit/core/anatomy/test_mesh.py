import numpy as np
import pytest

from core.anatomy.mesh import (
    Mesh,
    Topology,
    edge_lengths,
    edges,
    kept,
    parts,
    topology,
    triangle_areas,
    vertex_areas,
    vertex_normals,
)

OCTAHEDRON = Mesh(
    np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float),
    np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], np.int32),
)


def test_a_closed_surface_has_euler_characteristic_two_and_no_boundary() -> None:
    assert topology(OCTAHEDRON.triangles) == Topology(euler=2, boundary_edges=0, non_manifold_edges=0)


def test_a_disk_has_one_and_a_boundary() -> None:
    half, _ = kept(OCTAHEDRON, np.arange(8) < 4)
    assert topology(half.triangles) == Topology(euler=1, boundary_edges=4, non_manifold_edges=0)


def test_an_edge_of_three_triangles_is_not_manifold() -> None:
    fan = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32)
    assert topology(fan).non_manifold_edges == 1


def test_every_edge_is_told_once_with_its_triangles() -> None:
    once, sharing = edges(OCTAHEDRON.triangles)
    assert len(once) == 12
    assert (once[:, 0] < once[:, 1]).all()
    assert set(sharing) == {2}
    assert edge_lengths(OCTAHEDRON) == pytest.approx(np.sqrt(2))


def test_normals_point_out_of_a_surface_whose_triangles_turn_that_way() -> None:
    assert vertex_normals(OCTAHEDRON) == pytest.approx(OCTAHEDRON.vertices)
    assert triangle_areas(OCTAHEDRON) == pytest.approx(np.sqrt(3) / 2)


def test_each_vertex_has_a_third_of_its_triangles_and_all_of_them_the_whole_surface() -> None:
    half, _ = kept(OCTAHEDRON, np.arange(8) < 4)
    areas = vertex_areas(half)
    assert areas.sum() == pytest.approx(triangle_areas(half).sum())
    assert sorted(areas / (np.sqrt(3) / 6)) == pytest.approx([2, 2, 2, 2, 4])


def test_parts_are_counted_by_falling_area() -> None:
    small = OCTAHEDRON.vertices * 0.5 + 5
    both = Mesh(np.concatenate([small, OCTAHEDRON.vertices]), np.concatenate([OCTAHEDRON.triangles, OCTAHEDRON.triangles + 6]))
    assert parts(both).tolist() == [1] * 6 + [0] * 6


def test_keeping_triangles_drops_the_vertices_that_none_uses() -> None:
    mesh, stood = kept(OCTAHEDRON, np.array([True] + [False] * 7))
    assert stood.tolist() == [0, 2, 4]
    assert mesh.vertices[mesh.triangles[0]] == pytest.approx(OCTAHEDRON.vertices[[0, 2, 4]])


def test_a_mesh_without_triangles_has_no_edges() -> None:
    nothing = np.zeros((0, 3), np.int32)
    assert len(edges(nothing)[0]) == 0
    assert topology(nothing) == Topology(0, 0, 0)
