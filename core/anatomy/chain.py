"""Chains of rigid transforms between neighbouring sections composed into section-to-section transforms (thesis 3.2)."""

from collections.abc import Iterable

import numpy as np

from core.contracts.datasets import Alignment, AlignmentStep
from core.geometry.affine import Matrix, invert, rigid_matrix


class NoChainError(ValueError):
    """The alignment does not connect two sections."""


def transform_between(alignment: Alignment, source: int, target: int) -> Matrix:
    """The transform from the section frame of `source` to that of `target`, (3, 3) in µm.

    Steps lead upward to successors; downward their inverses are taken. Raises NoChainError naming the first step missing.
    """
    upward = np.eye(3)
    for step in steps_between(alignment, source, target):
        upward = rigid_matrix(step.transform) @ upward
    return upward if source <= target else invert(upward)


def steps_between(alignment: Alignment, one: int, other: int) -> list[AlignmentStep]:
    """The steps from the lower of two sections up to the higher. Raises NoChainError naming the first step missing."""
    steps = {step.section: step for step in alignment.steps}
    section, end = min(one, other), max(one, other)
    chain: list[AlignmentStep] = []
    while section != end:
        step = steps.get(section)
        if step is None or not section < step.successor <= end:
            leads = "is not aligned to the next one" if step is None else f"is aligned to {step.successor}, not toward {end}"
            raise NoChainError(f"no chain leads between sections {one} and {other}: section {section} {leads}; align it again")
        chain.append(step)
        section = step.successor
    return chain


def is_weak(step: AlignmentStep) -> bool:
    """True where the transform was found in images but is not certain; what a person set is."""
    return not step.hand_set and step.quality is not None and step.quality.weak


def doubt_from(alignment: Alignment, sections: Iterable[int], target: int) -> str:
    """Why no chain from these sections to another can be trusted, in words; empty when one can."""
    doubts = [doubt_between(alignment, section, target) for section in sections]
    return "; ".join(doubts) if all(doubts) else ""


def doubt_between(alignment: Alignment, one: int, other: int) -> str:
    """Why the transform between two sections cannot be trusted, in words naming the first missing or weak step; else empty."""
    try:
        weak = [step for step in steps_between(alignment, one, other) if is_weak(step)]
    except NoChainError as error:
        return str(error)
    if not weak:
        return ""
    first = f"the step from section {weak[0].section} to {weak[0].successor} is weak"
    more = f", as are {len(weak) - 1} more" if len(weak) > 1 else ""
    return f"the chain between sections {one} and {other} is not certain: {first}{more}; check by eye and set it by hand"
