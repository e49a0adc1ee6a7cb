"""Which section is worth annotating next."""

from datetime import UTC, datetime

import pytest

from backend.domain.suggestion import MOST_CANDIDATES, candidates, expected_wrong_mm2, known_sections, why
from core.contracts.projects import Prediction, Review, Verdict
from tests.fakes.predictions import GRID

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def prediction(section: int, doubt: float, area_mm2: float = 100.0, verdict: Verdict | None = None) -> Prediction:
    key = f"{section:032x}"
    return Prediction(
        id=key,
        project="p",
        task="0" * 32,
        job="1" * 32,
        section=section,
        area="hOc1",
        grid=GRID,
        area_mm2=area_mm2,
        mean_confidence=0.75,
        doubt=doubt,
        review=Review(id=key, prediction=key, verdict=verdict, author="ada", at=NOW) if verdict else None,
        created_at=NOW,
    )


def newest(doubts: dict[int, float]) -> dict[int, Prediction]:
    return {section: prediction(section, doubt) for section, doubt in doubts.items()}


def test_doubt_is_a_share_of_the_predicted_and_the_true_area_together() -> None:
    assert expected_wrong_mm2(prediction(911, doubt=0.1, area_mm2=50.0)) == pytest.approx(10.0)


def test_a_section_alone_in_doubt_is_worth_what_is_wrong_on_it() -> None:
    [found] = [one for one in candidates({901, 941}, newest({911: 0.0, 921: 0.2, 931: 0.0})) if one.section == 921]
    assert found.gain_mm2 == pytest.approx(40.0)


def test_more_is_saved_of_near_neighbours_than_of_far_ones() -> None:
    doubtful = {911: 0.0, 921: 0.0, 931: 0.0, 941: 0.5, 951: 0.0}
    gains = {one.section: one.gain_mm2 for one in candidates({901, 961}, newest(doubtful))}
    assert gains[941] > gains[931] > gains[921] > gains[911]


def test_past_the_last_known_section_uncertainty_grows_with_the_root_of_the_distance() -> None:
    gains = {one.section: one.gain_mm2 for one in candidates({901}, newest({911: 0.0, 921: 0.25}))}
    assert gains == pytest.approx({921: 50.0, 911: 50.0 * (1 - 0.5**0.5)})


def test_equal_doubt_is_relieved_most_from_the_middle() -> None:
    found = candidates({901, 941}, newest({911: 0.2, 921: 0.2, 931: 0.2}))
    assert [one.section for one in found] == [921, 911, 931]


def test_a_section_far_more_doubtful_than_the_middle_comes_first() -> None:
    found = candidates({901, 981}, newest({911: 0.05, 921: 0.05, 931: 0.05, 941: 0.05, 951: 0.05, 961: 0.6, 971: 0.1}))
    assert found[0].section == 961


def test_neighbours_are_relieved_by_the_part_by_which_their_uncertainty_falls() -> None:
    # 911 is 10 and 30 from 901 and 941, then 10 and 10 from 901 and 921: the root of 7.5 becomes that of 5.
    gains = {one.section: one.gain_mm2 for one in candidates({901, 941}, newest({911: 0.3, 921: 0.0}))}
    assert gains == pytest.approx({911: 60.0, 921: 60.0 * (1 - (5 / 7.5) ** 0.5)})


def test_annotating_saves_nothing_beyond_a_known_section() -> None:
    gains = {one.section: one.gain_mm2 for one in candidates({901, 921, 941}, newest({911: 0.1, 931: 0.3}))}
    assert gains == pytest.approx({931: 60.0, 911: 20.0})


def test_what_is_annotated_or_accepted_is_known_and_what_is_rejected_is_not() -> None:
    found = {911: prediction(911, 0.1, verdict="accepted"), 921: prediction(921, 0.1, verdict="rejected")}
    assert known_sections({901}, found) == {901, 911}


def test_known_sections_are_no_candidates_however_doubtful() -> None:
    assert candidates({901, 911, 921}, newest({911: 1.0})) == ()


def test_without_any_known_section_one_annotation_helps_everywhere_alike() -> None:
    gains = [one.gain_mm2 for one in candidates((), newest({911: 0.1, 921: 0.3}))]
    assert gains == pytest.approx([80.0, 80.0])


def test_only_the_best_few_are_named() -> None:
    assert len(candidates({901}, newest(dict.fromkeys(range(902, 930), 0.1)))) == MOST_CANDIDATES


def test_the_reason_says_what_the_order_rests_on_or_why_there_is_none() -> None:
    doubtful, sure = newest({911: 0.1}), newest({911: 0.0})
    assert "doubt" in why("hOc1", frozenset({901}), doubtful, candidates({901}, doubtful))
    assert "Train a model of hOc1 first" in why("hOc1", frozenset({901}), {}, ())
    assert "annotated or accepted already" in why("hOc1", frozenset({901, 911}), doubtful, ())
    assert "expect nothing to be wrong" in why("hOc1", frozenset({901}), sure, ())
