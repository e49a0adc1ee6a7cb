"""Areas of real cortex: 18 stain depths and 6 layer thicknesses of each node of a hemisphere, and what its neighbours add.

FILE.npz holds one hemisphere (keys lh_* or rh_*). The cortex is divided into 400 contiguous patches, a fifth of which tests,
whole; the features of its nodes may be looked at from beside it, their labels not. SAGE of three layers stands beside the same
network without edges and beside a linear discriminant on features averaged over three hops. Plain averages over 15 hops tell
more than three layers see; `sage_far` is the network with averages over 3, 8 and 15 hops beside each node's own features, to
compare with the discriminant on those of 15. `gain_over_lda` is the smallest over both pairs and both sets of labels: the 12
largest areas of the file, and all. No coordinates there.

With --test OTHER.npz networks learn from all areas of FILE, beside a map and coordinates, and their mean tells those of OTHER
(`benchmarks.graph_transfer`): the other hemisphere, mirrored or not, or another brain. They learn once: of the 12 areas that is
given which is the most probable among them. Labels are matched by name, and looked at for the scores alone. Beside it
`registered` is what FILE's labels say when they are carried over by the same registration, `by_shape` without features.

Example: python -m benchmarks.graph_real left.npz --test right.npz --json report.json
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from benchmarks.graph_real_data import (
    PATCHES,
    GraphFileError,
    Hemisphere,
    areas_by_name,
    averaged,
    discriminant,
    largest,
    load,
    macro_f1,
    patches,
)
from benchmarks.graph_transfer import Carried, Learnt, Recipe, carried, learn_all, told
from core.contracts.graphs import GraphSettings, Layer
from core.contracts.jobs import Progress
from core.graphs.cortex import NOT_ANNOTATED, TRAINING, CortexGraph, JoinedGraphs
from core.inference.graph_predict import predict_nodes
from core.models.graph_network import Disturbance, GraphNetwork, NetworkShape
from core.training.graph_loop import train_on_graph

FEW, HOPS, FAR_HOPS = 12, 3, 15
AROUND_HOPS = (3, 8, FAR_HOPS)
TEST_SHARE, SEED = 0.2, 1
WIDTH, LEARNING_RATE = 128, 0.1
DISTURBANCE = Disturbance(feature_dropout=0.05, coordinate_noise=0.05, layer_dropout=0.1)
"""Two dozen features are few: half of them dropped, as the thesis drops 2048, would leave too little."""
MEMBERS, QUICK_STEPS = 4, 5


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Of a training that nobody watches."""

    checkpoints: Path

    def report(self, progress: Progress) -> None:
        """Nobody is told."""

    def stop_requested(self) -> bool:
        """Never."""
        return False


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures."""
    here = load(options.file)
    labels = {FEW: largest(here, FEW), len(here.names): here.names}
    figures = [] if options.only_transfer else _within(here, labels, options.quick)
    if options.test is not None:
        figures += _transferred(here, load(options.test), labels, options.quick)
    return [*figures, Figure("load", os.getloadavg()[0], "")]


def _within(here: Hemisphere, labels: Mapping[int, tuple[str, ...]], quick: bool) -> list[Figure]:
    """Scores on patches that nothing was learnt from."""
    test = np.isin(patches(here, SEED), np.random.default_rng(SEED).permutation(PATCHES)[: round(PATCHES * TEST_SHARE)])
    figures, mlp_gains, lda_gains = [], [], []
    for count, names in labels.items():
        areas = areas_by_name(here, names)
        learnt, judged = (areas >= 0) & ~test, (areas >= 0) & test
        uses = np.where(learnt, TRAINING, NOT_ANNOTATED).astype(np.uint8)
        own = {"cytoarchitecture": here.features.astype(np.float32)}
        networks: dict[str, tuple[Layer, dict[str, NDArray[np.float32]]]] = {
            "sage": ("sage", own),
            "mlp": ("mlp", own),
            "sage_far": ("sage", own | {"around": _around(here)}),
        }
        found = {}
        for name, (layer, features) in networks.items():
            graph = CortexGraph.of(here.table, features, areas, uses)
            network = _learnt([graph], count, _settings(count, quick, layer))
            found[name] = macro_f1(areas[judged], _given(network, graph)[judged].argmax(axis=1), count)
        for hops in (HOPS, FAR_HOPS):
            rows = averaged(here.features, here.table, hops)
            given = discriminant(rows[learnt], areas[learnt], rows[judged], count)
            found[f"lda_{hops}_hops"] = macro_f1(areas[judged], given, count)
        figures += [Figure(f"graph.{name}_macro_f1_{count}", value, "") for name, value in found.items()]
        mlp_gains.append(found["sage"] - found["mlp"])
        lda_gains += [found["sage"] - found[f"lda_{HOPS}_hops"], found["sage_far"] - found[f"lda_{FAR_HOPS}_hops"]]
    return [
        Figure("graph.gain_over_mlp", min(mlp_gains), "", goal=0.1, sense="at least"),
        Figure("graph.gain_over_lda", min(lda_gains), "", goal=0.0, sense="at least"),
        *figures,
    ]


def _transferred(here: Hemisphere, other: Hemisphere, labels: Mapping[int, tuple[str, ...]], quick: bool) -> list[Figure]:
    """Scores on another hemisphere."""
    if not (areas_by_name(other, here.names) >= 0).any():
        raise GraphFileError(f"no area of the second file has a name of the first, such as {', '.join(here.names[:3])}")
    started = time.monotonic()
    learnt = Learnt.of(here)
    target = carried(learnt, other)
    registered_at = time.monotonic()
    recipe = Recipe(steps=QUICK_STEPS) if quick else Recipe()
    given = told(learnt, learn_all(learnt, recipe, 1 if quick else MEMBERS), target)
    ended = time.monotonic()
    answers = {"": given, "registered_": learnt.map[target.nodes], "by_shape_": learnt.map[target.shape]}
    figures = [
        figure
        for count, names in labels.items()
        for kind, rows in answers.items()
        for figure in _scores(kind, rows[:, [here.names.index(name) for name in names]], areas_by_name(other, names), count)
    ]
    return [*figures, *_of_registration(target), *_seconds(registered_at - started, ended - registered_at)]


def _scores(kind: str, rows: NDArray[np.float32], true: NDArray[np.int16], count: int) -> list[Figure]:
    """Of the most probable of these areas, where the other hemisphere has one of them; none where it has none."""
    judged = true >= 0
    if not judged.any():
        return []
    found = rows[judged].argmax(axis=1)
    return [
        Figure(f"graph.transfer_{kind}macro_f1_{count}", macro_f1(true[judged], found, count), ""),
        Figure(f"graph.transfer_{kind}accuracy_{count}", float((found == true[judged]).mean()), ""),
        *([] if kind else [Figure(f"graph.transfer_nodes_{count}", int(judged.sum()), "nodes")]),
    ]


def _of_registration(target: Carried) -> list[Figure]:
    return [
        Figure("graph.transfer_mirrored", float(target.registration.mirrored), ""),
        Figure("graph.transfer_residual", target.registration.residual_mm, "mm"),
    ]


def _seconds(registration_s: float, learning_s: float) -> list[Figure]:
    return [
        Figure("graph.transfer_registration", registration_s, "s"),
        Figure("graph.transfer_learning", learning_s, "s"),
    ]


def _settings(count: int, quick: bool, layer: Layer) -> GraphSettings:
    """Chosen on other patches of the left hemisphere."""
    epochs, batch = (30, 512) if count == FEW else (25, 1024)
    return GraphSettings(
        layer=layer,
        layers=HOPS,
        width=WIDTH,
        features=("cytoarchitecture",),
        epochs=1 if quick else epochs,
        batch_size=batch,
        learning_rate=LEARNING_RATE,
        seed=0,
    )


def _learnt(graphs: Sequence[CortexGraph], count: int, settings: GraphSettings) -> GraphNetwork:
    joined = JoinedGraphs.of(graphs)
    torch.manual_seed(settings.seed)
    shape = NetworkShape(joined.widths, settings.layer, settings.layers, settings.width, count)
    network = GraphNetwork(shape, DISTURBANCE)
    with tempfile.TemporaryDirectory() as checkpoints:
        train_on_graph(network, joined, settings, _Surroundings(Path(checkpoints)))
    return network


def _given(network: GraphNetwork, graph: CortexGraph) -> NDArray[np.float32]:
    return predict_nodes(network, JoinedGraphs.of([graph]))


def _around(hemisphere: Hemisphere) -> NDArray[np.float32]:
    """Averages over more hops than the network has layers, (n, 24 for each of `AROUND_HOPS`)."""
    means = [averaged(hemisphere.features, hemisphere.table, hops) for hops in AROUND_HOPS]
    return np.concatenate([each / each.std(axis=0) for each in means], axis=1).astype(np.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="one hemisphere")
    parser.add_argument("--test", type=Path, help="another hemisphere, to be told from the first")
    parser.add_argument("--only-transfer", action="store_true", help="leave out the scores within FILE")
    run(measure, parser)
