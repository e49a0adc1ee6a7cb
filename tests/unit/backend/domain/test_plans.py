"""Which models a task trains, and what each fills."""

from backend.domain.plans import Plan, global_warning, plans
from core.contracts.api import PairProposal


def pair(first: int, last: int, *between: int) -> PairProposal:
    return PairProposal(sections=(first, last), distance_mm=1.0, sections_between=between)


PAIRS = (pair(901, 941, 911, 921, 931), pair(941, 961, 951))
ANNOTATED = (901, 941, 961, 1021)


def test_a_local_task_has_a_model_for_each_pair() -> None:
    assert plans("local", PAIRS, ANNOTATED) == (Plan((901, 941), (911, 921, 931)), Plan((941, 961), (951,)))


def test_a_global_task_has_one_model_of_all_annotated_sections_that_fills_the_chosen_intervals_only() -> None:
    assert plans("global", PAIRS, ANNOTATED) == (Plan(ANNOTATED, (911, 921, 931, 951)),)


def test_a_global_model_does_not_predict_what_it_was_trained_on_nor_anything_twice() -> None:
    wide, within = pair(901, 961, 911, 921, 941), pair(901, 941, 911, 921)
    assert plans("global", (wide, within), (901, 941, 961)) == (Plan((901, 941, 961), (911, 921)),)


def test_fewer_than_three_annotated_sections_are_warned_of() -> None:
    assert "annotated on 2 sections" in global_warning("hOc1", (901, 941))
    assert "annotated on 1 section:" in global_warning("hOc1", (901,))
    assert global_warning("hOc1", (901, 941, 961)) == ""
