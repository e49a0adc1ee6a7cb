"""One cortical surface carried onto another: mirrored where it is the other side, then affinely, then by a smooth bend.

Points correspond that lie close and face the same way, so that the two banks of a sulcus are not taken for each other (the
normal as further coordinates of iterative closest points; Besl and McKay 1992, Feldmar and Ayache 1996). The bend is a field
in space: what is left between corresponding points, averaged over a Gaussian that becomes narrower from round to round, as in
demons (Thirion 1998). It knows shape alone: along the surface it can slip where folds do not tell one place from another.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
FACING_MM = 6.0
"""What a quarter turn of the normal counts for, about √2 of it: more than the gap between the banks of a sulcus."""
AFFINE_ROUNDS, AFFINE_NODES, KEPT = 30, 6000, 0.9
BEND_OVER_MM = (30.0, 24.0, 19.0, 15.0, 12.0, 10.0, 8.0, 8.0)
"""The Gaussian's standard deviation in each round."""
VOXEL_MM, FEWEST = 4.0, 2.0
"""Grid of the field; where the weight of fewer points than that is near, it fades."""
SIDEWAYS = np.array([-1.0, 1.0, 1.0])


class SurfaceError(ValueError):
    """A surface that cannot be registered."""


@dataclass(frozen=True, slots=True)
class Surface:
    """`vertices_mm` (n, 3), left to right along the first axis, and the outward `normals` (n, 3) of unit length there."""

    vertices_mm: Points
    normals: Points

    @classmethod
    def of(cls, vertices_mm: Points, triangles: NDArray[np.integer]) -> Self:
        """Of a mesh with triangles (m, 3), all turned the same way, whichever; SurfaceError when it is flat or not finite."""
        if len(vertices_mm) < 4 or not np.isfinite(vertices_mm).all() or not (vertices_mm.std(axis=0) > 0).all():
            raise SurfaceError(f"a surface of {len(vertices_mm)} vertices that are finite and not in a plane is needed")
        return cls(np.asarray(vertices_mm, np.float64), outward_normals(vertices_mm, triangles))

    def mirrored(self) -> Self:
        """As in the mirror between the hemispheres."""
        return type(self)(self.vertices_mm * SIDEWAYS, self.normals * SIDEWAYS)

    def descriptors(self) -> Points:
        """Place and direction (n, 6) in mm, nearest where two points correspond."""
        return np.concatenate([self.vertices_mm, FACING_MM * self.normals], axis=1)


@dataclass(frozen=True, slots=True)
class Registration:
    """The moving surface where it came to lie, if it was `mirrored`, and what is left, `residual_mm`, on the median."""

    surface: Surface
    mirrored: bool
    residual_mm: float


def outward_normals(vertices: Points, triangles: NDArray[np.integer]) -> Points:
    """Unit normals (n, 3) of the vertices, the triangles' by their area; they point out of the volume that these enclose."""
    corners = vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    found = np.zeros_like(vertices, np.float64)
    for corner in range(3):
        for axis in range(3):
            found[:, axis] += np.bincount(triangles[:, corner], across[:, axis], len(vertices))
    inside_out = ((corners[:, 0] - vertices.mean(axis=0)) * across).sum() < 0
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return -found if inside_out else found


def registered(moving: Surface, fixed: Surface) -> Registration:
    """The moving surface carried onto the fixed one. Both ways round are tried: that which comes closer affinely is taken."""
    tree = cKDTree(fixed.descriptors())
    tries = [(_affine(each, fixed, tree), mirrored) for each, mirrored in ((moving, False), (moving.mirrored(), True))]
    ((_, surface), mirrored) = min(tries, key=lambda each: each[0][0])
    for over_mm in BEND_OVER_MM:
        surface = _bent(surface, fixed, tree, over_mm)
    distance = np.linalg.norm(fixed.vertices_mm[tree.query(surface.descriptors())[1]] - surface.vertices_mm, axis=1)
    return Registration(surface, mirrored, float(np.median(distance)))


def _affine(moving: Surface, fixed: Surface, tree: cKDTree) -> tuple[float, Surface]:
    """After trimmed iterative closest points; how far the kept nodes are, on the mean of squares, and the surface."""
    scale = fixed.vertices_mm.std(axis=0) / moving.vertices_mm.std(axis=0)
    affine = np.vstack([np.diag(scale), fixed.vertices_mm.mean(axis=0) - scale * moving.vertices_mm.mean(axis=0)])
    few = slice(None, None, max(1, len(moving.vertices_mm) // AFFINE_NODES))
    part, error = Surface(moving.vertices_mm[few], moving.normals[few]), np.inf
    ones = np.c_[part.vertices_mm, np.ones(len(part.vertices_mm))]
    for _ in range(AFFINE_ROUNDS):
        distance, nearest = tree.query(_mapped(part, affine).descriptors())
        kept = distance <= np.quantile(distance, KEPT)
        affine, *_ = np.linalg.lstsq(ones[kept], fixed.vertices_mm[nearest[kept]], rcond=None)
        error = float((distance[kept] ** 2).mean())
    return error, _mapped(moving, affine)


def _mapped(surface: Surface, affine: Points) -> Surface:
    """Vertices by the affine map (4, 3), normals by its inverse transposed, outward still after a reflection."""
    normals = surface.normals @ np.linalg.inv(affine[:3]).T
    return Surface(surface.vertices_mm @ affine[:3] + affine[3], normals / np.linalg.norm(normals, axis=1, keepdims=True))


def _bent(moving: Surface, fixed: Surface, tree: cKDTree, over_mm: float) -> Surface:
    """One round: nearest points of either surface pull, averaged over `over_mm`. Normals are kept, bends being gentle."""
    there = tree.query(moving.descriptors(), workers=-1)[1]
    back = cKDTree(moving.descriptors()).query(fixed.descriptors(), workers=-1)[1]
    at = np.concatenate([moving.vertices_mm, moving.vertices_mm[back]])
    pull = np.concatenate([fixed.vertices_mm[there], fixed.vertices_mm]) - at
    return Surface(moving.vertices_mm + smooth_field(at, pull, moving.vertices_mm, over_mm), moving.normals)


def smooth_field(at: Points, vectors: Points, wanted: Points, over_mm: float) -> Points:
    """Vectors (n, d) at places (n, 3), averaged over a Gaussian in space, read at the wanted places (m, 3): (m, d)."""
    low = np.minimum(at.min(axis=0), wanted.min(axis=0)) - VOXEL_MM
    size = np.ceil((np.maximum(at.max(axis=0), wanted.max(axis=0)) - low) / VOXEL_MM).astype(int) + 2
    voxel = np.ravel_multi_index(tuple(np.rint((at - low) / VOXEL_MM).astype(int).T), tuple(size))
    weighed = np.concatenate([np.ones((len(at), 1)), vectors], axis=1)
    sums = [np.bincount(voxel, column, int(size.prod())).reshape(size) for column in weighed.T]
    weight, *totals = (gaussian_filter(each, over_mm / VOXEL_MM, mode="constant") for each in sums)
    # The weight of one point, spread: fields fade where less is near than a few points would give at their own place.
    fades = FEWEST / ((2 * np.pi) ** 1.5 * (over_mm / VOXEL_MM) ** 3)
    places = ((wanted - low) / VOXEL_MM).T
    return np.stack([map_coordinates(each / (weight + fades), places, order=1, mode="nearest") for each in totals], axis=1)
