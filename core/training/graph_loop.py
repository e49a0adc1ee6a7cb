"""The training loop of networks on graphs, to be read top to bottom (thesis 7.1.3)."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.ahead import ahead
from core.contracts.graphs import GraphSettings
from core.contracts.jobs import Progress
from core.graphs.cortex import TRAINING, JoinedGraphs
from core.graphs.sampler import Neighbourhood, NeighbourSampler
from core.models.device import choose_device, mixed_precision
from core.models.graph_layers import SeedNorm
from core.models.graph_network import GraphNetwork
from core.optimisers.lars import lars
from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.loop import CHECKPOINT_EVERY_S, REPORT_EVERY_S, Surroundings, TrainingDivergedError
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


@dataclass(slots=True)
class _Stretch:
    """Losses, right nodes and nodes since the last report."""

    losses: list[float] = field(default_factory=list)
    right: int = 0
    nodes: int = 0


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
    stretch, reported = _Stretch(), GraphTraining(first_step == steps, first_step, math.nan)
    watch = LossWatch(network.shape.areas, steps)
    started = reported_at = saved_at = time.monotonic()

    for step, batch in enumerate(graph_batches(graph, settings, (first_step, steps), network.hops, peers), start=first_step):
        torch.manual_seed(_key(settings.seed, step, 1 + peers.rank))
        with mixed_precision(device, settings.precision):
            logits = network(*batch.inputs(device))
        areas = batch.areas.to(device)
        loss = functional.cross_entropy(logits, areas, reduction="sum") / batch.of
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value = peers.total_gradients(network, loss)
        if not math.isfinite(value):
            raise TrainingDivergedError(f"the loss became {value} at step {step + 1}; train again with a lower learning rate")
        optimiser.step()

        watch.add(value)
        right = (logits.detach().argmax(dim=1) == areas).sum()
        stops, hits = peers.total(torch.stack([right.new_tensor(int(surroundings.stop_requested())), right])).tolist()
        stretch.losses.append(value)
        stretch.right, stretch.nodes = stretch.right + hits, stretch.nodes + batch.of
        done, now = step + 1, time.monotonic()
        if done == steps or now - reported_at >= REPORT_EVERY_S:
            eta_s = (now - started) / (done - first_step) * (steps - done)
            reported = _report(stretch, (done, steps), eta_s, surroundings, watch)
            stretch, reported_at = _Stretch(), now
        if peers.speaks and done < steps and (stops or now - saved_at >= CHECKPOINT_EVERY_S):
            save_checkpoint(surroundings.checkpoints, network, optimiser, done, settings)
            saved_at = now
        if stops and done < steps:
            return GraphTraining(False, done, value, reported.accuracy)
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


def _report(
    stretch: _Stretch, so_far: tuple[int, int], eta_s: float, surroundings: Surroundings, watch: LossWatch
) -> GraphTraining:
    done, steps = so_far
    accuracy = stretch.right / stretch.nodes
    result = GraphTraining(done == steps, done, float(np.mean(stretch.losses)), accuracy, watch.warnings)
    surroundings.report(
        Progress(
            at=datetime.now(UTC),
            phase="training (warning: the loss does not fall)" if watch.stuck else "training",
            step=done,
            of=steps,
            loss=result.loss,
            metrics={"accuracy": accuracy},
            eta_s=eta_s,
        )
    )
    return result
