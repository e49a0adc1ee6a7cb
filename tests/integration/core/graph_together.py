"""One process of several that learn on a graph: `python -m tests.integration.core.graph_together FOLDER`.

Leaves the trained network in the folder; started with RANK and WORLD_SIZE as torchrun would. In float64 and without dropout,
whose masks are each process's own: what is left is gradients and statistics.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from core.contracts.graphs import GraphSettings, Layer
from core.models.graph_network import NO_DISTURBANCE, Features, GraphNetwork, NetworkShape
from core.training import course
from core.training.checkpoint import write_tensors
from core.training.graph_loop import train_on_graph
from core.training.peers import joined
from tests.fakes.graphs import two_areas
from tests.fakes.learning import RecordedSurroundings

LAYERS: tuple[Layer, ...] = ("gat", "sage")


class _InFloat64(GraphNetwork):
    def project(self, features: Features, seeds: int) -> Tensor:
        return super().project({name: rows.double() for name, rows in features.items()}, seeds)


def main(folder: Path) -> None:
    """A few steps with each kind of layer on a graph where the processes' neighbourhoods overlap."""
    torch.set_num_threads(1)
    course.REPORT_EVERY_S = 0.0  # what is told last is of the last step alone
    graph = two_areas(splits=2)
    with joined() as peers:
        for layer in LAYERS:
            settings = GraphSettings(
                layer=layer, width=8, features=("cytoarchitecture",), epochs=2, batch_size=35, learning_rate=0.1
            )
            torch.manual_seed(0)
            network = _InFloat64(NetworkShape(graph.widths, layer, 3, 8, 2), NO_DISTURBANCE).double()
            checkpoints = folder / f"{layer}-{peers.count}"
            checkpoints.mkdir(exist_ok=True)
            result = train_on_graph(network, graph, settings, RecordedSurroundings(checkpoints), peers)
            metadata = {"loss": repr(result.loss), "steps": repr(result.steps)}
            write_tensors(folder / f"{layer}-{peers.count}-{peers.rank}.safetensors", network.state_dict(), metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
