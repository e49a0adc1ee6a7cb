"""Fits to matched points."""

import numpy as np
import pytest

from core.anatomy.rigid_fit import affine_fit, consensus, rigid_fit
from core.contracts.datasets import RigidTransform
from core.geometry.affine import apply, rigid_matrix

TRUE = RigidTransform(angle_rad=0.4, dx_um=1200.0, dy_um=-300.0)


def points(count: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 30_000, (count, 2))


def test_the_rigid_fit_recovers_an_exact_motion() -> None:
    found = rigid_fit(points(5), apply(rigid_matrix(TRUE), points(5)))
    assert (found.angle_rad, found.dx_um, found.dy_um) == pytest.approx((0.4, 1200.0, -300.0))


def test_a_match_of_weight_two_counts_as_two() -> None:
    source = points(6)
    partners = apply(rigid_matrix(TRUE), source) + np.random.default_rng(3).normal(0, 500, (6, 2))
    twice = rigid_fit(np.vstack([source, source[:2]]), np.vstack([partners, partners[:2]]))
    weighted = rigid_fit(source, partners, np.array([2.0, 2, 1, 1, 1, 1]))
    assert (weighted.angle_rad, weighted.dx_um, weighted.dy_um) == pytest.approx((twice.angle_rad, twice.dx_um, twice.dy_um))


def test_the_affine_fit_shows_a_mirror_by_its_determinant() -> None:
    mirrored = points(6) * (-1, 1)
    assert np.linalg.det(affine_fit(points(6), mirrored)[:2, :2]) == pytest.approx(-1)


def test_the_consensus_is_the_true_matches_among_many_false_ones() -> None:
    source = points(60)
    partners = np.random.default_rng(2).uniform(0, 30_000, (60, 2))
    partners[:20] = apply(rigid_matrix(TRUE), source[:20])
    agreeing = consensus(source, partners, 300.0)
    assert agreeing[:20].all()
    assert agreeing[20:].sum() <= 2


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_matches_agree_on_nothing(count: int) -> None:
    assert not consensus(points(count), points(count), 300.0).any()
