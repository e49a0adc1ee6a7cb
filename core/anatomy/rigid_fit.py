"""Fit transforms of the plane to matched points: least squares, and what most matches agree on."""

import math

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RigidTransform
from core.geometry.affine import Matrix
from core.geometry.frames import Points

_TRIALS = 4000
_SEED = 32  # the same matches always give the same transform


def rigid_fit(points: Points, partners: Points, weights: NDArray[np.float64] | None = None) -> RigidTransform:
    """Least-squares turn and shift from (n, 2) points to their partners, n >= 2, weighted if asked (Kabsch 1976)."""
    w = np.ones(len(points)) if weights is None else weights
    centre, partner_centre = (np.average(side, axis=0, weights=w) for side in (points, partners))
    p, q = points - centre, partners - partner_centre
    angle = math.atan2(float(w @ (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])), float(w @ (p * q).sum(1)))
    cosine, sine = math.cos(angle), math.sin(angle)
    dx, dy = partner_centre - np.array([[cosine, -sine], [sine, cosine]]) @ centre
    return RigidTransform(angle_rad=angle, dx_um=float(dx), dy_um=float(dy))


def affine_fit(points: Points, partners: Points) -> Matrix:
    """Least-squares affine transform, (3, 3), from (n, 2) points to their partners."""
    solution = np.linalg.lstsq(np.c_[points, np.ones(len(points))], partners, rcond=None)[0]
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def consensus(points: Points, partners: Points, tolerance_um: float) -> NDArray[np.bool_]:
    """Which matches the best rigid transform brings within the tolerance of their partners, (n,).

    RANSAC (Fischler and Bolles 1981) over pairs of matches whose lengths agree; none are left in when no pair does.
    """
    n = len(points)
    best = np.zeros(n, bool)
    if n < 2:
        return best
    first, second = np.triu_indices(n, 1)
    # As complex numbers a turn is a product and a shift a sum.
    p, q = (side[:, 0] + 1j * side[:, 1] for side in (points, partners))
    arm, partner_arm = p[second] - p[first], q[second] - q[first]
    long = np.minimum(np.abs(arm), np.abs(partner_arm)) > 4 * tolerance_um  # short arms say nothing of the turn
    fits = np.flatnonzero(long & (np.abs(np.abs(arm) - np.abs(partner_arm)) < 2 * tolerance_um))
    if len(fits) > _TRIALS:
        fits = np.random.default_rng(_SEED).choice(fits, _TRIALS, replace=False)
    turns = partner_arm[fits] / arm[fits]
    turns /= np.abs(turns)
    middle, partner_middle = ((side[first[fits]] + side[second[fits]]) / 2 for side in (p, q))
    for turn, a, b in zip(turns, middle, partner_middle, strict=True):
        within = np.abs(turn * (p - a) + b - q) < tolerance_um
        if within.sum() > best.sum():
            best = within
    return best
