"""Which pairs are proposed, and what speaks against one."""

from backend.domain.pairs import consecutive, missing, propose, sections_between
from core.contracts.datasets import Brain, Section

BRAIN = Brain(
    id="B",
    title="B",
    provenance="none",
    pixel_size_um=1.0,
    section_thickness_um=20.0,
    sections=tuple(
        Section(number=number, file=f"sections/B_{number}.tif", width_px=10, height_px=10, fingerprint="0" * 64)
        for number in (901, 911, 921, 1021)
    ),
)


def test_each_annotated_section_pairs_with_the_next() -> None:
    assert consecutive([1021, 901, 921, 901]) == ((901, 921), (921, 1021))
    assert consecutive([901]) == ()


def test_the_ends_are_not_between() -> None:
    assert sections_between(BRAIN, (901, 1021)) == (911, 921)


def test_the_distance_is_in_millimetres() -> None:
    proposal = propose(BRAIN, (901, 1021), {901: (), 1021: ()})
    assert (proposal.distance_mm, proposal.problems) == (2.4, ())


def test_problems_of_both_ends_are_told() -> None:
    proposal = propose(BRAIN, (901, 1021), {901: ("crosses",)})
    assert proposal.problems == ("crosses", "Section 1021 is not annotated.")


def test_a_pair_without_sections_between_and_a_pair_backwards_are_refused() -> None:
    fine = dict.fromkeys((901, 911), ())
    assert "no section between" in propose(BRAIN, (901, 911), fine).problems[0]
    assert "increasing order" in propose(BRAIN, (911, 901), fine).problems[0]
    assert "increasing order" in propose(BRAIN, (901, 901), fine).problems[0]


def test_what_is_missing_ends_with_the_first_ready_pair() -> None:
    ready, broken = propose(BRAIN, (901, 1021), {901: (), 1021: ()}), propose(BRAIN, (901, 1021), {})
    assert "not annotated yet" in missing("hOc1", [], [])
    assert "only" in missing("hOc1", [901], [])
    assert missing("hOc1", [901, 1021], [broken]) == "No pair of sections is ready: Section 901 is not annotated."
    assert missing("hOc1", [901, 1021], [broken, ready]) == ""
