"""Marks and progress from what there is."""

from datetime import UTC, datetime, timedelta

from backend.domain.marks import Work, marks, newest_predictions, progress
from core.contracts.datasets import Area
from core.contracts.projects import Prediction, Review, Verdict
from tests.fakes.predictions import GRID

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def prediction(section: int, verdict: Verdict | None = None, minutes: int = 0, area: str = "hOc1") -> Prediction:
    key = f"{section:016x}{minutes:016x}"
    review = Review(id=key, prediction=key, verdict=verdict, author="ada", at=NOW) if verdict else None
    return Prediction(
        id=key,
        project="p",
        task="0" * 32,
        job="1" * 32,
        section=section,
        area=area,
        grid=GRID,
        area_mm2=1.0,
        mean_confidence=0.75,
        doubt=0.2,
        review=review,
        created_at=NOW + timedelta(minutes=minutes),
    )


def test_the_newest_prediction_of_a_place_counts_in_whatever_order_they_come() -> None:
    old, new = prediction(911, "accepted"), prediction(911, minutes=5)
    for order in ((old, new), (new, old)):
        assert newest_predictions(order) == {(911, "hOc1"): new}


def test_a_section_with_nothing_on_it_has_no_marks() -> None:
    assert marks(Work(frozenset(), {}), ["hOc1"]) == {}


def test_areas_outside_the_project_leave_no_marks() -> None:
    assert marks(Work(frozenset({(901, "hOc2")}), {}), ["hOc1"]) == {}


def test_marks_join_annotation_and_prediction_of_an_area() -> None:
    work = Work(frozenset({(911, "hOc1"), (901, "hOc1")}), newest_predictions([prediction(911, "corrected")]))
    found = marks(work, ["hOc1"])
    assert list(found) == [901, 911]
    assert found[911][0].model_dump() == {
        "area": "hOc1",
        "annotated": True,
        "predicted": True,
        "verdict": "corrected",
        "mean_confidence": 0.75,
        "doubt": 0.2,
    }
    assert found[901][0].predicted is False


def test_progress_counts_sections() -> None:
    verdicts: list[Verdict | None] = ["accepted", "accepted", "rejected", "corrected", None]
    predictions = [prediction(900 + index, verdict) for index, verdict in enumerate(verdicts)]
    work = Work(frozenset({(800, "hOc1"), (903, "hOc1")}), newest_predictions(predictions))
    (found,) = progress(work, [Area(name="hOc1", long_name="", colour="#112233")])
    counts = (found.annotated, found.predicted, found.accepted, found.rejected, found.corrected)
    assert counts == (2, 5, 2, 1, 1)
