"""Jobs of features and graphs: what they are called, what they need and how long they may take. All pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Literal, get_args

from backend.domain.errors import InvalidError
from core.contracts.api_mapping import MappingParameters
from core.contracts.projects import Project

MappingKind = Literal["features", "classify_patches", "midsurface", "graph"]
MAPPING_KINDS: tuple[MappingKind, ...] = get_args(MappingKind)

_HOUR_S = 3600
TIME_LIMIT_S: dict[MappingKind, int] = {
    "features": 24 * _HOUR_S,
    "classify_patches": 4 * _HOUR_S,
    "midsurface": 8 * _HOUR_S,
    "graph": 12 * _HOUR_S,
}
TITLE: dict[MappingKind, Callable[[int, str], str]] = {
    "features": lambda areas, brain: f"Features of {areas} areas",
    "classify_patches": lambda areas, brain: f"Tell {areas} areas apart by features",
    "midsurface": lambda areas, brain: f"Surface of {brain}",
    "graph": lambda areas, brain: f"{areas} areas on the surface of {brain}",
}
DOES: dict[MappingKind, str] = {
    "features": "learns features",
    "classify_patches": "classifies patches",
    "midsurface": "computes a surface",
    "graph": "finds areas on a surface",
}


def title(parameters: MappingParameters, brains: Sequence[str]) -> str:
    """What the job is called on screen; `brains` are all its brains, the project's own first."""
    areas = () if parameters.kind == "midsurface" else parameters.areas
    more = f" and {len(brains) - 1} more" if len(brains) > 1 and parameters.kind == "graph" else ""
    return TITLE[parameters.kind](len(areas), brains[0]) + more


def drawn_areas(parameters: MappingParameters) -> tuple[str, ...]:
    """The areas whose annotations the job reads."""
    return parameters.without if parameters.kind == "midsurface" else parameters.areas


def held_out(parameters: MappingParameters) -> tuple[str, ...]:
    """The brains nothing is learnt from."""
    return () if parameters.kind == "midsurface" else parameters.transfer


def needed_jobs(parameters: MappingParameters) -> tuple[str, ...]:
    """Keys of the jobs whose results this one reads."""
    if parameters.kind == "classify_patches":
        return (parameters.features_job,)
    if parameters.kind == "graph":
        return (*parameters.midsurface_jobs, *([parameters.features_job] if parameters.features_job else []))
    return ()


def check_brains(projects: Sequence[Project], parameters: MappingParameters) -> None:
    """InvalidError unless each project is on another brain and the brains held out are among them, one being left."""
    brains: dict[str, str] = {}
    for project in projects:
        if project.brain in brains:
            raise InvalidError(
                f"Projects {brains[project.brain]} and {project.id} are both on brain {project.brain}. Choose one of them.",
                code="same_brain",
            )
        brains[project.brain] = project.id
    out = held_out(parameters)
    if strangers := sorted(set(out) - set(brains)):
        raise InvalidError(
            f"Brain {', '.join(strangers)} is to tell how well it transfers, but no project on it takes part. Add one.",
            code="unknown_brain",
        )
    if set(out) == set(brains):
        raise InvalidError("Every brain is held out, so there is nothing to learn from. Keep one for training.")
    if parameters.kind == "midsurface" and len(projects) > 1:
        raise InvalidError("A surface is of one brain. Start it in the project on the other brain as well.")


def check_areas(project: Project, parameters: MappingParameters, annotated: Iterable[tuple[str, Iterable[str]]]) -> None:
    """InvalidError unless the areas are the project's and each has annotations where something is learnt.

    `annotated` says for each brain which of the areas have any.
    """
    wanted = drawn_areas(parameters)
    if strangers := [area for area in wanted if area not in project.areas]:
        raise InvalidError(
            f"{', '.join(strangers[:5])} {_is(strangers)} no area of project {project.id}. Choose among its areas.",
            code="unknown_area",
        )
    if len(set(wanted)) < len(wanted):
        raise InvalidError("An area is named twice. Name each once.", code="area_twice")
    learnt = set(chain.from_iterable(areas for brain, areas in annotated if brain not in held_out(parameters)))
    if missing := [area for area in wanted if area not in learnt]:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InvalidError(
            f"{', '.join(missing[:5])}{more} {_is(missing)} not annotated where this would learn. "
            "Annotate it, or leave it out.",
            {"areas": missing},
            code="not_annotated",
        )


def _is(found: Sequence[str]) -> str:
    return "is" if len(found) == 1 else "are"
