"""The benchmark's truth: landmarks carried by the phantom's own motion."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.alignment import Pair, carried, figures_of, spec_of
from core.contracts.datasets import AlignmentQuality, AlignmentStep, RigidTransform
from core.datasets import BrainFolder
from core.geometry.affine import apply, rigid_matrix
from core.phantom.assemble import alignment, state_of
from core.phantom.presets import PRESETS
from tests.fakes.brain_folder import write_small_brain

SPEC = PRESETS["tiny"]
GRID = np.stack(np.meshgrid(np.arange(1.0, 5.0), np.arange(1.0, 4.0)), -1).reshape(-1, 2) * 1000


def test_carrying_there_and_back_ends_where_it_began() -> None:
    a, b = (state_of(SPEC, number) for number in SPEC.numbers[:2])
    assert carried(carried(GRID, a, b), b, a) == pytest.approx(GRID, abs=0.1)


def test_carrying_differs_from_the_true_rigid_motion_by_the_deformation_only() -> None:
    step = alignment(SPEC).steps[0]
    there = carried(GRID, state_of(SPEC, step.section), state_of(SPEC, step.successor))
    gap_um = np.linalg.norm(there - apply(rigid_matrix(step.transform), GRID), axis=1)
    assert step.residual_um is not None
    assert 0 < np.sqrt(np.mean(gap_um**2)) < 2.5 * step.residual_um


def test_a_wrong_pair_counts_as_unflagged_only_when_it_is_not_weak() -> None:
    figures = []
    for weak in (False, True):
        quality = AlignmentQuality(matches=30, inliers=20, weak=weak)
        step = AlignmentStep(section=1, successor=2, transform=RigidTransform(dx_um=5000.0), quality=quality)
        figures.append({figure.name: figure.value for figure in figures_of([Pair(GRID, GRID, step, step, 6000.0)])})
    assert [each["align.unflagged_wrong"] for each in figures] == [2, 0]
    assert [each["align.right_share"] for each in figures] == [0, 0]
    assert figures[0]["align.mirrors_missed"] == 1


def test_a_brain_that_is_no_phantom_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SMALL is not a phantom preset"):
        spec_of(BrainFolder(write_small_brain(tmp_path)))
