import numpy as np
import pytest

from core.graphs.neighbours import NOBODY, neighbour_table
from core.graphs.sampler import NeighbourSampler
from tests.unit.core.graphs.meshes import icosphere, torus

TABLE = neighbour_table(900, torus(30, 30))


def test_seeds_come_first_and_every_node_once():
    seeds = np.array([5, 800, 17])
    drawn = NeighbourSampler(TABLE, 3, 3).draw(seeds, 1)
    assert drawn.nodes[:3].tolist() == [5, 800, 17]
    assert len(np.unique(drawn.nodes)) == len(drawn.nodes) == drawn.sizes[-1]
    assert drawn.sizes[0] == drawn.seeds == 3
    assert list(drawn.sizes) == sorted(drawn.sizes)


def test_drawn_are_different_neighbours_of_the_node_in_the_graph():
    drawn = NeighbourSampler(TABLE, 3, 2).draw(np.arange(0, 900, 50), 4)
    assert drawn.drawn.shape == (drawn.sizes[1], 3)
    for node, row in zip(drawn.nodes, drawn.drawn, strict=False):
        assert len(set(row)) == 3
        assert set(drawn.nodes[row]) <= set(TABLE[node])
    assert (drawn.degrees == 6).all()


def test_the_same_key_draws_the_same_and_another_key_otherwise():
    sampler, seeds = NeighbourSampler(TABLE, 3, 3), np.arange(40)
    first, again, other = (sampler.draw(seeds, key) for key in (9, 9, 10))
    assert (first.nodes == again.nodes).all()
    assert (first.drawn == again.drawn).all()
    assert first.nodes.tolist() != other.nodes.tolist()


def test_what_is_drawn_of_a_node_does_not_depend_on_the_other_seeds():
    sampler = NeighbourSampler(TABLE, 3, 1)
    alone, among_others = sampler.draw(np.array([77]), 3), sampler.draw(np.arange(70, 90), 3)
    assert alone.nodes[alone.drawn[0]].tolist() == among_others.nodes[among_others.drawn[7]].tolist()


def test_every_neighbour_is_drawn_equally_often():
    sampler = NeighbourSampler(TABLE, 3, 1)
    taken = [sampler.draw(np.array([444]), key).nodes[1:] for key in range(2000)]
    counts = np.bincount(np.concatenate(taken), minlength=900)[TABLE[444, :6]]
    assert (np.abs(counts - 1000) < 5 * np.sqrt(2000 * 0.25)).all()


def test_without_a_number_all_neighbours_are_taken():
    vertices, triangles = icosphere(2)
    table = neighbour_table(len(vertices), triangles)
    drawn = NeighbourSampler(table, None, 1).draw(np.arange(162), 0)
    assert (drawn.drawn == table[:, :6]).all()
    assert drawn.degrees.min() == 5


def test_all_nodes_within_so_many_edges_are_reached():
    grid = np.abs(np.arange(900) // 30 - 15), np.abs(np.arange(900) % 30 - 15)
    drawn = NeighbourSampler(TABLE, None, 3).draw(np.array([15 * 30 + 15]), 0)
    assert drawn.sizes == (1, 7, 19, 37)
    assert max(grid[0][drawn.nodes].max(), grid[1][drawn.nodes].max()) == 3


def test_without_layers_a_neighbourhood_is_its_seeds():
    drawn = NeighbourSampler(TABLE, 3, 0).draw(np.array([3, 1]), 0)
    assert drawn.sizes == (2,)
    assert drawn.nodes.tolist() == [3, 1]
    assert len(drawn.drawn) == 0


def test_a_node_without_neighbours_draws_nobody():
    drawn = NeighbourSampler(neighbour_table(2, np.empty((0, 3), int)), 3, 2).draw(np.array([1]), 0)
    assert drawn.sizes == (1, 1, 1)
    assert (drawn.drawn == NOBODY).all()


def test_a_seed_named_twice_is_refused_and_harms_nothing():
    sampler = NeighbourSampler(TABLE, 3, 2)
    with pytest.raises(ValueError, match="a seed is named twice"):
        sampler.draw(np.array([1, 2, 1]), 0)
    assert sampler.draw(np.array([1]), 0).seeds == 1
