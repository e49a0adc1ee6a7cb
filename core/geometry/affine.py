"""Affine transforms of the plane as 3 x 3 matrices acting on columns (x, y, 1), in micrometres."""

import math

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RigidTransform
from core.geometry.frames import Points

Matrix = NDArray[np.float64]
"""Shape (3, 3), last row (0, 0, 1)."""


def rigid_matrix(transform: RigidTransform) -> Matrix:
    """Mirror x where asked, turn by the angle (clockwise on screen), then shift."""
    cosine, sine = math.cos(transform.angle_rad), math.sin(transform.angle_rad)
    mirror = -1.0 if transform.mirrored else 1.0
    return np.array(
        [
            [cosine * mirror, -sine, transform.dx_um],
            [sine * mirror, cosine, transform.dy_um],
            [0.0, 0.0, 1.0],
        ]
    )


def invert(matrix: Matrix) -> Matrix:
    """The transform back; numpy.linalg.LinAlgError when the matrix flattens the plane."""
    inverse = np.linalg.inv(matrix).astype(np.float64)
    inverse[2] = (0.0, 0.0, 1.0)
    return inverse


def apply(matrix: Matrix, points_um: Points) -> Points:
    """Transform points, (n, 2) -> (n, 2)."""
    moved: Points = points_um @ matrix[:2, :2].T + matrix[:2, 2]
    return moved
