"""What Microdraw's `source` and `slice` mean here."""

import re
from urllib.parse import urlsplit

from backend.domain.annotation_files import section_named
from backend.domain.errors import NotFoundError
from core.contracts.datasets import Brain, Section
from core.contracts.projects import Project


def source_name(source: str) -> str:
    """The name a source has: of `https://host/data/B20.json?x` it is `B20`. Nothing is ever fetched from it."""
    try:
        path = urlsplit(source).path
    except ValueError:
        path = source
    return path.rpartition("/")[2].removesuffix(".json")


def check_source(source: str, project: Project) -> None:
    """NotFoundError unless the source is the project's brain; none at all is."""
    name = source_name(source)
    if name and name != project.brain:
        raise NotFoundError(
            f"Project {project.id} is about brain {project.brain}, not {name[:64]}. "
            f"Use a source whose file is named {project.brain}.json.",
            code="unknown_source",
        )


def section_at(brain: Brain, text: str) -> Section:
    """The section of a `slice`: its place in the series, from 0, as Microdraw counts; or its name; NotFoundError.

    A name says the section's number: `B20_0047`, `B20 S0047`, or `0047`, which no index is written as.
    """
    if re.fullmatch(r"0|[1-9]\d{0,6}", text):
        if int(text) < len(brain.sections):
            return brain.sections[int(text)]
    elif (number := section_named(text, brain)) is not None:
        return brain.section(number)
    last = len(brain.sections) - 1
    example = f"{brain.id}_{brain.sections[0].number:04d}"
    raise NotFoundError(
        f"Brain {brain.id} has no slice {text[:64]!r}. Slices count from 0 to {last}, or are named like {example}.",
        code="unknown_slice",
    )
