"""Alignment steps that a person sets, and how they stand beside computed ones.

A step set by hand keeps what the images said: the transform in `computed`, its residual and quality in place. Taking the
hand-set transform back therefore restores the computed step whole, its warning of being weak included.
"""

from collections.abc import Iterable

from core.contracts.datasets import Alignment, AlignmentStep, Brain, RigidTransform


class NoSuccessorError(ValueError):
    """A section has no next one, so there is no step to set."""


def unaligned(brain: Brain) -> Alignment:
    """The alignment of a brain before any step is known; its base is the middle section. ValueError without sections."""
    if not brain.sections:
        raise ValueError(f"brain {brain.id} has no sections; ingest some before aligning it")
    return Alignment(base_section=brain.sections[len(brain.sections) // 2].number)


def successor_of(brain: Brain, section: int) -> int:
    """The next section of the brain; KeyError for an unknown section, NoSuccessorError for the last."""
    numbers = [each.number for each in brain.sections]
    place = numbers.index(brain.section(section).number)
    if place == len(numbers) - 1:
        raise NoSuccessorError(f"section {section} is the last of brain {brain.id}; there is no next one to align it to")
    return numbers[place + 1]


def set_step(
    alignment: Alignment, brain: Brain, section: int, transform: RigidTransform, author: str | None = None
) -> Alignment:
    """The alignment with the step from `section` to its successor set by hand; the step is made when there is none.

    Raises KeyError for a section that the brain does not have and NoSuccessorError for its last one.
    """
    successor = successor_of(brain, section)
    present = {(step.section, step.successor): step for step in alignment.steps}.get((section, successor))
    if present is None:
        step = AlignmentStep(section=section, successor=successor, transform=transform, hand_set=True, author=author)
    else:
        computed = present.computed if present.hand_set else present.transform
        step = present.model_copy(update={"transform": transform, "hand_set": True, "computed": computed, "author": author})
    return _with(alignment, [step])


def unset_step(alignment: Alignment, section: int) -> Alignment:
    """The alignment with the computed transform of the section's step again, or without the step if none was computed.

    A step that nobody set by hand stays as it is.
    """
    steps = tuple(_taken_back(step) if step.section == section else step for step in alignment.steps)
    return alignment.model_copy(update={"steps": tuple(step for step in steps if step is not None)})


def merged(alignment: Alignment, computed: Iterable[AlignmentStep]) -> Alignment:
    """The alignment with newly computed steps in place of older ones; steps set by hand between the same sections stay."""
    by_hand = {(step.section, step.successor) for step in alignment.steps if step.hand_set}
    return _with(alignment, [step for step in computed if (step.section, step.successor) not in by_hand])


def _with(alignment: Alignment, steps: Iterable[AlignmentStep]) -> Alignment:
    """Every section has one step; they stand in the order of sections."""
    by_section = {step.section: step for step in (*alignment.steps, *steps)}
    return alignment.model_copy(update={"steps": tuple(by_section[section] for section in sorted(by_section))})


def _taken_back(step: AlignmentStep) -> AlignmentStep | None:
    if not step.hand_set:
        return step
    if step.computed is None:
        return None
    return step.model_copy(update={"transform": step.computed, "hand_set": False, "computed": None, "author": None})
