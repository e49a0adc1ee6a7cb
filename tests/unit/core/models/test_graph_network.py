import numpy as np
import pytest
import torch

from core.graphs.neighbours import neighbour_table
from core.graphs.sampler import NeighbourSampler
from core.models.graph_network import NO_DISTURBANCE, Disturbance, GraphNetwork, NetworkShape
from tests.unit.core.graphs.meshes import torus

TABLE = neighbour_table(100, torus(10, 10))
WIDTHS = {"cytoarchitecture": 7, "coordinates": 3}


def _network(layer, layers=3, disturbance=None) -> GraphNetwork:
    torch.manual_seed(0)
    return GraphNetwork(NetworkShape(WIDTHS, layer, layers, 8, 5), disturbance)


def _logits(network: GraphNetwork, seeds, values, neighbours=None) -> torch.Tensor:
    drawn = NeighbourSampler(TABLE, neighbours, network.hops).draw(np.asarray(seeds), 0)
    features = {name: rows[torch.from_numpy(drawn.nodes)] for name, rows in values.items()}
    places, degrees = torch.from_numpy(drawn.drawn.astype(np.int64)), torch.from_numpy(drawn.degrees)
    return network(features, places, degrees, drawn.sizes)


def _values() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {name: torch.randn(100, width, generator=generator) for name, width in WIDTHS.items()}


@pytest.mark.parametrize("layer", ["gat", "sage", "mlp"])
def test_every_seed_gets_a_logit_for_each_area(layer):
    assert _logits(_network(layer), [3, 70], _values()).shape == (2, 5)


@pytest.mark.parametrize(("layer", "layers"), [("gat", 1), ("sage", 2), ("gat", 3), ("mlp", 3)])
def test_a_node_sees_as_far_as_there_are_layers(layer, layers):
    network, values = _network(layer, layers).eval(), _values()
    before = _logits(network, [0], values)
    for steps in range(1, 5):
        changed = {name: rows.clone() for name, rows in values.items()}
        changed["cytoarchitecture"][10 * steps] += 5
        seen = layer != "mlp" and steps <= layers
        assert torch.equal(before, _logits(network, [0], changed)) is not seen


def test_each_feature_has_a_projection_of_its_own_and_the_classifier_is_linear():
    network = _network("gat")
    assert network.projections["coordinates"].weight.shape == (8, 3)
    assert network.layers[0].update.weight.shape == (8, 32)
    assert network.layers[1].update.weight.shape == (8, 16)
    assert network.classify.weight.shape == (5, 8)


def test_features_are_dropped_and_coordinates_moved_in_training_only():
    network, values = _network("mlp", 1, Disturbance(0.5, 0.1, 0.0, 0.0)), _values()
    torch.manual_seed(1)
    dropped = network._disturbed("cytoarchitecture", values["cytoarchitecture"])
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    moved = network._disturbed("coordinates", values["coordinates"]) - values["coordinates"]
    assert moved.std().item() == pytest.approx(0.1, rel=0.2)
    network.eval()
    assert network._disturbed("coordinates", values["coordinates"]) is values["coordinates"]


def test_without_disturbance_training_is_repeatable():
    network = _network("gat", 2, NO_DISTURBANCE)
    assert torch.equal(_logits(network, [1, 2, 3], _values()), _logits(network, [1, 2, 3], _values()))
