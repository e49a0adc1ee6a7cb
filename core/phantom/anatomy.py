"""Real anatomy: matched white and pial surfaces with an area per vertex, baked by `scripts/bake_anatomy.py`."""

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.anatomy.mesh import Mesh, vertex_areas

Floats = NDArray[np.float64]
Triangles = NDArray[np.int32]

BLOCKS = ("occipital_left", "occipital_right", "central_left")
# The subject's sulci are closed and its cortex is thicker than a fixed brain's: moving the pia inward by a tenth of
# the thickness opens the sulci as in histological sections.
PIAL_FRACTION = 0.9
LABEL_SMOOTHING_ROUNDS = 6


@dataclass(frozen=True)
class Surface:
    """A piece of cortex: `white` and `pial` (n, 3) in mm, RAS, `triangles` (m, 3), `scores` (n, areas) per vertex.

    The area at a point is the one with the highest score, interpolated; `names` are Brodmann's (`BA17`).
    """

    white: Floats
    pial: Floats
    triangles: Triangles
    scores: NDArray[np.float32]
    names: tuple[str, ...]

    @property
    def expansion(self) -> Floats:
        """Area of the pial over that of the white surface around each vertex, for equivolumetric depth."""
        ratio = vertex_areas(Mesh(self.pial, self.triangles)) / np.maximum(vertex_areas(Mesh(self.white, self.triangles)), 1e-9)
        return np.clip(ratio, 0.3, 3.0)


@cache
def load_block(name: str) -> Surface:
    """One baked piece; ValueError names the pieces there are."""
    if name not in BLOCKS:
        raise ValueError(f"no anatomy called {name!r}; there are {', '.join(BLOCKS)}")
    with resources.files("core.phantom").joinpath("data/anatomy.npz").open("rb") as file, np.load(file) as arrays:
        step_mm = float(arrays["step_mm"])
        # Differences of 16-bit numbers may have wrapped; summing them as 16-bit numbers wraps them back.
        white: Floats = np.cumsum(arrays[f"{name}_white"], 0, dtype=np.int16).astype(np.float64) * step_mm
        pial: Floats = np.cumsum(arrays[f"{name}_pial"], 0, dtype=np.int16).astype(np.float64) * step_mm
        triangles = np.cumsum(arrays[f"{name}_triangles"], 0, dtype=np.int32)
        labels = arrays[f"{name}_labels"]
        all_names = arrays["names"]
    present, index = np.unique(labels, return_inverse=True)
    scores = np.eye(len(present), dtype=np.float64)[index]
    smooth = _averaging(triangles, len(white))
    for _ in range(LABEL_SMOOTHING_ROUNDS):
        scores = smooth @ scores
    pial = white + PIAL_FRACTION * (pial - white)
    return Surface(white, pial, triangles, scores.astype(np.float32), tuple(str(n) for n in all_names[present]))


def near_planes(surface: Surface, posterior_mm: float, anterior_mm: float) -> Surface:
    """The triangles that reach between two coronal planes, unused vertices dropped."""
    reach = np.stack([surface.white[:, 1], surface.pial[:, 1]])
    corners = surface.triangles
    low, high = reach.min(0)[corners].min(1), reach.max(0)[corners].max(1)
    used, index = np.unique(corners[(high > posterior_mm) & (low < anterior_mm)], return_inverse=True)
    return Surface(
        surface.white[used], surface.pial[used], index.reshape(-1, 3).astype(np.int32), surface.scores[used], surface.names
    )


def subdivide(surface: Surface) -> Surface:
    """Four triangles from each by Loop's rules, the same weights on both surfaces, so that they stay matched.

    The subject's edges are 0.9 mm long: cut as they are, contours would be polygons at histological resolution.
    """
    count, corners = len(surface.white), surface.triangles.astype(np.int64)
    sides = np.stack([corners, np.roll(corners, -1, 1)], 2).reshape(-1, 2)
    opposite = np.roll(corners, 1, 1).reshape(-1)
    edges, edge_of_side = np.unique(np.sort(sides, 1), axis=0, return_inverse=True)
    edge_of_side = edge_of_side.reshape(-1)
    mean = _loop_edges(edges, edge_of_side, opposite, count)
    weights = sparse.vstack([_loop_vertices(edges, count), mean]).tocsr()
    a, b, c = corners.T
    ab, bc, ca = (count + edge_of_side.reshape(-1, 3)).T
    children = np.concatenate([np.c_[a, ab, ca], np.c_[b, bc, ab], np.c_[c, ca, bc], np.c_[ab, bc, ca]])
    return replace(
        surface,
        white=weights @ surface.white,
        pial=weights @ surface.pial,
        triangles=children.astype(np.int32),
        scores=(weights @ surface.scores).astype(np.float32),
    )


def turning(pitch_deg: float, yaw_deg: float) -> NDArray[np.float64]:
    """The rotation (3, 3) of a tilt: pitch about the left-right axis, then yaw about the vertical one."""
    pitch, yaw = np.deg2rad(pitch_deg), np.deg2rad(yaw_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    turn: NDArray[np.float64] = about_z @ about_x
    return turn


def tilt(surface: Surface, about_mm: tuple[float, float, float], pitch_deg: float, yaw_deg: float) -> Surface:
    """Turn the surface about a point, so that coronal cuts become oblique ones."""
    turn, centre = turning(pitch_deg, yaw_deg), np.asarray(about_mm)
    return replace(surface, white=(surface.white - centre) @ turn.T + centre, pial=(surface.pial - centre) @ turn.T + centre)


def _averaging(triangles: Triangles, count: int) -> sparse.csr_matrix:
    edges = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    graph = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    graph = ((graph + graph.T) > 0).astype(np.float64) + sparse.eye(count)
    return (sparse.diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph).tocsr()


def _loop_edges(
    edges: NDArray[np.int64], of_side: NDArray[np.int64], opposite: NDArray[np.int64], count: int
) -> sparse.csr_matrix:
    """3/8 of each end and 1/8 of the two opposite corners; half of each end on the rim."""
    inner = np.bincount(of_side, minlength=len(edges)) == 2
    rows = np.arange(len(edges))
    ends = np.where(inner, 0.375, 0.5)
    kept = inner[of_side]
    values = np.concatenate([ends, ends, np.full(int(kept.sum()), 0.125)])
    row = np.concatenate([rows, rows, of_side[kept]])
    column = np.concatenate([edges[:, 0], edges[:, 1], opposite[kept]])
    return sparse.csr_matrix((values, (row, column)), (len(edges), count))


def _loop_vertices(edges: NDArray[np.int64], count: int) -> sparse.csr_matrix:
    """Warren's weights: 3/(8n) of each of n neighbours, 3/16 where n is 3."""
    valence = np.bincount(edges.reshape(-1), minlength=count)
    beta = np.where(valence == 3, 3 / 16, 3 / (8 * np.maximum(valence, 1)))
    row, column = np.concatenate([edges, edges[:, ::-1]]).T
    spread = sparse.csr_matrix((beta[row], (row, column)), (count, count))
    return (spread + sparse.diags(1 - valence * beta)).tocsr()
