"""Annotations: the outline of one area on one section, in section-frame micrometres, with its revisions."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from core.contracts.base import Contract, Identifier, Key, Moment
from core.contracts.datasets import SectionNumber

Corner = tuple[float, float]
BezierNode = tuple[float, float, float, float, float, float]  # x, y, in_dx, in_dy, out_dx, out_dy
PathPoint = Corner | BezierNode
# Closed without repeating the first point; several paths fill by the even-odd rule, so a ring inside is a hole.
Path = Annotated[tuple[PathPoint, ...], Field(min_length=3, max_length=200_000)]
Paths = Annotated[tuple[Path, ...], Field(min_length=1, max_length=1_000)]


class Drawn(Contract):
    """Drawn by hand in the viewer."""

    kind: Literal["drawn"] = "drawn"


class Imported(Contract):
    """Read from a file; `format` says which dialect."""

    kind: Literal["imported"] = "imported"
    format: Identifier


class FromPrediction(Contract):
    """Made from a prediction by *correct*; keeps the lineage."""

    kind: Literal["prediction"] = "prediction"
    prediction: Key


Source = Annotated[Drawn | Imported | FromPrediction, Field(discriminator="kind")]


class FrozenAnnotation(Contract):
    """One revision of an annotation as a job carries it: enough to train on, and to say what was used."""

    uid: Key
    version: PositiveInt
    section: SectionNumber
    area: Identifier
    paths: Paths


class Outline(Contract):
    """An area's outline on a section, without history."""

    area: Identifier
    paths: Paths


class SectionOutlines(Contract):
    """All outlines of one section: a brain dataset's `truth/<brain>_<number>.json` where the truth is known."""

    section: SectionNumber
    outlines: tuple[Outline, ...]


class Annotation(Contract):
    """The current state of a region. A deleted region keeps its paths, so that it can be restored."""

    uid: Key
    project: Identifier
    section: SectionNumber
    area: Identifier
    paths: Paths
    author: Identifier
    version: PositiveInt
    source: Source
    deleted: bool = False
    created_at: Moment
    updated_at: Moment

    def frozen(self) -> FrozenAnnotation:
        """This revision as a job input."""
        return FrozenAnnotation(uid=self.uid, version=self.version, section=self.section, area=self.area, paths=self.paths)


class OutlineProblem(Contract):
    """Something wrong with an outline, in words, with the place to look at (µm)."""

    kind: Literal["self_crossing", "outside_section", "empty"]
    message: str
    at_um: Corner | None = None
