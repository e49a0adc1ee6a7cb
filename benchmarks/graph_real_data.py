"""A hemisphere of a real brain as a graph, divided into patches of cortex, and the linear discriminant to compare with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from core.graphs.neighbours import NOBODY, Table, degrees, neighbour_table

Floats = NDArray[np.float64]
PATCHES = 400
"""About 100 nodes each: half of a middle-sized area."""
CLIP = 5.0
"""Robust standard deviations from the median; farther off are tears and folds of the sections."""
ICP_ROUNDS, ICP_KEPT = 30, 0.9


class GraphFileError(Exception):
    """The file is not a hemisphere's graph; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Hemisphere:
    """`vertices` (n, 3) in mm, `table` of neighbours, `features` (n, 24) standardised, `labels` (n,) -1 for none, `names`."""

    vertices: Floats
    table: Table
    features: Floats
    labels: NDArray[np.int16]
    names: tuple[str, ...]


def load(path: Path) -> Hemisphere:
    """A file with keys `lh_*` or `rh_*`: v, f, profile (n, 18), layers (n, 6), mmp (n,), and `mmp_names`; GraphFileError."""
    with np.load(path) as held:
        sides = [key[:-1] for key in held.files if key in ("lh_v", "rh_v")]
        needed = [side + name for side in sides[:1] for name in ("v", "f", "profile", "layers", "mmp")] + ["mmp_names"]
        missing = [key for key in needed if key not in held.files]
        if len(sides) != 1 or missing:
            raise GraphFileError(
                f"{path} must hold one hemisphere, lh_* or rh_*; missing: {', '.join(missing) or 'lh_v or rh_v'}"
            )
        vertices, triangles, profile, layers, labels = (held[key] for key in needed[:-1])
        names = tuple(str(name).removeprefix("L_").removeprefix("R_") for name in held["mmp_names"])
    table = neighbour_table(len(vertices), triangles)
    areas = labels.astype(np.int16) - 1  # 0 is the medial wall
    return Hemisphere(vertices.astype(np.float64), table, _standardised(profile, layers), areas, names[1:])


def _standardised(profile: NDArray[np.uint16], layers: NDArray[np.float32]) -> Floats:
    """Depths and thicknesses, each from its own hemisphere's median in robust standard deviations: stains differ."""
    values = np.concatenate([profile, layers], axis=1).astype(np.float64)
    middle = np.median(values, axis=0)
    spread = 1.4826 * np.median(np.abs(values - middle), axis=0)
    standardised: Floats = np.clip((values - middle) / np.maximum(spread, 1e-9), -CLIP, CLIP)
    return standardised


def areas_by_name(hemisphere: Hemisphere, names: tuple[str, ...]) -> NDArray[np.int16]:
    """The hemisphere's labels as numbers in `names`, -1 for other areas."""
    number = {name: index for index, name in enumerate(names)}
    renamed = np.array([*(number.get(name, -1) for name in hemisphere.names), -1], np.int16)
    found: NDArray[np.int16] = renamed[hemisphere.labels]
    return found


def largest(hemisphere: Hemisphere, count: int) -> tuple[str, ...]:
    """The names of the areas with the most nodes, the largest first."""
    nodes = np.bincount(hemisphere.labels[hemisphere.labels >= 0], minlength=len(hemisphere.names))
    return tuple(hemisphere.names[index] for index in np.argsort(-nodes, kind="stable")[:count])


def placed_on(vertices: Floats, onto: Floats) -> Floats:
    """The vertices (n, 3) of a hemisphere carried onto another: mirrored where it is the other side, then affinely.

    The affine map brings nearest vertices together, the farthest tenth left out (trimmed iterative closest points).
    """
    mirrored = np.sign(np.median(vertices[:, 0])) != np.sign(np.median(onto[:, 0]))
    moved = vertices * ((-1.0, 1.0, 1.0) if mirrored else (1.0, 1.0, 1.0))
    moved = (moved - moved.mean(axis=0)) / moved.std(axis=0) * onto.std(axis=0) + onto.mean(axis=0)
    tree = cKDTree(onto)
    for _ in range(ICP_ROUNDS):
        distance, nearest = tree.query(moved)
        kept = distance <= np.quantile(distance, ICP_KEPT)
        ones = np.c_[moved, np.ones(len(moved))]
        affine, *_ = np.linalg.lstsq(ones[kept], onto[nearest[kept]], rcond=None)
        moved = np.asarray(ones @ affine)
    return moved


def patches(hemisphere: Hemisphere, seed: int) -> NDArray[np.intp]:
    """The patch of each node, (n,): those nearest along the surface to one of `PATCHES` nodes drawn at random."""
    source, place = np.nonzero(hemisphere.table != NOBODY)
    target = hemisphere.table[source, place]
    length = np.linalg.norm(hemisphere.vertices[source] - hemisphere.vertices[target], axis=1)
    nodes = len(hemisphere.table)
    seeds = np.random.default_rng(seed).choice(nodes, PATCHES, replace=False)
    edges = csr_matrix((length, (source, target)), shape=(nodes, nodes))
    *_, nearest = dijkstra(edges, indices=seeds, min_only=True, return_predecessors=True)
    number = np.full(nodes, -1, np.intp)
    number[seeds] = np.arange(PATCHES)
    found: NDArray[np.intp] = number[nearest]
    return found


def averaged(features: Floats, table: Table, hops: int) -> Floats:
    """The mean of a node and its neighbours, so many times over."""
    there, count = table != NOBODY, 1 + degrees(table)[:, None]
    for _ in range(hops):
        features = (features + (features[table] * there[..., None]).sum(axis=1)) / count
    return features


def discriminant(features: Floats, areas: NDArray[np.int16], rows: Floats, count: int) -> NDArray[np.intp]:
    """The areas that a linear discriminant with a common covariance, learnt from features (n, d), gives rows (m, d).

    Equal priors, as macro F1 counts areas alike. Areas without a node to learn from are never given.
    """
    there = np.flatnonzero(np.bincount(areas, minlength=count) > 0)
    means = np.stack([features[areas == area].mean(axis=0) for area in there])
    centred = features - means[np.searchsorted(there, areas)]
    covariance = centred.T @ centred / (len(features) - len(there))
    covariance += 1e-3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    best: NDArray[np.intp] = there[(rows @ weights - 0.5 * (means.T * weights).sum(axis=0)).argmax(axis=1)]
    return best


def macro_f1(true: NDArray[np.integer], given: NDArray[np.integer], count: int) -> float:
    """The mean of F1 (eq. 2.19) over the areas that there are nodes of."""
    hits = np.bincount(true[true == given], minlength=count)
    are, found = np.bincount(true, minlength=count), np.bincount(given, minlength=count)
    return float((2 * hits / np.maximum(1, are + found))[are > 0].mean())
