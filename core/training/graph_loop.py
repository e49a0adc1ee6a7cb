"""The training loop of networks on graphs, to be read top to bottom (thesis 7.1.3)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.ahead import ahead
from core.contracts.graphs import GraphSettings
from core.graphs.cortex import TRAINING, JoinedGraphs
from core.graphs.sampler import Neighbourhood, NeighbourSampler
from core.models.device import choose_device, mixed_precision
from core.models.graph_layers import SeedNorm
from core.models.graph_network import GraphNetwork
from core.optimisers.lars import lars
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.course import Course, Surroundings, check_finite
from core.training.loss_watch import LossWatch
from core.training.peers import Peers


class NothingToLearnError(Exception):
    """No node is annotated, or fewer than the processes that are to learn from them."""


@dataclass(frozen=True, slots=True)
class GraphTraining:
    """How the loop ended: `steps` done in all, and loss and share of right nodes over the last reported stretch."""

    finished: bool
    steps: int
    loss: float
    accuracy: float = 0.0
    warnings: tuple[str, ...] = ()


def train_on_graph(
    network: GraphNetwork,
    graph: JoinedGraphs,
    settings: GraphSettings,
    surroundings: Surroundings,
    peers: Peers | None = None,
) -> GraphTraining:
    """Train the network in place for the settings' epochs, each a pass through all annotated training nodes.

    It resumes from a checkpoint where there is one: interrupted and resumed, it does the same steps as in one go, for what a
    step draws, drops and disturbs depends on the seed and the step alone. With `peers` every process learns from its share of
    each batch, all with the same result. NothingToLearnError; TrainingDivergedError when the loss is no number any more;
    PeerLostError when a process is gone.
    """
    peers = peers or Peers()
    device = choose_device()
    network.to(device)
    for module in network.modules():
        if isinstance(module, SeedNorm):
            module.total = peers.joint
    optimiser = lars(
        network,
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        trust=settings.trust,
    )
    steps = settings.epochs * _Epochs(graph, settings, peers).length
    first_step = load_checkpoint(surroundings.checkpoints, network, optimiser, settings)
    network.train()
    course = Course(surroundings, peers, LossWatch(network.shape.areas, steps), first_step)
    right, nodes, reported = 0, 0, GraphTraining(first_step == steps, first_step, math.nan)

    for step, batch in enumerate(graph_batches(graph, settings, (first_step, steps), network.hops, peers), start=first_step):
        torch.manual_seed(_key(settings.seed, step, 1 + peers.rank))
        with mixed_precision(device, settings.precision):
            logits = network(*batch.inputs(device))
        areas = batch.areas.to(device)
        loss = functional.cross_entropy(logits, areas, reduction="sum") / batch.of
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value = peers.total_gradients(network, loss)
        check_finite(value, f"step {step + 1}")
        optimiser.step()

        (hits,) = course.step(value, [int((logits.detach().argmax(dim=1) == areas).sum())])
        right, nodes = right + hits, nodes + batch.of
        if course.tells:
            reported = GraphTraining(course.done == steps, course.done, course.loss, right / nodes, course.watch.warnings)
            course.tell(reported.loss, {"accuracy": reported.accuracy})
            right, nodes = 0, 0
        if course.saves:
            save_checkpoint(surroundings.checkpoints, network, optimiser, course.done, settings)
        if course.stops:
            return GraphTraining(False, course.done, value, reported.accuracy)
    return reported


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """A neighbourhood with its nodes' features and its seeds' areas (seeds,); `of` seeds are in the batch of all processes."""

    around: Neighbourhood
    features: dict[str, NDArray[np.float32]]
    areas: Tensor
    of: int

    def inputs(self, device: torch.device) -> tuple[dict[str, Tensor], Tensor, Tensor, tuple[int, ...]]:
        """What the network is called with."""
        features = {name: torch.from_numpy(rows).to(device) for name, rows in self.features.items()}
        places = torch.from_numpy(self.around.drawn).to(device, torch.long)
        return features, places, torch.from_numpy(self.around.degrees).to(device), self.around.sizes


def graph_batches(
    graph: JoinedGraphs, settings: GraphSettings, steps: tuple[int, int], hops: int, peers: Peers
) -> Iterator[GraphBatch]:
    """The batches of the steps from the first to before the last, prepared one ahead; of each the process's own share.

    Only SAGE draws neighbours: attention takes all, and its dropout leaves some out (thesis 7.1.4).
    """
    sampler = NeighbourSampler(graph.table, settings.neighbours if settings.layer == "sage" else None, hops)
    epochs = _Epochs(graph, settings, peers)

    def made(step: int) -> GraphBatch:
        together = epochs.batch(step)
        seeds = together[peers.rank :: peers.count]
        around = sampler.draw(seeds, _key(settings.seed, step, 0))
        areas = torch.from_numpy(graph.areas[seeds].astype(np.int64))
        return GraphBatch(around, graph.features_of(around.nodes), areas, len(together))

    for _, batch in ahead(made, range(*steps)):
        yield batch


class _Epochs:
    """All annotated training nodes in every epoch's order, in batches of about the same size."""

    def __init__(self, graph: JoinedGraphs, settings: GraphSettings, peers: Peers) -> None:
        self._nodes, self._seed = graph.labelled(TRAINING), settings.seed
        fewest = 2 * peers.count
        if len(self._nodes) < fewest:
            raise NothingToLearnError(
                f"{len(self._nodes)} nodes of training sections are annotated, {peers.count} processes need {fewest}; "
                "annotate more sections, or choose other areas"
            )
        self.length = math.ceil(len(self._nodes) / max(settings.batch_size, fewest))
        self._epoch, self._order = -1, self._nodes

    def batch(self, step: int) -> NDArray[np.int64]:
        """The nodes that all processes learn from in a step."""
        epoch, place = divmod(step, self.length)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, np.random.default_rng((self._seed, epoch)).permutation(self._nodes)
        return np.array_split(self._order, self.length)[place]


def _key(seed: int, step: int, use: int) -> int:
    """A number for everything random of a step."""
    return int(np.random.SeedSequence((seed, step, use)).generate_state(1, np.uint64)[0] >> np.uint64(1))
