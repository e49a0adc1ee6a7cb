"""The benchmark's truth: landmarks carried by the phantom's own motion, through every change that is made to a pair."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.alignment import Trial, drift_figures, spec_of, stress_figures
from benchmarks.alignment_brains import ELSEWHERE, NEIGHBOURS, BaseSection
from benchmarks.alignment_cases import Case, carried, cases
from core.anatomy.rigid_fit import rigid_fit
from core.contracts.datasets import AlignmentQuality, AlignmentStep, RigidTransform
from core.datasets import BrainFolder
from core.geometry.affine import apply, rigid_matrix
from core.phantom.assemble import alignment, state_of
from core.phantom.presets import PRESETS
from tests.fakes.brain_folder import write_small_brain

SPEC = PRESETS["tiny"]
GRID = np.stack(np.meshgrid(np.arange(1.0, 5.0), np.arange(1.0, 4.0)), -1).reshape(-1, 2) * 1000
BLANK = np.full((130, 120), 245, np.uint8)


def test_carrying_there_and_back_ends_where_it_began() -> None:
    a, b = (state_of(SPEC, number) for number in SPEC.numbers[:2])
    assert carried(carried(GRID, a, b), b, a) == pytest.approx(GRID, abs=0.1)


def test_carrying_differs_from_the_true_rigid_motion_by_the_deformation_only() -> None:
    step = alignment(SPEC).steps[0]
    there = carried(GRID, state_of(SPEC, step.section), state_of(SPEC, step.successor))
    gap_um = np.linalg.norm(there - apply(rigid_matrix(step.transform), GRID), axis=1)
    assert step.residual_um is not None
    assert 0 < np.sqrt(np.mean(gap_um**2)) < 2.5 * step.residual_um


def a_brain() -> dict[int, BaseSection]:
    """Sections with one dark spot of tissue each, moved as the phantom moves them."""
    tissue = cv2.circle(np.zeros(BLANK.shape, np.uint8), (60, 65), 25, 1, -1) > 0
    image = np.where(tissue, np.uint8(90), BLANK)
    return {number: BaseSection(number, image, tissue, state_of(SPEC, number)) for number in (*NEIGHBOURS, *ELSEWHERE)}


def test_landmarks_stay_on_the_tissue_whatever_is_done_to_a_section() -> None:
    brain = a_brain()
    found = [case for case in cases(brain, brain, seed=1) if case.points_um is not None and "damaged" not in case.kind]
    assert {case.kind for case in found} >= {"as it is", "mirrored", "another stain", "upside down", "half missing"}
    for case in found:
        assert case.points_um is not None
        columns, rows = (case.points_um / 64).astype(int).T
        assert np.median(case.source[rows, columns]) < 200, case.kind


def test_the_motion_of_every_case_is_rigid_but_for_the_deformation() -> None:
    brain = a_brain()
    for case in cases(brain, brain, seed=1):
        if case.points_um is not None and case.partners_um is not None:
            seen = case.points_um * (-1, 1) if case.mirrored else case.points_um
            left = apply(rigid_matrix(rigid_fit(seen, case.partners_um)), seen) - case.partners_um
            assert np.median(np.linalg.norm(left, axis=1)) < 500, case.kind


def a_trial(case: Case, error_um: float, weak: bool) -> Trial:
    gaps_um = None if case.points_um is None else np.full((4, 2), (error_um, 0.0))
    quality = AlignmentQuality(matches=30, inliers=20, weak=weak)
    return Trial(case, AlignmentStep(section=1, successor=2, transform=RigidTransform(), quality=quality), gaps_um, 100.0)


def test_what_all_steps_of_a_brain_have_wrong_in_common_is_told_apart() -> None:
    case = Case("as it is", "ordinary", BLANK, BLANK, GRID, GRID)
    trials = [a_trial(case, 90.0, False), a_trial(case, 110.0, False), a_trial(case, 130.0, False), a_trial(case, 2000.0, True)]
    seen = {figure.name: figure.value for figure in drift_figures(trials)}
    assert seen["align.drift_um"] == pytest.approx(110)  # of the right ones
    assert seen["align.median_error_without_drift_um"] == pytest.approx(20)


def test_a_wrong_pair_counts_as_unflagged_only_when_it_is_not_weak() -> None:
    right = Case("mirrored", "ordinary", BLANK, BLANK, GRID, GRID, mirrored=True)
    wrong = Case("blank", "wrong", BLANK, BLANK, None, None)
    hard = Case("half missing", "hard", BLANK, BLANK, GRID, GRID)
    seen = {}
    for weak in (False, True):
        trials = [a_trial(right, 40.0, False), a_trial(wrong, float("inf"), weak), a_trial(hard, 900.0, weak)]
        seen[weak] = {figure.name: figure.value for figure in stress_figures(trials)}
    assert [seen[weak]["align.unflagged_wrong"] for weak in (False, True)] == [2, 0]
    assert seen[True]["align.wrong_pairs"] == 2
    assert seen[True]["align.right_share"] == 1
    assert seen[True]["align.hard_right_share"] == 0
    assert seen[True]["align.mirrors_missed"] == 1  # the step is not mirrored and the section was
    assert seen[True]["align.median_error_um"] == 40


def test_a_brain_that_is_no_phantom_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SMALL is not a phantom preset"):
        spec_of(BrainFolder(write_small_brain(tmp_path)))
