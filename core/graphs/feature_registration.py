"""Where the same cortex lies on another surface, told from features of the cortex: what shape leaves open (thesis 7.1.1).

After a registration by shape (`core.anatomy.surface_registration`) areas still lie beside those of the other brain, for folds
do not follow them. Here features slide along the surface until they agree: on the sphere that the surface is spread on, where
the banks of a sulcus lie apart, by steps of Gauss and Newton whose evidence is averaged over a Gaussian (Lucas and Kanade 1981;
on spheres Yeo et al. 2010). Features are the caller's choice: such as tell areas apart, free of broad differences of stain.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, diags_array, eye_array
from scipy.sparse.linalg import eigsh
from scipy.spatial import cKDTree

from core.anatomy.surface_registration import Points, smooth_field
from core.graphs.neighbours import NOBODY, Table

OVER_MM = (25.0, 20.0, 15.0, 15.0, 15.0, 15.0)
"""The Gaussian's standard deviation in each round, on the sphere of the surface's own area."""
STEP_MM, INDEPENDENT = 5.0, 3.0
"""What a step is expected to be, and how many independent measurements a Gaussian counts for: neighbours tell alike."""
RELAXED, FOLDED = 100, 0.01
STIFF = 4.0
"""Added along the normal, where neighbours on the sphere tell no gradient."""


class SphereError(ValueError):
    """A mesh that cannot be spread on a sphere."""


@dataclass(frozen=True, slots=True)
class Sphere:
    """`points` (n, 3) of unit length, one for each node, neighbours side by side; `radius_mm` gives it the surface's area."""

    points: Points
    radius_mm: float


def spread_on_sphere(vertices_mm: Points, triangles: NDArray[np.integer], table: Table) -> Sphere:
    """A closed surface without handles, of one piece and even triangles, on a sphere; SphereError where it folds over.

    Nodes are put where the three slowest waves on the graph take them, and drawn to the middle of their neighbours.
    """
    nodes = len(table)
    source, place = np.nonzero(table != NOBODY)
    if len(np.unique(source)) < nodes:
        raise SphereError("nodes without neighbours cannot be spread on a sphere")
    joined = csr_matrix(coo_matrix((np.ones(len(source)), (source, table[source, place])), shape=(nodes, nodes)))
    count = np.asarray(joined.sum(axis=1)).ravel()
    start = np.random.default_rng(0).normal(size=nodes)
    waves, shapes = eigsh(diags_array(count) - joined + 1e-6 * eye_array(nodes), 4, sigma=-1e-4, v0=start)
    points = _unit(shapes[:, np.argsort(waves)[1:]])
    for _ in range(RELAXED):
        points = points + (joined @ points) / count[:, None]
        points = _unit(points - points.mean(axis=0))
    sides = _across(points, triangles)
    volumes = (sides * points[triangles[:, 0]]).sum(axis=1)
    folded = float((volumes * np.sign(np.median(volumes)) <= 0).mean())
    if folded > FOLDED:
        raise SphereError(f"{folded:.0%} of the triangles fold over on the sphere: a closed surface without handles is needed")
    area = 0.5 * np.linalg.norm(_across(vertices_mm, triangles), axis=1).sum()
    return Sphere(points, float(np.sqrt(area / (4 * np.pi))))


def slid(sphere: Sphere, table: Table, fixed: Points, moving: Points) -> NDArray[np.intp]:
    """For each place of the fixed surface the node of it whose cortex lies there on the moving one, (n,).

    `fixed` (n, d) are the features of the fixed surface's nodes, `moving` (n, d) those that the moving one, registered by
    shape, has at the same places; both comparable.
    """
    tree, slopes = cKDTree(sphere.points), _slopes(sphere, table, fixed)
    at_mm, places = sphere.points * sphere.radius_mm, sphere.points
    for over_mm in OVER_MM:
        distance, three = tree.query(places, 3, workers=-1)
        weight = 1 / (distance + 1e-4)
        weight /= weight.sum(axis=1, keepdims=True)
        rest = moving - (fixed[three] * weight[..., None]).sum(axis=1)
        places = _unit(places + _step(rest, slopes[three[:, 0]], at_mm, over_mm) / sphere.radius_mm)
    nearest: NDArray[np.intp] = tree.query(places, workers=-1)[1]
    return nearest


def _step(rest: Points, slopes: Points, at_mm: Points, over_mm: float) -> Points:
    """How far each place moves, (n, 3) in mm, so that less of `rest` (n, d) is left. Outliers count for less."""
    spread = np.maximum(rest.var(axis=0), 1e-12)
    trust = 1 / (1 + 0.5 * (rest**2 / spread).mean(axis=1))
    scaled = slopes * (trust[:, None] / spread)[..., None]
    evidence = np.einsum("ndi,ndj->nij", scaled, slopes).reshape(len(rest), 9)
    pull = np.einsum("ndi,nd->ni", scaled, rest)
    around = INDEPENDENT * smooth_field(at_mm, np.concatenate([evidence, pull], axis=1), at_mm, over_mm)
    stiff = around[:, :9].reshape(-1, 3, 3) + np.eye(3) / STEP_MM**2
    return np.asarray(np.linalg.solve(stiff, around[:, 9:, None])[..., 0], np.float64)


def _slopes(sphere: Sphere, table: Table, features: Points) -> Points:
    """The change of each feature along the sphere, (n, d, 3) per mm, by least squares over the neighbours."""
    there, normal = (table != NOBODY)[..., None], sphere.points
    beside = np.where(there, (normal[table] - normal[:, None]) * sphere.radius_mm, 0.0)
    beside -= (beside * normal[:, None]).sum(axis=2, keepdims=True) * normal[:, None]
    square = np.einsum("nki,nkj->nij", beside, beside) + STIFF * normal[:, :, None] * normal[:, None, :]
    change = np.where(there, features[table] - features[:, None], 0.0)
    found: Points = np.linalg.solve(square, np.einsum("nki,nkd->nid", beside, change)).transpose(0, 2, 1)
    return found


def _across(points: Points, triangles: NDArray[np.integer]) -> Points:
    """The normals of triangles, (m, 3), as long as twice their areas."""
    corners = points[triangles]
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _unit(vectors: Points) -> Points:
    found: Points = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found
