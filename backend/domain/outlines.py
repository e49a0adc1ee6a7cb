"""Rules an outline has to keep before it is stored, and what is said about it."""

from collections.abc import Mapping

from backend.domain.errors import InvalidError, TooLargeError
from core.contracts.annotations import Annotation, OutlineProblem, Strokes
from core.contracts.datasets import Brain, Section
from core.contracts.projects import Project
from core.geometry.polygons import outline_problems

# As native MongoDB arrays 150,000 Bezier nodes are about 12 MB, of the 16 MB a document may have.
MOST_POINTS = 150_000


def check_place(project: Project, area: str) -> None:
    """InvalidError unless the area is one of the project's."""
    if area not in project.areas:
        raise InvalidError(
            f"{area} is no area of project {project.id}, which has {', '.join(project.areas)}.", code="unknown_area"
        )


def is_region(document: Mapping[str, object]) -> bool:
    """Whether a stored annotation outlines an area, unlike a line or a note; what was stored before those came does."""
    return document.get("shape") in (None, "region")


def name(annotation: Annotation) -> str:
    """A region as people tell it from others: its area and the beginning of its identifier, as the section page writes it."""
    return f"{annotation.area} {annotation.uid[:4]}"


def check_size(paths: Strokes) -> None:
    """TooLargeError for an outline no database document can hold."""
    points = sum(len(path) for path in paths)
    if points > MOST_POINTS:
        raise TooLargeError(f"The outline has {points} points; at most {MOST_POINTS} are stored. Simplify it.")


def problems(annotation: Annotation, brain: Brain, section: Section) -> tuple[OutlineProblem, ...]:
    """What is wrong with the outline on this section, in words; empty when it can be trained on."""
    if annotation.shape != "region":
        return ()
    return outline_problems(annotation.paths, section.width_px * brain.pixel_size_um, section.height_px * brain.pixel_size_um)
