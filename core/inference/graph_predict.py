"""The areas of all nodes of a graph, from all their neighbours: exact, layer by layer, in parts (thesis 7.1.4 samples instead).

Every layer is computed once for each node from the states of the layer before. A part holds nodes that lie together, with
those around them, so that memory is that of two layers' states and of one part, whatever the number of layers and neighbours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee
from torch import Tensor

from core.ahead import ahead
from core.contracts.training import Precision
from core.graphs.cortex import JoinedGraphs
from core.graphs.neighbours import NOBODY, Table
from core.graphs.sampler import NeighbourSampler
from core.models.device import mixed_precision
from core.models.graph_network import GraphNetwork

PART = 16_384
"""Nodes computed at a time."""


def predict_nodes(
    network: GraphNetwork,
    graph: JoinedGraphs,
    precision: Precision = "float32",
    part: int = PART,
    on_part: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Probabilities of the areas, (n, areas) float32. `on_part` is told parts done and of how many, and may raise."""
    device = next(network.parameters()).device
    network.eval()
    order = nearby_order(graph.table)
    parts = [order[start : start + part] for start in range(0, len(order), part)]
    rounds, sampler = network.hops or 1, NeighbourSampler(graph.table, None, min(1, network.hops))
    done = iter(range(1, rounds * len(parts) + 1))

    def told() -> None:
        if on_part is not None:
            on_part(next(done), rounds * len(parts))

    with torch.inference_mode(), mixed_precision(device, precision):
        states: Tensor | None = None
        for number in range(rounds):
            width, kept = network.shape.width, torch.bfloat16 if precision == "bfloat16" else torch.float32
            if number == rounds - 1:
                width, kept = network.shape.areas, torch.float32
            after = torch.empty((len(order), width), dtype=kept)
            for nodes, around in ahead(partial(_around, graph, states, sampler), parts):
                after[torch.from_numpy(nodes)] = _computed(network, number, around).to("cpu", kept)
                told()
            states = after
        assert states is not None
    return states.numpy()


def nearby_order(table: Table) -> NDArray[np.int64]:
    """All nodes, those that lie together one after the other (reverse Cuthill-McKee)."""
    source, place = np.nonzero(table != NOBODY)
    ends = np.cumsum([0, *np.bincount(source, minlength=len(table))]).astype(np.int32)
    joined = csr_matrix((np.ones(len(source), np.int8), table[source, place], ends), shape=(len(table), len(table)))
    return np.asarray(reverse_cuthill_mckee(joined, symmetric_mode=True), np.int64)


@dataclass(frozen=True, slots=True)
class _Around:
    """A part's nodes and those around them: their features or their states, and who is beside whom."""

    features: Mapping[str, Tensor]
    states: Tensor
    neighbours: Tensor
    degrees: Tensor


def _around(graph: JoinedGraphs, states: Tensor | None, sampler: NeighbourSampler, nodes: NDArray[np.int64]) -> _Around:
    """Features before the first layer, states from then on."""
    drawn = sampler.draw(nodes, 0)
    places = torch.from_numpy(drawn.drawn[:, : int(drawn.degrees.max(initial=0))].astype(np.int64))
    if sampler.hops == 0:
        places = places.new_empty((len(nodes), 0))
    if states is None:
        features = {name: torch.from_numpy(rows) for name, rows in graph.features_of(drawn.nodes).items()}
        return _Around(features, torch.empty(0), places, torch.from_numpy(drawn.degrees))
    return _Around({}, states.index_select(0, torch.from_numpy(drawn.nodes)), places, torch.from_numpy(drawn.degrees))


def _computed(network: GraphNetwork, number: int, around: _Around) -> Tensor:
    """A part's states after a layer; after the last one the probabilities. Without edges all layers are one round."""
    device = next(network.parameters()).device
    states, beside = around.states.to(device), (around.neighbours.to(device), around.degrees.to(device))
    if around.features:
        states = network.project({name: rows.to(device) for name, rows in around.features.items()}, 0)
    for layer in [number] if network.hops else range(len(network.layers)):
        states = network.step(layer, states, beside, 0)
    return torch.softmax(network.result(states), dim=1) if number == (network.hops or 1) - 1 else states
