"""Which section to annotate next: the one that relieves most of what the newest predictions expect to be wrong."""

from collections.abc import Collection, Mapping, Set

import numpy as np
from numpy.typing import NDArray

from core.contracts.api import SectionCandidate
from core.contracts.projects import Prediction

Places = NDArray[np.float64]

MOST_CANDIDATES = 5
NOTHING_PREDICTED = "No section is predicted yet. Train a model of {area} first; then its doubt says where it needs help."
ALL_KNOWN = "Every predicted section of {area} is annotated or accepted already."
ALL_SURE = "The predictions of {area} expect nothing to be wrong. (Those of older releases do not know; train again then.)"
ORDER = (
    "By the wrongly labelled area that annotating the section would save: what the newest predictions of {area} expect to be "
    "wrong on it (twice its area times its doubt), and a part of that on sections around it, the less the farther they are, "
    "up to the next ones that are annotated or accepted."
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

    What is wrong on a section is taken to grow with its distances d and e from the known sections below and above as the root
    of d · e / (d + e): so far strays a border that drifts at random from section to section, between two where it is known.
    Annotating a section saves its own error, and of the others' the part by which that falls; none beyond known sections.
    """
    numbers = sorted(number for number in newest if number not in known)
    places, wrong = np.array(numbers, np.float64), np.array([expected_wrong_mm2(newest[number]) for number in numbers])
    ends = np.array([-np.inf, *sorted(known), np.inf])
    above = np.searchsorted(ends, places)
    gains = {
        number: float(wrong @ _relief(places, ends[above - 1], ends[above], chosen))
        for number, chosen in zip(numbers, places, strict=True)
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


def _relief(places: Places, below: Places, above: Places, chosen: float) -> Places:
    """Of each section's error the part that goes when `chosen` is known too; its neighbours known so far are given."""
    nearer_below = np.where(places >= chosen, np.maximum(below, chosen), below)
    nearer_above = np.where(places <= chosen, np.minimum(above, chosen), above)
    with np.errstate(divide="ignore"):  # the chosen section itself is certain then: 1 / 0
        before = 1 / (places - below) + 1 / (above - places)
        after = 1 / (places - nearer_below) + 1 / (nearer_above - places)
    return 1 - np.sqrt(before / after)
