import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.contracts.datasets import RigidTransform
from core.geometry.affine import apply, invert, rigid_matrix

shifts = st.floats(-1e5, 1e5)
transforms = st.builds(RigidTransform, angle_rad=st.floats(-10, 10), dx_um=shifts, dy_um=shifts, mirrored=st.booleans())
POINTS = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 2000.0], [-300.0, 70.0]])


@given(transforms)
def test_the_inverse_brings_points_back(transform: RigidTransform) -> None:
    matrix = rigid_matrix(transform)
    assert np.allclose(apply(invert(matrix), apply(matrix, POINTS)), POINTS, atol=1e-6)


@given(transforms)
def test_a_rigid_transform_keeps_distances_and_mirrors_only_when_asked(transform: RigidTransform) -> None:
    matrix = rigid_matrix(transform)
    moved = apply(matrix, POINTS)
    for one, other in ((0, 1), (1, 2), (2, 3)):
        before, after = np.linalg.norm(POINTS[one] - POINTS[other]), np.linalg.norm(moved[one] - moved[other])
        assert math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-6)
    assert np.isclose(np.linalg.det(matrix), -1 if transform.mirrored else 1)


def test_a_positive_angle_turns_clockwise_on_screen() -> None:
    quarter = rigid_matrix(RigidTransform(angle_rad=math.pi / 2))
    assert np.allclose(apply(quarter, np.array([[1.0, 0.0]])), [[0.0, 1.0]])


def test_mirroring_comes_first_then_turning_then_shifting() -> None:
    matrix = rigid_matrix(RigidTransform(angle_rad=math.pi / 2, dx_um=10, dy_um=20, mirrored=True))
    assert np.allclose(apply(matrix, np.array([[1.0, 0.0], [0.0, 1.0]])), [[10, 19], [9, 20]])
