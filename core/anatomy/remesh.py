"""Isotropic explicit remeshing: triangles of nearly equal edges (thesis 7.1.1; Surazhsky et al. 2003).

By gpytoolbox (MIT), which follows Botsch and Kobbelt, A remeshing approach to multiresolution modeling, 2004. Its submodule
`copyleft` is under another licence and is not used.
"""

import warnings

import numpy as np

from core.anatomy.mesh import Mesh, kept, topology

ITERATIONS = 5


class RemeshError(ValueError):
    """A surface that cannot be remeshed; the message says why."""


def isotropic(mesh: Mesh, edge: float) -> Mesh:
    """The same surface with edges of about `edge`, in the unit of the vertices. Vertices on a boundary stay where they are.

    RemeshError where edges have more than two triangles.
    """
    wrong = topology(mesh.triangles).non_manifold_edges
    if wrong:
        raise RemeshError(f"{wrong} edges of the surface have more than two triangles; choose another voxel size")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports from SciPy's old places
        from gpytoolbox import remesh_botsch  # noqa: PLC0415 - takes most of a second
    vertices, triangles = remesh_botsch(mesh.vertices, mesh.triangles.astype(np.int32), ITERATIONS, edge, True)
    remeshed, _ = kept(Mesh(vertices, triangles.astype(np.int32)), np.ones(len(triangles), np.bool_))
    return remeshed
