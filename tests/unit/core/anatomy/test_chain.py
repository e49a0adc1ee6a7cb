import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.anatomy.chain import NoChainError, doubt_between, doubt_from, transform_between
from core.contracts.datasets import Alignment, AlignmentQuality, AlignmentStep, RigidTransform
from core.geometry.affine import apply, rigid_matrix

NUMBERS = (10, 20, 30, 45)
POINTS = np.array([[0.0, 0.0], [5000.0, 100.0], [-70.0, 9000.0]])
shifts = st.floats(-2000, 2000)
transforms = st.builds(RigidTransform, angle_rad=st.floats(-3, 3), dx_um=shifts, dy_um=shifts, mirrored=st.booleans())
alignments = st.tuples(transforms, transforms, transforms).map(
    lambda three: Alignment(
        base_section=20,
        steps=tuple(
            AlignmentStep(section=NUMBERS[index], successor=NUMBERS[index + 1], transform=transform)
            for index, transform in enumerate(three)
        ),
    )
)
numbers = st.sampled_from(NUMBERS)


@given(alignments)
def test_one_step_is_its_own_transform(alignment: Alignment) -> None:
    assert np.allclose(transform_between(alignment, 20, 30), rigid_matrix(alignment.steps[1].transform))


@given(alignments, numbers)
def test_a_section_to_itself_changes_nothing(alignment: Alignment, number: int) -> None:
    assert np.array_equal(transform_between(alignment, number, number), np.eye(3))


@given(alignments, numbers, numbers)
def test_there_and_back_are_inverse(alignment: Alignment, one: int, other: int) -> None:
    there, back = transform_between(alignment, one, other), transform_between(alignment, other, one)
    assert np.allclose(apply(back, apply(there, POINTS)), POINTS, atol=1e-5)


@given(alignments, numbers, numbers, numbers)
def test_the_way_does_not_depend_on_stops(alignment: Alignment, one: int, stop: int, other: int) -> None:
    with_stop = apply(transform_between(alignment, stop, other), apply(transform_between(alignment, one, stop), POINTS))
    assert np.allclose(apply(transform_between(alignment, one, other), POINTS), with_stop, atol=1e-5)


def test_steps_apply_in_the_order_of_sections() -> None:
    turn, shift = RigidTransform(angle_rad=np.pi / 2), RigidTransform(dx_um=100.0)
    steps = (AlignmentStep(section=1, successor=2, transform=turn), AlignmentStep(section=2, successor=3, transform=shift))
    alignment = Alignment(base_section=3, steps=steps)
    assert np.allclose(apply(transform_between(alignment, 1, 3), np.array([[10.0, 0.0]])), [[100.0, 10.0]])


def chain(*pairs: tuple[int, int], weak: tuple[int, ...] = (), hand_set: tuple[int, ...] = ()) -> Alignment:
    """Steps between these sections, some of them weak, some set by hand."""
    steps = tuple(
        AlignmentStep(
            section=one,
            successor=other,
            transform=RigidTransform(),
            quality=AlignmentQuality(matches=9, inliers=3, weak=one in weak),
            hand_set=one in hand_set,
        )
        for one, other in pairs
    )
    return Alignment(base_section=1, steps=steps)


@pytest.mark.parametrize(("one", "other"), [(1, 5), (5, 1)])
def test_the_first_step_that_is_missing_is_named(one: int, other: int) -> None:
    broken = chain((1, 2), (3, 4))
    with pytest.raises(NoChainError, match=f"between sections {one} and {other}: section 2 is not aligned"):
        transform_between(broken, one, other)
    assert "section 2 is not aligned" in doubt_between(broken, one, other)


def test_a_step_past_the_section_is_no_chain_to_it() -> None:
    with pytest.raises(NoChainError, match="section 2 is aligned to 4, not toward 3"):
        transform_between(chain((1, 2), (2, 4)), 1, 3)


def test_the_first_weak_step_is_named_and_the_others_counted() -> None:
    doubt = doubt_between(chain((1, 2), (2, 3), (3, 4), (4, 5), weak=(2, 3, 4)), 5, 1)
    assert "the step from section 2 to 3 is weak, as are 2 more" in doubt


def test_a_section_between_two_is_doubtful_only_where_both_chains_to_it_are() -> None:
    weak = chain((1, 2), (2, 3), (3, 4), (4, 5), weak=(2, 4))
    assert doubt_from(weak, (1, 5), 2) == ""
    assert "from section 2 to 3 is weak" in doubt_from(weak, (1, 5), 3)
    assert "from section 4 to 5 is weak" in doubt_from(weak, (1, 5), 3)
    assert doubt_from(weak, (1, 5), 5) == ""


def test_a_weak_step_that_was_set_by_hand_is_certain() -> None:
    assert doubt_between(chain((1, 2), (2, 3), weak=(2,), hand_set=(2,)), 1, 3) == ""


def test_a_weak_step_elsewhere_does_not_matter() -> None:
    assert doubt_between(chain((1, 2), (2, 3), weak=(2,)), 1, 2) == ""


def test_steps_in_a_circle_end() -> None:
    steps = tuple(AlignmentStep(section=one, successor=other, transform=RigidTransform()) for one, other in ((1, 2), (2, 1)))
    with pytest.raises(NoChainError):
        transform_between(Alignment(base_section=1, steps=steps), 1, 3)
