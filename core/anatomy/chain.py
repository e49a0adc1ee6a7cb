"""Chains of rigid transforms between neighbouring sections composed into section-to-section transforms (thesis 3.2)."""

import numpy as np

from core.contracts.datasets import Alignment, AlignmentStep
from core.geometry.affine import Matrix, invert, rigid_matrix


class NoChainError(ValueError):
    """The alignment does not connect two sections."""


def transform_between(alignment: Alignment, source: int, target: int) -> Matrix:
    """The transform from the section frame of `source` to that of `target`, (3, 3) in µm.

    Steps lead upward to successors; downward their inverses are taken. Raises NoChainError naming both sections.
    """
    steps = {step.section: step for step in alignment.steps}
    upward = _climb(steps, source, target)
    if upward is not None:
        return upward
    downward = _climb(steps, target, source)
    if downward is not None:
        return invert(downward)
    raise NoChainError(
        f"the alignment has no chain of steps between sections {source} and {target}; align the sections between"
    )


def _climb(steps: dict[int, AlignmentStep], source: int, target: int) -> Matrix | None:
    """The product of the steps from source up to target, or None when they do not lead there."""
    matrix = np.eye(3)
    section = source
    for _ in range(len(steps) + 1):  # no longer than all steps, should they run in a circle
        if section == target:
            return matrix
        if section not in steps:
            return None
        matrix = rigid_matrix(steps[section].transform) @ matrix
        section = steps[section].successor
    return None
