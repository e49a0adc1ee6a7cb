"""Align a series of sections, each to the next: which pairs there are to compute, and the images read once for them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from core.anatomy.align import align_features
from core.anatomy.by_hand import merged, unaligned
from core.anatomy.features import PIXEL_SIZE_UM, AlignmentError, Features
from core.contracts.datasets import Alignment, AlignmentStep, Brain
from core.datasets import BrainFolder, MissingFileError
from core.imaging.sections import read_whole

SectionPair = tuple[int, int]
Report = Callable[[int, int], None]


def align_brain(folder: BrainFolder, sections: Iterable[int] | None = None, report: Report | None = None) -> Alignment:
    """The alignment with the steps of these sections (all if None) computed; those set by hand and all others stay.

    Raises AlignmentError for a brain of fewer than two sections, KeyError for a section it does not have; DatasetError and
    UnreadableImageError name a bad file.
    """
    present = present_alignment(folder)
    pairs = pairs_to_compute(folder.brain, present, sections)
    steps = []
    for step in aligned_steps(folder, pairs):
        steps.append(step)
        if report is not None:
            report(len(steps), len(pairs))
    return merged(present, steps)


def present_alignment(folder: BrainFolder) -> Alignment:
    """The brain's alignment, or one without steps for a brain that was never aligned."""
    try:
        return folder.alignment
    except MissingFileError:
        return unaligned(folder.brain)


def pairs_to_compute(brain: Brain, present: Alignment, sections: Iterable[int] | None = None) -> list[SectionPair]:
    """The named sections (all if None) with their successors, in order, without those set by hand; the last has none.

    Raises AlignmentError for a brain of fewer than two sections and KeyError for a section that it does not have.
    """
    numbers = [section.number for section in brain.sections]
    if len(numbers) < 2:
        raise AlignmentError(f"brain {brain.id} has {len(numbers)} sections; alignment needs two or more")
    named = set(numbers) if sections is None else {brain.section(number).number for number in sections}
    by_hand = {(step.section, step.successor) for step in present.steps if step.hand_set}
    return [pair for pair in pairwise(numbers) if pair[0] in named and pair not in by_hand]


def aligned_steps(folder: BrainFolder, pairs: Sequence[SectionPair]) -> Iterator[AlignmentStep]:
    """The steps of pairs in order, as they are computed; a section that two pairs share is read once."""
    seen: dict[int, Features] = {}
    for section, successor in pairs:
        seen = {number: seen[number] if number in seen else _features(folder, number) for number in (section, successor)}
        apart_um = (successor - section) * folder.brain.section_thickness_um
        yield align_features(section, successor, seen[section], seen[successor], apart_um)


def _features(folder: BrainFolder, number: int) -> Features:
    with folder.pyramid(number) as pyramid:
        return Features(read_whole(pyramid, PIXEL_SIZE_UM))
