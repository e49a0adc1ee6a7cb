"""Neighbourhoods drawn from a graph of 760,000 nodes, and the areas of all its nodes told from all their neighbours.

The mesh is closed, each node has six neighbours, and nodes are numbered at random, as if the mesh came in no order. The network
is the thesis's: attention, three layers 512 wide, 113 areas, 256 features. `--quick` predicts a tenth of the nodes.

Example: python -m benchmarks.graph_speed --json benchmarks/results/graph_speed.json
"""

import argparse
import os
import resource
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.contracts.training import Precision
from core.graphs.cortex import CortexGraph, JoinedGraphs
from core.graphs.neighbours import Table, neighbour_table
from core.graphs.sampler import NeighbourSampler
from core.inference.graph_predict import predict_nodes
from core.models.graph_network import GraphNetwork, NetworkShape

ROWS, COLUMNS = 800, 950
SEEDS, NEIGHBOURS, ROUNDS = 2048, 3, 30
FEATURES, AREAS, WIDTH, LAYERS = 256, 113, 512, 3


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures."""
    table = _table(ROWS, COLUMNS)
    milliseconds, cpu_ms, nodes = _sampled(table, LAYERS)
    deep_ms, _, deep_nodes = _sampled(table, 7)
    figures = [
        Figure("sampler.ms", milliseconds, "ms", goal=10.0),
        Figure("sampler.cpu_ms", cpu_ms, "ms"),
        Figure("sampler.nodes_per_seed", nodes, "", goal=18.0, sense="at least"),
        Figure("sampler.nodes_per_seed_at_most", nodes, "", goal=21.0),
        Figure("sampler.seven_layers_ms", deep_ms, "ms"),
        Figure("sampler.seven_layers_nodes_per_seed", deep_nodes, ""),
    ]
    small = _table(ROWS // 10, COLUMNS) if options.quick else table
    wall_s, cpu_s = _predicted(small, "bfloat16")
    goal = None if options.quick else 120.0
    figures += [Figure("graph.full_predict_s", wall_s, "s", goal=goal), Figure("graph.full_predict_cpu_s", cpu_s, "s")]
    if options.float32:
        wall_s, cpu_s = _predicted(small, "float32")
        figures += [Figure("graph.full_predict_float32_s", wall_s, "s"), Figure("graph.full_predict_float32_cpu_s", cpu_s, "s")]
    memory_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [*figures, Figure("graph.peak_memory_gib", memory_gib, "GiB"), Figure("load", os.getloadavg()[0], "")]


def _table(rows: int, columns: int) -> Table:
    """Neighbours in a closed mesh whose nodes are numbered at random."""
    number = np.random.default_rng(0).permutation(rows * columns)
    row, column = (each.ravel() for each in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))

    def node(down: int, right: int) -> NDArray[np.int64]:
        named: NDArray[np.int64] = number[(row + down) % rows * columns + (column + right) % columns]
        return named

    lower, upper = np.c_[node(0, 0), node(1, 0), node(0, 1)], np.c_[node(1, 0), node(1, 1), node(0, 1)]
    return neighbour_table(rows * columns, np.concatenate([lower, upper]))


def _sampled(table: Table, layers: int) -> tuple[float, float, float]:
    """Median milliseconds of a draw, by the clock and of the processor, and nodes a seed."""
    sampler, generator = NeighbourSampler(table, NEIGHBOURS, layers), np.random.default_rng(1)
    sampler.draw(np.arange(2), 0)  # compiled by now
    times, counts = [], []
    for key in range(ROUNDS):
        seeds = generator.choice(len(table), SEEDS, replace=False)
        started, worked = time.perf_counter(), time.process_time()
        drawn = sampler.draw(seeds, key)
        times.append((time.perf_counter() - started, time.process_time() - worked))
        counts.append(len(drawn.nodes) / SEEDS)
    by_clock, of_processor = (1000 * float(np.median(each)) for each in zip(*times, strict=True))
    return by_clock, of_processor, float(np.mean(counts))


def _predicted(table: Table, precision: Precision) -> tuple[float, float]:
    """Seconds by the clock and of the processors, ordering the nodes included."""
    features = np.random.default_rng(2).normal(size=(len(table), FEATURES)).astype(np.float16)
    unknown, unused = np.full(len(table), -1, np.int16), np.zeros(len(table), np.uint8)
    graph = JoinedGraphs.of([CortexGraph.of(table, {"cytoarchitecture": features}, unknown, unused)])
    torch.manual_seed(0)
    network = GraphNetwork(NetworkShape(graph.widths, "gat", LAYERS, WIDTH, AREAS))
    started, worked = time.perf_counter(), time.process_time()
    predict_nodes(network, graph, precision)
    return time.perf_counter() - started, time.process_time() - worked


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--float32", action="store_true", help="predict in float32 as well")
    run(measure, parser)
