import numpy as np
import pytest

from core.graphs.cortex import TEST, TRAINING, CortexGraph, JoinedGraphs
from core.graphs.neighbours import neighbour_table
from tests.unit.core.graphs.meshes import torus

TABLE = neighbour_table(30, torus(5, 6))


def _graph(start: int, features="maps", width=2, usable=None) -> CortexGraph:
    rows = (start + np.arange(30 * width)).reshape(30, width).astype(np.float16)
    areas = np.where(np.arange(30) < 20, 1, -1).astype(np.int16)
    return CortexGraph.of(TABLE, {features: rows}, areas, np.where(np.arange(30) % 5, TRAINING, TEST).astype(np.uint8), usable)


def test_features_of_nodes_come_from_the_graph_they_are_of():
    graph = JoinedGraphs.of([_graph(0), _graph(1000)])
    found = graph.features_of(np.array([31, 0, 59, 2]))["maps"]
    assert found.tolist() == [[1002, 1003], [0, 1], [1058, 1059], [4, 5]]
    assert graph.widths == {"maps": 2}


def test_only_annotated_nodes_are_learnt_from():
    graph = JoinedGraphs.of([_graph(0), _graph(0)])
    assert graph.labelled(TEST).tolist() == [0, 5, 10, 15, 30, 35, 40, 45]
    assert len(graph.labelled(TRAINING)) == 32


def test_unusable_nodes_are_nobodys_neighbour():
    graph = _graph(0, usable=np.arange(30) != 9)
    assert not (graph.table == 9).any()


def test_arrays_of_other_nodes_are_refused():
    with pytest.raises(ValueError, match=r"the graph has 30 nodes, but \{'areas': 29\}"):
        CortexGraph.of(TABLE, {}, np.zeros(29, np.int16), np.zeros(30, np.uint8))


def test_graphs_of_different_features_are_not_joined():
    with pytest.raises(ValueError, match="the same features"):
        JoinedGraphs.of([_graph(0), _graph(0, width=3)])
