"""The solver against cases whose solution can be written down."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.anatomy.laplace import TOLERANCE, depth_field, over_relaxation

BEYOND = 0.4
"""The fixed cells nearest to a circle or sphere lie so far beyond it in the mean."""


def slab(thickness: int, across: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    place = np.arange(thickness + 4).reshape([-1 if axis == across else 1 for axis in range(3)])
    shape = [thickness + 4 if axis == across else 6 for axis in range(3)]
    return np.broadcast_to(place < 2, shape), np.broadcast_to(place >= thickness + 2, shape)


@pytest.mark.parametrize("across", [0, 1, 2])
def test_between_planes_depth_grows_evenly(across: int) -> None:
    outside, inside = slab(9, across)
    solution = depth_field(outside, inside)
    profile = np.moveaxis(solution.field, across, 0)[1:-1, 3, 3]
    assert profile == pytest.approx(np.arange(11) / 10, abs=1e-3)
    assert solution.residual < TOLERANCE


def test_between_spheres_depth_falls_as_the_inverse_of_the_radius() -> None:
    inner, outer = 8.0, 20.0
    radius = np.linalg.norm(np.indices((49, 49, 49)) - 24.0, axis=0)
    solution = depth_field(radius >= outer, radius <= inner)
    inner, outer = inner - BEYOND, outer + BEYOND
    expected = (1 / radius.clip(1) - 1 / outer) / (1 / inner - 1 / outer)
    shell = (radius > inner + 1) & (radius < outer - 1)
    assert np.abs(solution.field - expected)[shell].max() < 0.05
    half = 2 * inner * outer / (inner + outer)
    assert radius[np.abs(solution.field - 0.5) < 0.01].mean() == pytest.approx(half, abs=0.1)


def test_between_circles_depth_grows_as_the_logarithm_of_the_radius() -> None:
    inner, outer = 15.0, 45.0
    radius = np.linalg.norm(np.indices((99, 99)) - 49.0, axis=0)
    solution = depth_field(radius >= outer, radius <= inner)
    inner, outer = inner - BEYOND, outer + BEYOND
    expected = np.log(outer / radius.clip(1)) / np.log(outer / inner)
    ring = (radius > inner + 1) & (radius < outer - 1)
    assert np.abs(solution.field - expected)[ring].max() < 0.02


def test_what_the_border_cuts_off_goes_on_as_it_is() -> None:
    outside, inside = np.zeros((2, 12, 5), bool)
    outside[0], inside[-1] = True, True
    assert depth_field(outside, inside).field[:, 0] == pytest.approx(np.arange(12) / 11, abs=1e-3)


def test_cells_that_reach_one_kind_only_take_its_value() -> None:
    outside = np.ones((9, 9), bool)
    outside[3:6, 3:6] = False
    assert depth_field(outside, np.zeros((9, 9), bool)).field.max() < 1e-3


def test_fixed_cells_keep_their_values_and_nothing_open_needs_no_sweep() -> None:
    outside = np.arange(24).reshape(4, 6) % 2 == 0
    solution = depth_field(outside, ~outside)
    assert solution.sweeps == 0
    assert (solution.field == ~outside).all()


def test_over_relaxation_saves_most_of_the_sweeps() -> None:
    outside, inside = slab(16)
    assert 1.7 < over_relaxation(~(outside | inside)) < 1.9
    assert depth_field(outside, inside).sweeps < 120


def test_who_is_told_of_progress_can_end_it() -> None:
    def enough(sweeps: int, _residual: float) -> None:
        raise InterruptedError(sweeps)

    with pytest.raises(InterruptedError):
        depth_field(*slab(9), enough)
