"""Which areas a project has, as they are named and coloured."""

from collections.abc import Iterable

from core.contracts.datasets import Area, Brain
from core.contracts.projects import Project
from core.datasets.nomenclature import julich_brain

UNKNOWN_COLOUR = "#808080"


def known_areas(brain: Brain) -> dict[str, Area]:
    """What a project on the brain can choose from: the brain's own areas go before those of the Julich-Brain."""
    return {area.name: area for area in (*julich_brain(), *brain.areas)}


def areas_of(project: Project, brain: Brain) -> tuple[Area, ...]:
    """The project's areas in its order; its own word about an area goes first."""
    known = known_areas(brain) | {area.name: area for area in project.nomenclature}
    return tuple(known.get(name) or Area(name=name, long_name=name, colour=UNKNOWN_COLOUR) for name in project.areas)


def in_words(names: Iterable[str]) -> str:
    """Names as a list in a sentence."""
    return ", ".join(sorted(names))
