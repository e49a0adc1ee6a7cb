"""Pairs of annotated sections: which are proposed, and why one would be refused."""

from collections.abc import Sequence
from itertools import pairwise

from core.contracts.api import PairProposal
from core.contracts.datasets import Brain
from core.units import um_to_mm

Pair = tuple[int, int]
SectionProblems = dict[int, tuple[str, ...]]


def consecutive(annotated: Sequence[int]) -> tuple[Pair, ...]:
    """Each annotated section with the next one."""
    return tuple(pairwise(sorted(set(annotated))))


def sections_between(brain: Brain, pair: Pair) -> tuple[int, ...]:
    """The brain's sections strictly between the two."""
    return tuple(section.number for section in brain.sections if pair[0] < section.number < pair[1])


def propose(brain: Brain, pair: Pair, problems: SectionProblems, lacking: Sequence[str] = ()) -> PairProposal:
    """The pair with its distance, the sections it fills and what speaks against training on it.

    `problems` has an entry for every annotated section, with what is wrong with its outlines; `lacking` says what has to be
    computed first.
    """
    between = sections_between(brain, pair)
    against = [message for section in pair for message in problems.get(section, (f"Section {section} is not annotated.",))]
    if pair[0] >= pair[1]:
        against.append(f"The sections of a pair are given in increasing order, got {pair[0]} and {pair[1]}.")
    elif not between:
        against.append(f"There is no section between {pair[0]} and {pair[1]} to predict.")
    return PairProposal(
        sections=pair,
        distance_mm=um_to_mm(abs(pair[1] - pair[0]) * brain.section_thickness_um),
        sections_between=between,
        problems=(*against, *lacking),
    )


def missing(area: str, annotated: Sequence[int], pairs: Sequence[PairProposal]) -> str:
    """What is missing before the area can be trained, in words; empty when some pair is ready."""
    if not annotated:
        return f"{area} is not annotated yet. Outline it on two sections."
    if len(annotated) == 1:
        return f"{area} is annotated on section {annotated[0]} only. Outline it on a second section."
    if any(not pair.problems for pair in pairs):
        return ""
    return f"No pair of sections is ready: {pairs[0].problems[0]}"
