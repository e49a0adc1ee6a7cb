"""Jobs on a brain: which sections they are for, and how they stand to one another. All pure."""

import hashlib
from collections.abc import Container, Iterable, Sequence
from itertools import pairwise
from typing import Literal

from backend.domain.errors import ConflictError, InvalidError
from core.contracts.anatomy import AlignParameters, TissueParameters
from core.contracts.datasets import Alignment, AlignmentStep, Brain
from core.contracts.jobs import Resources

BrainJobKind = Literal["tissue", "align"]

PARAMETERS: dict[BrainJobKind, type[TissueParameters] | type[AlignParameters]] = {
    "tissue": TissueParameters,
    "align": AlignParameters,
}
TITLE: dict[BrainJobKind, str] = {"tissue": "Tissue classes of {}", "align": "Align {}"}
NOTHING_MISSING: dict[BrainJobKind, str] = {
    "tissue": "All sections of brain {} have tissue classes. Name sections to compute them again.",
    "align": "All sections of brain {} are aligned to the next one. Name sections to align them again.",
}
# Many times what a section of real size takes; a job that reaches its limit goes on from where it is.
LIMIT_PER_SECTION_S, SHORTEST_LIMIT_S = 60, 7200
MOST_SECTIONS = 20_000
_NAMED = 5


def with_next(brain: Brain) -> list[tuple[int, int]]:
    """Each section with the next one."""
    return list(pairwise(section.number for section in brain.sections))


def steps_to_next(brain: Brain, alignment: Alignment) -> dict[int, AlignmentStep]:
    """By section the step to the next one; a step over sections that came later does not count."""
    following = dict(with_next(brain))
    return {step.section: step for step in alignment.steps if following.get(step.section) == step.successor}


def wanted_sections(brain: Brain, kind: BrainJobKind, named: Sequence[int], done: Container[int]) -> tuple[int, ...]:
    """The sections a job is for: those named, or all that are not done. InvalidError, ConflictError in words.

    For an alignment only sections with a next one count. More than a job may name are left to the next job.
    """
    possible = [section for section, _ in with_next(brain)] if kind == "align" else [each.number for each in brain.sections]
    known = {section.number for section in brain.sections}
    if unknown := sorted(set(named) - known):
        raise InvalidError(f"Brain {brain.id} has no section {sections_in_words(unknown)}.", {"sections": unknown})
    chosen = set(named)
    wanted = tuple(number for number in possible if (number in chosen if named else number not in done))
    if wanted:
        return wanted[:MOST_SECTIONS]
    if not possible:
        raise InvalidError(f"Brain {brain.id} has {len(known)} sections, too few for this. Ingest sections first.")
    if named:
        raise InvalidError(f"Section {named[0]} is the last of brain {brain.id}; there is no next one to align it to.")
    raise ConflictError(NOTHING_MISSING[kind].format(brain.id), code="nothing_missing")


def images_of(brain: Brain, kind: str, sections: Iterable[int]) -> str:
    """SHA-256 over the images that such a job reads; other sections may come and go meanwhile."""
    following = dict(with_next(brain)) if kind == "align" else {}
    wanted = {number for section in sections for number in (section, following.get(section, section))}
    images = [(section.number, section.fingerprint) for section in brain.sections if section.number in wanted]
    return hashlib.sha256(repr(images).encode("ascii")).hexdigest()


def sections_in_words(numbers: Iterable[int]) -> str:
    """`901, 921 and 3 more`."""
    found = list(numbers)
    shown = ", ".join(str(number) for number in found[:_NAMED])
    return f"{shown} and {len(found) - _NAMED} more" if len(found) > _NAMED else shown


def title(kind: BrainJobKind, sections: Sequence[int]) -> str:
    """What the job is called on screen."""
    count = len(sections)
    return TITLE[kind].format(f"section {sections[0]}" if count == 1 else f"{count} sections, {sections[0]}–{sections[-1]}")


def resources(sections: Sequence[int]) -> Resources:
    """What such a job asks of the scheduler."""
    return Resources(time_limit_s=max(SHORTEST_LIMIT_S, LIMIT_PER_SECTION_S * len(sections)))


def lacking(brain: Brain, pair: tuple[int, int], with_tissue: Container[int], aligned: Container[int]) -> tuple[str, ...]:
    """What of the pair's sections and those between is not computed yet, and where to do that, in words.

    Training reads the tissue classes of the pair, the prediction those of the sections between, and the alignment leads
    from section to section.
    """
    concerned = [section.number for section in brain.sections if pair[0] <= section.number <= pair[1]]
    problems = list(without_tissue(brain, concerned, with_tissue))
    if loose := [number for number in concerned[:-1] if number not in aligned]:
        problems.append(f"Align {_counted(loose)} to the next one {_where(brain)}.")
    return tuple(problems)


def without_tissue(brain: Brain, sections: Iterable[int], with_tissue: Container[int]) -> tuple[str, ...]:
    """Which of the sections have no tissue classes, and where to compute them, in words; empty when all have."""
    classless = [number for number in sections if number not in with_tissue]
    return (f"Compute the tissue classes of {_counted(classless)} {_where(brain)}.",) if classless else ()


def _where(brain: Brain) -> str:
    return f"on the page of brain {brain.id}"


def _counted(numbers: Sequence[int]) -> str:
    return f"section{'s' if len(numbers) > 1 else ''} {sections_in_words(numbers)}"
