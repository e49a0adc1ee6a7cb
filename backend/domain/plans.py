"""What a training task is made of: which models, of which sections, and which sections each fills."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.contracts.api import PairProposal
from core.contracts.projects import Method

FEW_SECTIONS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """One model: the sections it is trained on and those it predicts."""

    sections: tuple[int, ...]
    between: tuple[int, ...]


def plans(method: Method, proposals: Sequence[PairProposal], annotated: Sequence[int]) -> tuple[Plan, ...]:
    """A model for each pair, or one of all annotated sections that fills all the pairs' intervals.

    A global model predicts none of the sections it was trained on; a local one also those annotated between its pair.
    """
    if method == "local":
        return tuple(Plan(pair.sections, pair.sections_between) for pair in proposals)
    wanted = {section for pair in proposals for section in pair.sections_between}
    return (Plan(tuple(annotated), tuple(sorted(wanted - set(annotated)))),)


def global_warning(area: str, annotated: Sequence[int]) -> str:
    """What to know before training one model of all annotated sections, in words; empty when all is well."""
    if len(annotated) >= FEW_SECTIONS:
        return ""
    return (
        f"{area} is annotated on {len(annotated)} section{'' if len(annotated) == 1 else 's'}: a global model learns from "
        f"{FEW_SECTIONS} or more. Annotate more sections, or train local models."
    )
