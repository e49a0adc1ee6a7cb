"""The marks of the filmstrip: what there is of each area on each section."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.contracts.api import AreaMark, AreaProgress
from core.contracts.datasets import Area
from core.contracts.projects import Prediction

Marks = dict[int, tuple[AreaMark, ...]]


@dataclass(frozen=True, slots=True)
class Work:
    """What a project has: where areas are annotated, and the newest prediction of each area on each section."""

    annotated: frozenset[tuple[int, str]]
    newest: dict[tuple[int, str], Prediction]


def newest_predictions(predictions: Iterable[Prediction]) -> dict[tuple[int, str], Prediction]:
    """The newest of each section and area."""
    newest: dict[tuple[int, str], Prediction] = {}
    for prediction in predictions:
        place = (prediction.section, prediction.area)
        if place not in newest or prediction.created_at >= newest[place].created_at:
            newest[place] = prediction
    return newest


def marks(work: Work, areas: Sequence[str]) -> Marks:
    """Marks by section number; a section with nothing on it is not there."""
    found: dict[int, list[AreaMark]] = defaultdict(list)
    for section, area in sorted(work.annotated | set(work.newest)):
        if area not in areas:
            continue
        prediction = work.newest.get((section, area))
        found[section].append(
            AreaMark(
                area=area,
                annotated=(section, area) in work.annotated,
                predicted=prediction is not None,
                verdict=prediction.review.verdict if prediction and prediction.review else None,
                mean_confidence=prediction.mean_confidence if prediction else None,
                doubt=prediction.doubt if prediction else None,
            )
        )
    return {section: tuple(found[section]) for section in found}


def progress(work: Work, areas: Sequence[Area]) -> tuple[AreaProgress, ...]:
    """How far each area is, in numbers of sections."""
    by_area: dict[str, list[AreaMark]] = defaultdict(list)
    for section_marks in marks(work, [area.name for area in areas]).values():
        for mark in section_marks:
            by_area[mark.area].append(mark)
    return tuple(
        AreaProgress(
            area=area,
            annotated=sum(mark.annotated for mark in by_area[area.name]),
            predicted=sum(mark.predicted for mark in by_area[area.name]),
            accepted=sum(mark.verdict == "accepted" for mark in by_area[area.name]),
            rejected=sum(mark.verdict == "rejected" for mark in by_area[area.name]),
            corrected=sum(mark.verdict == "corrected" for mark in by_area[area.name]),
        )
        for area in areas
    )
