"""Which sections a job on a brain is for, and what training lacks."""

import pytest

from backend.domain.brain_work import images_of, lacking, resources, steps_to_next, title, wanted_sections
from backend.domain.errors import ConflictError, InvalidError
from core.contracts.anatomy import TissueParameters
from core.contracts.datasets import Alignment, AlignmentStep, Brain, RigidTransform, Section

NUMBERS = (901, 911, 921, 1021)


def brain_of(numbers: tuple[int, ...] = NUMBERS, images: str = "0") -> Brain:
    return Brain(
        id="B20",
        title="B",
        provenance="none",
        pixel_size_um=1.0,
        section_thickness_um=20.0,
        sections=tuple(
            Section(number=number, file=f"sections/B_{number}.tif", width_px=10, height_px=10, fingerprint=images * 64)
            for number in numbers
        ),
    )


BRAIN = brain_of()


def test_without_names_a_job_is_for_the_sections_that_are_not_done() -> None:
    assert wanted_sections(BRAIN, "tissue", (), {911}) == (901, 921, 1021)


def test_a_job_takes_as_many_sections_as_it_may_name() -> None:
    many = brain_of(tuple(range(20_001)))
    assert len(TissueParameters(sections=wanted_sections(many, "tissue", (), ())).sections) == 20_000


def test_named_sections_are_computed_again_once_each_and_in_order() -> None:
    assert wanted_sections(BRAIN, "tissue", (921, 901, 921), {901, 921}) == (901, 921)


def test_the_last_section_has_nothing_to_be_aligned_to() -> None:
    assert wanted_sections(BRAIN, "align", (), ()) == (901, 911, 921)
    assert wanted_sections(BRAIN, "align", (921, 1021), ()) == (921,)
    with pytest.raises(InvalidError, match="1021 is the last of brain B20"):
        wanted_sections(BRAIN, "align", (1021,), ())


def test_unknown_sections_are_named() -> None:
    with pytest.raises(InvalidError, match="no section 5, 6") as caught:
        wanted_sections(BRAIN, "tissue", (901, 5, 6), ())
    assert caught.value.details == {"sections": [5, 6]}


@pytest.mark.parametrize(("kind", "words"), [("tissue", "have tissue classes"), ("align", "are aligned")])
def test_where_nothing_is_missing_it_is_said_what_to_do(kind, words: str) -> None:
    with pytest.raises(ConflictError, match=words) as caught:
        wanted_sections(BRAIN, kind, (), set(NUMBERS))
    assert "Name sections" in caught.value.message


@pytest.mark.parametrize("kind", ["tissue", "align"])
def test_a_brain_with_too_few_sections_is_told(kind) -> None:
    with pytest.raises(InvalidError, match="Ingest sections first"):
        wanted_sections(brain_of(()), kind, (), ())


def test_a_step_over_a_section_that_came_later_does_not_count() -> None:
    steps = tuple(AlignmentStep(section=a, successor=b, transform=RigidTransform()) for a, b in ((901, 921), (921, 1021)))
    assert set(steps_to_next(BRAIN, Alignment(base_section=901, steps=steps))) == {921}


def test_training_needs_the_tissue_of_the_pair_and_of_the_sections_between() -> None:
    assert lacking(BRAIN, (901, 1021), set(NUMBERS), set(NUMBERS)) == ()
    assert lacking(BRAIN, (901, 921), {911, 921}, set(NUMBERS)) == (
        "Compute the tissue classes of section 901 on the page of brain B20.",
    )
    assert lacking(BRAIN, (901, 1021), {901, 1021}, {901, 921}) == (
        "Compute the tissue classes of sections 911, 921 on the page of brain B20.",
        "Align section 911 to the next one on the page of brain B20.",
    )


def test_the_last_section_of_a_pair_needs_no_step() -> None:
    assert lacking(BRAIN, (901, 921), set(NUMBERS), {901, 911}) == ()


def test_the_images_of_a_job_are_those_it_reads() -> None:
    more = brain_of((*NUMBERS[:3], 951, 1021))
    assert images_of(BRAIN, "tissue", (901, 1021)) == images_of(more, "tissue", (901, 1021))
    assert images_of(BRAIN, "tissue", (901,)) != images_of(brain_of(images="1"), "tissue", (901,))
    assert images_of(BRAIN, "align", (901,)) == images_of(more, "align", (901,))
    assert images_of(BRAIN, "align", (921,)) != images_of(more, "align", (921,))


def test_a_job_is_called_by_its_sections() -> None:
    assert title("tissue", (901,)) == "Tissue classes of section 901"
    assert title("align", (901, 911, 921)) == "Align 3 sections, 901–921"


def test_the_time_limit_grows_with_the_sections() -> None:
    assert resources(range(1000)).time_limit_s == 60_000
    assert resources((901,)).time_limit_s == 7200
