"""The surface halfway through the cortex, from the depth field of a volume (thesis 7.1.1).

Two things differ from the thesis. Instead of Poisson reconstruction, which no permissively licensed package offers that works
everywhere, the field is smoothed before the surface is taken: both remove what is finer than a voxel or two. And a surface that
images or the ends of the series cut off is first made beyond them and cut afterwards, so that its rim has triangles as
regular as elsewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

from core.anatomy.laplace import Field
from core.anatomy.mesh import Mesh, kept, parts, triangle_areas
from core.anatomy.remesh import isotropic
from core.anatomy.volume import GRAY, Volume

SMOOTHING_VOXELS = 1.0
_SMALL_PART = 0.01


class NoSurfaceError(ValueError):
    """There is no midsurface in a volume; the message says why."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A mesh in mm, and the part (n,) of each vertex, counted by falling area."""

    mesh: Mesh
    part: NDArray[np.int32]


def half_surface(volume: Volume, field: Field) -> Mesh:
    """The smoothed field's 0.5-surface in mm, normals toward the pia, small pieces left out; NoSurfaceError without any."""
    smooth = ndimage.gaussian_filter(field, SMOOTHING_VOXELS, mode="nearest")
    if not (volume.labels == GRAY).any() or not smooth.min() < 0.5 < smooth.max():
        raise NoSurfaceError("there is no gray matter between background and white matter; look at the tissue classes")
    voxels, triangles, _, _ = marching_cubes(smooth, 0.5, allow_degenerate=False)  # type: ignore[no-untyped-call]
    mesh = Mesh(volume.to_mm(voxels.astype(np.float64)), np.ascontiguousarray(triangles, np.int32))
    return without_small_parts(mesh)


def in_cortex(volume: Volume, mesh: Mesh, reach_um: tuple[float, float]) -> Mesh:
    """What of a mesh lies in or beside gray matter, within the images, and between two places along the cutting axis.

    Elsewhere the field jumps between white matter and background, or goes on beyond what is known.
    """
    beside = ndimage.binary_dilation(volume.labels == GRAY, np.ones((3, 3, 3)))
    indices = np.rint(volume.voxels_at(mesh.vertices)).astype(int)
    indices = np.clip(indices, 0, np.array(volume.labels.shape) - 1)
    plane, row, column = indices.T
    along_um = mesh.vertices[:, 1] * 1000
    here = (along_um >= reach_um[0]) & (along_um <= reach_um[1])
    good = (beside & volume.known)[plane, row, column] & here
    return kept(mesh, good[mesh.triangles].all(axis=1))[0]


def finished(volume: Volume, surface: Mesh, edge_um: float, reach_um: tuple[float, float]) -> Surface:
    """Remeshed to equal edges, cut to what is known, small parts removed; NoSurfaceError when nothing is left."""
    cut = in_cortex(volume, isotropic(surface, edge_um / 1000), reach_um)
    if not len(cut.triangles):
        raise NoSurfaceError("no part of the surface lies in gray matter; look at the tissue classes and the masks")
    mesh = without_small_parts(cut)
    return Surface(mesh, parts(mesh))


def without_small_parts(mesh: Mesh) -> Mesh:
    """The parts of at least 1 % of the largest one's area."""
    part = parts(mesh)[mesh.triangles[:, 0]]
    areas = np.bincount(part, triangle_areas(mesh))
    return kept(mesh, (areas >= _SMALL_PART * areas.max())[part])[0]
