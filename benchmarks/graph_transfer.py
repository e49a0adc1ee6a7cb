"""The areas of another hemisphere, told by networks that learnt from all of one.

The other hemisphere is registered onto the learnt one: by shape, then along the surface by the features themselves, in the
directions that tell the learnt areas apart. So each of its nodes has a node of the learnt hemisphere, and with it coordinates
and a map of probabilities, as the thesis gives its networks from probabilistic atlases (7.1.1). In training both come from
beside the node, by a smooth random slip, and features are disturbed as another stain would: neither is to be trusted blindly.

Batches are of whole patches of cortex, so that neighbourhoods overlap: seeds drawn one by one cost several times as much.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial import cKDTree
from torch.nn import functional

from benchmarks.graph_real_data import PATCHES, Floats, Hemisphere, averaged, patches
from core.anatomy.surface_registration import FACING_MM, Registration, Surface, registered, smooth_field
from core.graphs.cortex import NOT_ANNOTATED, CortexGraph, JoinedGraphs
from core.graphs.feature_registration import SphereError, slid, spread_on_sphere
from core.graphs.neighbours import NOBODY
from core.graphs.sampler import Neighbourhood, NeighbourSampler
from core.inference.graph_predict import predict_nodes
from core.models.graph_network import Disturbance, Features, GraphNetwork, NetworkShape

Floats32 = NDArray[np.float32]
Nodes = NDArray[np.intp]
HOPS = (0, 3, 8, 15)
"""Averages over so many hops are features."""
COMPARED, DIRECTIONS, BROAD_MM = 2, 14, 40.0
"""Registered by averages over `HOPS[COMPARED]` hops, in so many directions, less the average over a Gaussian so wide."""
MAP_HOPS = 4
"""The learnt areas, averaged over so many hops, are the map."""
COORDINATE_MM = 60.0
DISTURBANCE = Disturbance(feature_dropout=0.05, coordinate_noise=0.03, layer_dropout=0.1)
WAVES = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How networks learn. Chosen on bent, slipped and restained copies of the left hemisphere, none of them real."""

    steps: int = 300
    patches: int = 40
    width: int = 96
    layers: int = 3
    neighbours: int = 3
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    copies: int = 16
    slip_mm: tuple[float, float] = (1.0, 5.0)
    gain: float = 0.1
    offset: float = 0.15
    broad: float = 0.15
    local: float = 0.25
    noise: float = 0.1
    balance: float = 0.5
    """An area of n nodes weighs n to the power of minus that in the loss: macro F1 counts areas alike."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The hemisphere to learn from: `averages` of its features over `HOPS`, a map (n, areas), coordinates (n, 3)."""

    hemisphere: Hemisphere
    surface: Surface
    tree: cKDTree
    averages: list[Floats32]
    map: Floats32
    coordinates: Floats32

    @classmethod
    def of(cls, hemisphere: Hemisphere) -> "Learnt":
        """All that does not depend on the other hemisphere."""
        surface = Surface.of(hemisphere.vertices, hemisphere.triangles)
        count = len(hemisphere.names)
        each = np.eye(count + 1)[hemisphere.labels][:, :count]
        coordinates = (hemisphere.vertices - hemisphere.vertices.mean(axis=0)) / COORDINATE_MM
        return cls(
            hemisphere,
            surface,
            cKDTree(surface.descriptors()),
            averages(hemisphere, 1.0),
            averaged(each, hemisphere.table, MAP_HOPS).astype(np.float32),
            coordinates.astype(np.float32),
        )

    def inputs(self, averages: Sequence[Floats32], nodes: Nodes) -> dict[str, Floats32]:
        """A network's features of places that have these averages, and lie where these nodes of this hemisphere do."""
        scaled = [mine / own.std(axis=0).clip(1e-6) for mine, own in zip(averages, self.averages, strict=True)]
        return {
            "cytoarchitecture": np.concatenate(scaled, axis=1),
            "coordinates": self.coordinates[nodes],
            "maps": self.map[nodes],
        }


@dataclass(frozen=True, slots=True)
class Carried:
    """Another hemisphere, and the learnt one's node that each of its nodes corresponds to: by `shape`, and by features too."""

    hemisphere: Hemisphere
    averages: list[Floats32]
    registration: Registration
    shape: Nodes
    nodes: Nodes


def averages(hemisphere: Hemisphere, scale: float) -> list[Floats32]:
    """Features averaged over so many hops, times the scale, each."""
    found, rows, done = [], hemisphere.features, 0
    for hops in HOPS:
        wanted = max(round(hops * scale), int(hops > 0))
        rows, done = averaged(rows, hemisphere.table, wanted - done), wanted
        found.append(rows.astype(np.float32))
    return found


def carried(learnt: Learnt, other: Hemisphere) -> Carried:
    """The other hemisphere registered onto the learnt one. Its labels are not looked at."""
    found = registered(Surface.of(other.vertices, other.triangles), learnt.surface)
    # An average over h hops reaches as far as the root of h times an edge.
    finer = (_edge_mm(learnt.surface.vertices_mm, learnt.hemisphere) / _edge_mm(found.surface.vertices_mm, other)) ** 2
    means = averages(other, finer)
    by_shape: Nodes = learnt.tree.query(found.surface.descriptors(), workers=-1)[1]
    try:
        nodes = _slid(learnt, found.surface, means[COMPARED])[by_shape]
    except SphereError:
        nodes = by_shape
    return Carried(other, means, found, by_shape, nodes)


def _slid(learnt: Learnt, other: Surface, means: Floats32) -> Nodes:
    """For each node of the learnt hemisphere that which has the features of the other hemisphere there."""
    here, vertices = learnt.hemisphere, learnt.surface.vertices_mm
    sphere = spread_on_sphere(here.vertices, here.triangles, here.table)
    own, theirs = _narrow(vertices, learnt.averages[COMPARED]), _narrow(other.vertices_mm, means)
    directions = telling(own, here.labels, DIRECTIONS)
    own, theirs = own @ directions, theirs @ directions
    theirs *= own.std(axis=0) / np.maximum(theirs.std(axis=0), 1e-9)
    there = cKDTree(other.descriptors()).query(learnt.surface.descriptors(), workers=-1)[1]
    return slid(sphere, here.table, own, theirs[there])


def _narrow(vertices: Floats, values: Floats32) -> Floats:
    """Without what is broad: stain and light differ slowly over a brain."""
    narrow: Floats = values - smooth_field(vertices, values.astype(np.float64), vertices, BROAD_MM)
    return narrow


def telling(features: Floats, areas: NDArray[np.int16], count: int) -> Floats:
    """The directions (d, count) in which areas differ most for their spread (Fisher's), that spread being one."""
    there = np.unique(areas[areas >= 0])
    mine, place = features[areas >= 0], np.searchsorted(there, areas[areas >= 0])
    means = np.stack([mine[place == number].mean(axis=0) for number in range(len(there))])
    rest, between = mine - means[place], means[place] - mine.mean(axis=0)
    within = rest.T @ rest / len(mine)
    within += 1e-3 * np.trace(within) / len(within) * np.eye(len(within))
    _, vectors = eigh(between.T @ between / len(mine), within)
    best: Floats = vectors[:, ::-1][:, :count]
    return best


def _edge_mm(vertices: Floats, hemisphere: Hemisphere) -> float:
    """The length of an edge, on the median."""
    there = hemisphere.table[:, 0] != NOBODY
    return float(np.median(np.linalg.norm(vertices[there] - vertices[hemisphere.table[there, 0]], axis=1)))


def learn_all(learnt: Learnt, recipe: Recipe, members: int) -> list[GraphNetwork]:
    """Networks that differ by their seed, one learning on each core: small as they are, two cores are little use to one."""
    workers = min(members, len(os.sched_getaffinity(0)))
    if workers < 2:
        return [learn(learnt, recipe, member) for member in range(members)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        found = list(pool.map(_learnt_arrays, [learnt] * members, [recipe] * members, range(members)))
    networks = [_network(learnt, recipe) for _ in found]
    for network, arrays in zip(networks, found, strict=True):
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return networks


def _learnt_arrays(learnt: Learnt, recipe: Recipe, seed: int) -> dict[str, NDArray[np.generic]]:
    """What a network learnt, to be sent from one process to another."""
    return {name: tensor.numpy() for name, tensor in learn(learnt, recipe, seed).state_dict().items()}


def _network(learnt: Learnt, recipe: Recipe) -> GraphNetwork:
    widths = {name: rows.shape[1] for name, rows in learnt.inputs([each[:1] for each in learnt.averages], np.arange(1)).items()}
    shape = NetworkShape(widths, "sage", recipe.layers, recipe.width, len(learnt.hemisphere.names))
    return GraphNetwork(shape, DISTURBANCE)


def learn(learnt: Learnt, recipe: Recipe, seed: int) -> GraphNetwork:
    """A network that tells all areas of the learnt hemisphere."""
    generator, here = np.random.default_rng((seed, 1)), learnt.hemisphere
    torch.manual_seed(seed)
    network = _network(learnt, recipe)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.15)
    weights = _weights(here, recipe.balance)
    network.train()
    for around, features in _batches(learnt, recipe, generator):
        places, degrees = torch.from_numpy(around.drawn).long(), torch.from_numpy(around.degrees)
        areas = torch.from_numpy(here.labels[around.nodes[: around.seeds]].astype(np.int64))
        logits = network(features, places, degrees, around.sizes)
        loss = functional.cross_entropy(logits, areas, weight=weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
    return network


def _weights(hemisphere: Hemisphere, balance: float) -> torch.Tensor:
    """Of areas in the loss, one on the mean over nodes."""
    count = np.bincount(hemisphere.labels[hemisphere.labels >= 0], minlength=len(hemisphere.names))
    weights = count.clip(1) ** -balance
    return torch.from_numpy((weights * count.sum() / (weights * count).sum()).astype(np.float32))


def _batches(learnt: Learnt, recipe: Recipe, generator: np.random.Generator) -> Iterator[tuple[Neighbourhood, Features]]:
    """Neighbourhoods of some patches' nodes, in turn until all were there, with disturbed features."""
    here = learnt.hemisphere
    sampler, slips = NeighbourSampler(here.table, recipe.neighbours, recipe.layers), _slips(learnt, recipe, generator)
    patch = patches(here, 0)
    members = [np.flatnonzero((patch == number) & (here.labels >= 0)) for number in range(PATCHES)]
    turn = [each for each in members if len(each)]
    left: list[int] = []
    for step in range(recipe.steps):
        if len(left) < min(recipe.patches, len(turn)):
            left = generator.permutation(len(turn)).tolist()
        seeds = np.concatenate([turn[left.pop()] for _ in range(min(recipe.patches, len(turn)))])
        around = sampler.draw(seeds, int(generator.integers(1 << 60)))
        means = _disturbed(learnt, recipe, around.nodes, generator)
        features = learnt.inputs(means, slips[step % len(slips)][around.nodes])
        yield around, {name: torch.from_numpy(rows) for name, rows in features.items()}


def _slips(learnt: Learnt, recipe: Recipe, generator: np.random.Generator) -> list[Nodes]:
    """Which node lies where each would after a smooth random slip, (n,) for each copy."""
    vertices, facing, found = learnt.surface.vertices_mm, FACING_MM * learnt.surface.normals, []
    for _ in range(recipe.copies):
        slip = 0.8 * _field(vertices, 30.0, 3, generator) + 0.6 * _field(vertices, 15.0, 3, generator)
        slip *= generator.uniform(*recipe.slip_mm) / np.sqrt((slip**2).sum(axis=1).mean())
        found.append(learnt.tree.query(np.concatenate([vertices + slip, facing], axis=1), workers=-1)[1])
    return found


def _disturbed(learnt: Learnt, recipe: Recipe, nodes: Nodes, generator: np.random.Generator) -> list[Floats32]:
    """The averages of some nodes as if stained otherwise: gains, offsets, broad and local fields, and noise."""
    vertices, count = learnt.surface.vertices_mm[nodes], learnt.averages[0].shape[1]
    added = recipe.broad * _field(vertices, 60.0, count, generator) + recipe.local * _field(vertices, 15.0, count, generator)
    added += np.float32(recipe.offset) * generator.standard_normal(count, dtype=np.float32)
    gain = np.exp(np.float32(recipe.gain) * generator.standard_normal(count, dtype=np.float32))
    found = []
    for rows in learnt.averages:
        noise = generator.standard_normal((len(nodes), count), dtype=np.float32) * (recipe.noise * rows.std(axis=0))
        found.append(gain * rows[nodes] + added + noise)
    return found


def _field(vertices: Floats, over_mm: float, count: int, generator: np.random.Generator) -> Floats32:
    """Smooth random values (n, count) of unit variance: waves of random direction and phase (Rahimi and Recht 2007)."""
    along = vertices @ (generator.normal(size=(3, WAVES)) / over_mm) + generator.uniform(0, 2 * np.pi, WAVES)
    heights = generator.normal(size=(WAVES, count)).astype(np.float32) * np.float32(np.sqrt(2 / WAVES))
    found: Floats32 = np.cos(along.astype(np.float32)) @ heights
    return found


def told(learnt: Learnt, networks: Sequence[GraphNetwork], other: Carried) -> Floats32:
    """Probabilities (n, areas) of the other hemisphere's nodes, on the mean over networks."""
    nodes = len(other.nodes)
    areas, uses = np.full(nodes, -1, np.int16), np.full(nodes, NOT_ANNOTATED, np.uint8)
    graph = JoinedGraphs.of([CortexGraph.of(other.hemisphere.table, learnt.inputs(other.averages, other.nodes), areas, uses)])
    total: Floats32 = np.mean([predict_nodes(network, graph) for network in networks], axis=0)
    return total
