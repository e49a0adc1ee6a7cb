"""Steps set by hand: what was computed is kept, and comes back."""

import pytest

from core.anatomy.by_hand import NoSuccessorError, merged, set_step, unaligned, unset_step
from core.contracts.datasets import Alignment, AlignmentQuality, AlignmentStep, Brain, RigidTransform, Section

WEAK = AlignmentQuality(matches=20, inliers=4, weak=True)
FOUND, HAND, HAND_AGAIN = (RigidTransform(dx_um=shift) for shift in (1.0, 2.0, 3.0))
NUMBERS = (901, 921, 941)
BRAIN = Brain(
    id="B1",
    title="t",
    provenance="made for a test",
    pixel_size_um=1,
    section_thickness_um=20,
    sections=tuple(
        Section(number=number, file=f"sections/B1_{number}.tif", width_px=9, height_px=9, fingerprint="0" * 64)
        for number in NUMBERS
    ),
)
COMPUTED = AlignmentStep(section=901, successor=921, transform=FOUND, residual_um=80.0, quality=WEAK)
ALIGNMENT = Alignment(base_section=921, steps=(COMPUTED,))


def test_a_step_set_by_hand_keeps_what_was_computed() -> None:
    (step,) = set_step(ALIGNMENT, BRAIN, 901, HAND, author="ana").steps
    assert (step.transform, step.computed, step.hand_set, step.author) == (HAND, FOUND, True, "ana")


def test_setting_again_keeps_what_was_computed_first() -> None:
    (step,) = set_step(set_step(ALIGNMENT, BRAIN, 901, HAND), BRAIN, 901, HAND_AGAIN).steps
    assert (step.transform, step.computed) == (HAND_AGAIN, FOUND)


def test_taking_back_restores_the_computed_step_with_its_warning() -> None:
    assert unset_step(set_step(ALIGNMENT, BRAIN, 901, HAND, author="ana"), 901) == ALIGNMENT


def test_a_step_that_was_never_computed_is_made_and_taken_away_again() -> None:
    by_hand = set_step(ALIGNMENT, BRAIN, 921, HAND)
    assert [(step.section, step.successor, step.hand_set) for step in by_hand.steps] == [(901, 921, False), (921, 941, True)]
    assert unset_step(by_hand, 921) == ALIGNMENT


@pytest.mark.parametrize("section", [901, 921])
def test_taking_back_what_nobody_set_changes_nothing(section: int) -> None:
    assert unset_step(ALIGNMENT, section) == ALIGNMENT


def test_a_step_to_a_section_that_is_no_longer_the_next_is_replaced() -> None:
    older = COMPUTED.model_copy(update={"successor": 941})
    (step,) = set_step(Alignment(base_section=921, steps=(older,)), BRAIN, 901, HAND).steps
    assert (step.successor, step.computed) == (921, None)


def test_the_last_section_has_no_step_to_set() -> None:
    with pytest.raises(NoSuccessorError, match="section 941 is the last of brain B1"):
        set_step(ALIGNMENT, BRAIN, 941, HAND)


def test_a_section_that_the_brain_does_not_have_is_named() -> None:
    with pytest.raises(KeyError, match="B1 has no section 7"):
        set_step(ALIGNMENT, BRAIN, 7, HAND)


def test_merging_replaces_computed_steps_and_leaves_hand_set_ones() -> None:
    present = set_step(ALIGNMENT, BRAIN, 921, HAND)
    new = [
        COMPUTED.model_copy(update={"section": a, "successor": b, "transform": HAND_AGAIN}) for a, b in ((901, 921), (921, 941))
    ]
    assert merged(present, new).steps == (new[0], present.steps[1])


def test_an_unaligned_brain_has_its_middle_as_base() -> None:
    assert unaligned(BRAIN) == Alignment(base_section=921)
    with pytest.raises(ValueError, match="B1 has no sections"):
        unaligned(BRAIN.model_copy(update={"sections": ()}))
