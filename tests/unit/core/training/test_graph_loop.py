import numpy as np
import pytest
import torch

from core.contracts.graphs import GraphSettings
from core.graphs.cortex import TEST, TRAINING
from core.inference.graph_predict import predict_nodes
from core.models.graph_network import GraphNetwork, NetworkShape
from core.training import course
from core.training.course import TrainingDivergedError
from core.training.graph_loop import NothingToLearnError, graph_batches, train_on_graph
from core.training.peers import Peers
from tests.fakes.graphs import two_areas
from tests.fakes.learning import RecordedSurroundings

SETTINGS = GraphSettings(
    width=16, features=("cytoarchitecture",), epochs=6, batch_size=100, learning_rate=0.05, layer="sage", layers=3
)


def _network(settings=SETTINGS) -> GraphNetwork:
    torch.manual_seed(settings.seed)
    return GraphNetwork(NetworkShape({"cytoarchitecture": 4}, settings.layer, settings.layers, settings.width, 2))


def test_a_network_with_edges_learns_what_single_nodes_do_not_tell(tmp_path):
    graph, right = two_areas(), {}
    for layer in ("gat", "mlp"):
        settings = SETTINGS.model_copy(update={"layer": layer, "epochs": 20})
        (tmp_path / layer).mkdir()
        network, surroundings = _network(settings), RecordedSurroundings(tmp_path / layer)
        result = train_on_graph(network, graph, settings, surroundings)
        assert result.finished
        test = graph.labelled(TEST)
        right[layer] = float((predict_nodes(network, graph).argmax(axis=1)[test] == graph.areas[test]).mean())
    assert right["gat"] > 0.9
    assert right["gat"] > right["mlp"] + 0.05


def test_interrupted_and_resumed_it_does_the_same_steps(tmp_path):
    graph, whole = two_areas(), _network()
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    train_on_graph(whole, graph, SETTINGS, RecordedSurroundings(tmp_path / "whole"))
    first = train_on_graph(_network(), graph, SETTINGS, RecordedSurroundings(tmp_path / "parts", stop_after=8))
    assert (first.finished, first.steps) == (False, 8)
    resumed = _network()
    torch.manual_seed(99)
    assert train_on_graph(resumed, graph, SETTINGS, RecordedSurroundings(tmp_path / "parts")).finished
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_an_epoch_is_one_pass_through_all_annotated_training_nodes():
    graph = two_areas()
    batches = list(graph_batches(graph, SETTINGS, (0, 10), 3, Peers()))
    labelled = graph.labelled(TRAINING)
    assert len(batches[0].areas) <= SETTINGS.batch_size
    per_epoch = int(np.ceil(len(labelled) / 100))
    seen = np.concatenate([batch.around.nodes[: batch.around.seeds] for batch in batches[:per_epoch]])
    assert sorted(seen) == labelled.tolist()
    again = batches[per_epoch].around.nodes[:20].tolist()
    assert again != batches[0].around.nodes[:20].tolist()


def test_processes_share_a_batch_without_loss():
    graph = two_areas()
    (whole,) = graph_batches(graph, SETTINGS, (3, 4), 2, Peers())
    parts = [next(iter(graph_batches(graph, SETTINGS, (3, 4), 2, Peers(rank, 3)))) for rank in range(3)]
    shared = np.concatenate([part.around.nodes[: part.around.seeds] for part in parts])
    assert sorted(shared) == sorted(whole.around.nodes[: whole.around.seeds])
    assert {part.of for part in parts} == {whole.of} == {len(shared)}


def test_without_annotated_nodes_there_is_nothing_to_learn(tmp_path):
    graph = two_areas()
    graph.areas[:] = -1
    with pytest.raises(NothingToLearnError, match="0 nodes of training sections are annotated"):
        train_on_graph(_network(), graph, SETTINGS, RecordedSurroundings(tmp_path))


def test_a_loss_that_is_no_number_ends_the_training(tmp_path):
    graph = two_areas()
    graph.graphs[0].features["cytoarchitecture"][:] = np.nan
    with pytest.raises(TrainingDivergedError, match="became nan at step 1; train again with a lower learning rate"):
        train_on_graph(_network(), graph, SETTINGS, RecordedSurroundings(tmp_path))


def test_progress_tells_loss_and_accuracy(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "REPORT_EVERY_S", 0.0)
    surroundings = RecordedSurroundings(tmp_path)
    train_on_graph(_network(), two_areas(), SETTINGS, surroundings)
    steps = [each.step for each in surroundings.reports]
    assert steps == list(range(1, surroundings.reports[-1].of + 1))
    assert surroundings.reports[-1].metrics["accuracy"] > 0.5
