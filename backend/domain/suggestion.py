"""Which section to annotate next: the one that relieves most of what the newest predictions expect to be wrong."""

from collections.abc import Collection, Mapping, Set

from core.contracts.api import SectionCandidate
from core.contracts.projects import Prediction

MOST_CANDIDATES = 5
NOTHING_PREDICTED = "No section is predicted yet. Train a model of {area} first; then its doubt says where it needs help."
ALL_KNOWN = "Every predicted section of {area} is annotated or accepted already."
ALL_SURE = "The predictions of {area} expect nothing to be wrong. (Those of older releases do not know; train again then.)"
ORDER = (
    "By the wrongly labelled area that annotating the section would save: what the newest predictions of {area} expect to be "
    "wrong on it (twice its area times its doubt), and on the sections around it in part, ever less up to halfway to the next "
    "section that is annotated or accepted."
)


def known_sections(annotated: Collection[int], newest: Mapping[int, Prediction]) -> frozenset[int]:
    """The sections where the area needs no more help: somebody drew it, or accepted what was predicted."""
    accepted = {number for number, found in newest.items() if found.review and found.review.verdict == "accepted"}
    return frozenset(annotated) | accepted


def expected_wrong_mm2(prediction: Prediction) -> float:
    """Area expected to be labelled wrongly, missed and false together.

    Doubt is that area as a share of the predicted and the expected true area together; both are about the predicted one.
    """
    return 2 * prediction.doubt * prediction.area_mm2


def candidates(known: Collection[int], newest: Mapping[int, Prediction]) -> tuple[SectionCandidate, ...]:
    """The sections worth most, best first; those that would save nothing are left out.

    What is wrong on a section is taken to grow with the distance to the nearest known section. So annotating one saves all of
    its own error, and of another section's the part by which it is nearer to that section than the known ones are: nothing
    from halfway to them on.
    """
    wrong = {number: expected_wrong_mm2(found) for number, found in newest.items() if number not in known}
    distance = {number: min((abs(number - other) for other in known), default=None) for number in wrong}
    gains = {
        chosen: sum(_part(abs(number - chosen), distance[number]) * error for number, error in wrong.items())
        for chosen in wrong
    }
    best = sorted((number for number, gain in gains.items() if gain > 0), key=lambda number: (-gains[number], number))
    return tuple(SectionCandidate(section=number, gain_mm2=gains[number]) for number in best[:MOST_CANDIDATES])


def why(area: str, known: Set[int], newest: Mapping[int, Prediction], found: Collection[SectionCandidate]) -> str:
    """What the order rests on, or why there is none, in words."""
    if found:
        return ORDER.format(area=area)
    if not newest:
        return NOTHING_PREDICTED.format(area=area)
    return (ALL_KNOWN if known >= newest.keys() else ALL_SURE).format(area=area)


def _part(to_chosen: int, to_known: int | None) -> float:
    """The part of a section's error that goes when a section at this distance is annotated."""
    if to_known is None:
        return 1.0
    return max(0.0, 1 - to_chosen / to_known)
