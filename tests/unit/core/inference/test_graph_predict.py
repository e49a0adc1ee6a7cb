import numpy as np
import pytest
import torch

from core.graphs.cortex import CortexGraph, JoinedGraphs
from core.graphs.neighbours import neighbour_table
from core.graphs.sampler import NeighbourSampler
from core.inference.graph_predict import nearby_order, predict_nodes
from core.models.graph_network import GraphNetwork, NetworkShape
from tests.unit.core.graphs.meshes import icosphere, torus

WIDTHS = {"cytoarchitecture": 6, "coordinates": 3}


def _graph(nodes: int, triangles, seed: int) -> CortexGraph:
    generator = np.random.default_rng(seed)
    features = {name: generator.normal(size=(nodes, width)).astype(np.float32) for name, width in WIDTHS.items()}
    return CortexGraph.of(neighbour_table(nodes, triangles), features, np.zeros(nodes, np.int16), np.zeros(nodes, np.uint8))


@pytest.fixture(scope="module")
def graph() -> JoinedGraphs:
    vertices, triangles = icosphere(3)
    return JoinedGraphs.of([_graph(len(vertices), triangles, 0), _graph(120, torus(10, 12), 1)])


def _logits(network: GraphNetwork, graph: JoinedGraphs) -> torch.Tensor:
    around = NeighbourSampler(graph.table, None, network.hops).draw(np.arange(len(graph.table)), 0)
    features = {name: torch.from_numpy(rows) for name, rows in graph.features_of(around.nodes).items()}
    places, degrees = torch.from_numpy(around.drawn.astype(np.int64)), torch.from_numpy(around.degrees)
    with torch.no_grad():
        return network(features, places, degrees, around.sizes)


def _network(layer, graph) -> GraphNetwork:
    """Untrained, but for the running statistics."""
    torch.manual_seed(0)
    network = GraphNetwork(NetworkShape(WIDTHS, layer, 3, 16, 4))
    for _ in range(20):
        _logits(network, graph)
    return network.eval()


@pytest.mark.parametrize("layer", ["gat", "sage", "mlp"])
def test_parts_give_every_node_what_the_network_gives_it_with_all_its_neighbours(graph, layer):
    network = _network(layer, graph)
    found = predict_nodes(network, graph, part=100)
    np.testing.assert_allclose(found, torch.softmax(_logits(network, graph), dim=1).numpy(), atol=1e-5)
    assert found.std(axis=0).min() > 0.005


def test_progress_is_told_part_by_part(graph):
    told = []
    predict_nodes(_network("gat", graph), graph, part=300, on_part=lambda done, of: told.append((done, of)))
    assert told == [(done, 9) for done in range(1, 10)]


def test_lower_precision_is_near(graph):
    network = _network("sage", graph)
    assert np.abs(predict_nodes(network, graph) - predict_nodes(network, graph, "bfloat16")).max() < 0.05


def test_the_order_keeps_neighbours_together(graph):
    order = nearby_order(graph.table)
    assert sorted(order) == list(range(len(graph.table)))
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    apart = np.abs(place[graph.table] - place[:, None])[graph.table >= 0]
    assert apart.max() < 150
