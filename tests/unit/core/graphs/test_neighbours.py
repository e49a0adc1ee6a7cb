import numpy as np
import pytest

from core.graphs.neighbours import NOBODY, MeshError, among, degrees, neighbour_table, side_by_side
from tests.unit.core.graphs.meshes import icosphere, torus


def test_the_table_names_exactly_the_ends_of_the_edges():
    vertices, triangles = icosphere(2)
    table = neighbour_table(len(vertices), triangles)
    edges = {(int(t[i]), int(t[j])) for t in triangles for i in range(3) for j in range(3) if i != j}
    assert {(node, int(other)) for node, row in enumerate(table) for other in row if other != NOBODY} == edges
    assert table.dtype == np.int32
    assert table.shape == (162, 12)


def test_rows_are_in_order_and_filled_up_after_the_last_neighbour():
    table = neighbour_table(30, torus(5, 6))
    assert (degrees(table) == 6).all()
    assert (np.diff(table[:, :6], axis=1) > 0).all()
    assert (table[:, 6:] == NOBODY).all()


def test_a_node_of_many_neighbours_keeps_them_all():
    wheel = np.array([(0, 1 + i, 1 + (i + 1) % 20) for i in range(20)])
    table = neighbour_table(21, wheel)
    assert table.shape == (21, 20)
    assert sorted(table[0]) == list(range(1, 21))
    assert degrees(table)[1:].tolist() == [3] * 20


def test_nodes_without_a_triangle_and_triangles_without_an_area_are_borne():
    table = neighbour_table(4, np.array([(0, 0, 1)]))
    assert degrees(table).tolist() == [1, 1, 0, 0]
    assert (neighbour_table(2, np.empty((0, 3), int)) == NOBODY).all()


def test_triangles_of_other_nodes_are_refused():
    with pytest.raises(MeshError, match="triangles name nodes 0 to 3, there are 0 to 2"):
        neighbour_table(3, np.array([(0, 1, 3)]))
    with pytest.raises(MeshError, match="three corners"):
        neighbour_table(3, np.array([(0, 1)]))


def test_a_node_left_out_is_nobodys_neighbour_but_sees_the_others():
    table = neighbour_table(30, torus(5, 6))
    kept = np.ones(30, bool)
    kept[7] = False
    less = among(table, kept)
    assert not (less == 7).any()
    assert (less[7] == table[7]).all()
    assert (np.diff(less, axis=1) > 0).sum() == (np.diff(table, axis=1) > 0).sum() - 6


def test_graphs_side_by_side_stay_apart():
    small, large = neighbour_table(4, np.array([(0, 1, 2), (1, 2, 3)])), neighbour_table(30, torus(5, 6))
    both = side_by_side([small, large])
    assert (both[:4] == small).all()
    assert (both[4:] == np.where(large == NOBODY, NOBODY, large + 4)).all()
