"""A hemisphere of a real brain as a graph, divided into patches of cortex, and the linear discriminant to compare with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra

from core.graphs.neighbours import NOBODY, Table, neighbour_table

Floats = NDArray[np.float64]
PATCHES = 400
"""About 100 nodes each: half of a middle-sized area."""
CLIP = 5.0
"""Robust standard deviations from the median; farther off are tears and folds of the sections."""
DEPTHS, LAYERS = 18, 6
NO_AREA = frozenset({"", "???", "unknown", "medialwall", "medial_wall"})
"""Names that parcellations give to what is no area."""
MOST_FILLED = 1000


class GraphFileError(Exception):
    """The file is not a hemisphere's graph; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Hemisphere:
    """`vertices` (n, 3) in mm, `triangles` (m, 3), `table` of neighbours, `features` (n, 24) standardised, `labels` (n,) -1 for
    none, `names`."""

    vertices: Floats
    triangles: NDArray[np.int64]
    table: Table
    features: Floats
    labels: NDArray[np.int16]
    names: tuple[str, ...]


def load(path: Path) -> Hemisphere:
    """A file with keys `lh_*` or `rh_*`: v, f, profile (n, 18), layers (n, 6), mmp (n,), and `mmp_names`; GraphFileError.

    Values that are not finite are filled from the nodes around; numbers without a name, and no numbers, are no area.
    """
    with np.load(path) as held:
        sides = [key[:-1] for key in held.files if key in ("lh_v", "rh_v")]
        needed = [side + name for side in sides[:1] for name in ("v", "f", "profile", "layers", "mmp")] + ["mmp_names"]
        missing = [key for key in needed if key not in held.files]
        if len(sides) != 1 or missing:
            raise GraphFileError(
                f"{path} must hold one hemisphere, lh_* or rh_*; missing: {', '.join(missing) or 'lh_v or rh_v'}"
            )
        vertices, triangles, profile, layers, labels = (held[key] for key in needed[:-1])
        names = [_plain(str(name)) for name in held["mmp_names"]]
    nodes = len(vertices)
    shapes = {"v": (nodes, 3), "profile": (nodes, DEPTHS), "layers": (nodes, LAYERS), "mmp": (nodes,)}
    found = {"v": vertices.shape, "profile": profile.shape, "layers": layers.shape, "mmp": labels.shape}
    if found != shapes:
        raise GraphFileError(f"{path} has arrays of shapes {found}, needed are {shapes}")
    table = neighbour_table(nodes, triangles)
    values = filled(np.concatenate([profile, layers], axis=1), table)
    areas = _areas(labels, names)
    return Hemisphere(
        filled(vertices, table), triangles.astype(np.int64), table, _standardised(values), areas, tuple(names[1:])
    )


def _plain(name: str) -> str:
    """An area's name without its hemisphere."""
    return name.removeprefix("L_").removeprefix("R_").removesuffix("_ROI")


def _areas(labels: NDArray[np.number], names: list[str]) -> NDArray[np.int16]:
    """Numbers in `names` after the first, which is the medial wall; -1 for none."""
    numbers = np.nan_to_num(labels.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0).astype(np.int64)
    none = np.array([True, *(name.lower() in NO_AREA for name in names[1:])])
    known = (numbers > 0) & (numbers < len(names))
    return np.where(known & ~none[np.where(known, numbers, 0)], numbers - 1, -1).astype(np.int16)


def filled(values: NDArray[np.number], table: Table) -> Floats:
    """Values (n, d) in which what is not finite is the mean of the neighbours that are, outward from them; 0 where none are."""
    found, (joined, _) = values.astype(np.float64), _joined(table)
    for _ in range(MOST_FILLED):
        good = np.isfinite(found)
        if good.all():
            break
        count = joined @ good.astype(np.float64)
        reached = ~good & (count > 0)
        if not reached.any():
            break
        found[reached] = (joined @ np.where(good, found, 0.0))[reached] / count[reached]
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def _joined(table: Table) -> tuple[csr_matrix, Floats]:
    """Who is beside whom, and each beside itself, as ones (n, n); how many these are (n, 1)."""
    source, place = np.nonzero(table != NOBODY)
    own = np.arange(len(table))
    rows, columns = np.r_[source, own], np.r_[table[source, place], own]
    joined = csr_matrix(coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(table), len(table))))
    return joined, np.bincount(rows, minlength=len(table))[:, None].astype(np.float64)


def _standardised(values: Floats) -> Floats:
    """Depths and thicknesses, each from its own hemisphere's median in robust standard deviations: stains differ."""
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
    joined, count = _joined(table)
    for _ in range(hops):
        features = (joined @ features) / count
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
