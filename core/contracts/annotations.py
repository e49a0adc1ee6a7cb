"""Annotations: the outline of one area on one section, in section-frame micrometres, with its revisions."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from core.contracts.base import Contract, Identifier, Key, Moment
from core.contracts.datasets import SectionNumber

Corner = tuple[float, float]
BezierNode = tuple[float, float, float, float, float, float]  # x, y, in_dx, in_dy, out_dx, out_dy
# Tried in this order, not both: they differ by length, and sections have hundreds of thousands of them.
PathPoint = Annotated[Corner | BezierNode, Field(union_mode="left_to_right")]
# Closed without repeating the first point; several paths fill by the even-odd rule, so a ring inside is a hole.
Path = Annotated[tuple[PathPoint, ...], Field(min_length=3, max_length=200_000)]
Paths = Annotated[tuple[Path, ...], Field(min_length=1, max_length=1_000)]
# The same, and also what is open: a line has two points or more, a note stands at one.
Strokes = Annotated[
    tuple[Annotated[tuple[PathPoint, ...], Field(min_length=1, max_length=200_000)], ...], Field(min_length=1, max_length=1_000)
]
ShapeKind = Literal["region", "line", "note"]
_FEWEST_POINTS: dict[ShapeKind, int] = {"region": 3, "line": 2, "note": 1}


class Drawing(Contract):
    """What is drawn on a section: the outline of an area, or beside it an open line or a note in words.

    Only regions count: as training data, in masks, in measures and in the progress of an area. `order` is the place in the
    stack, higher on top; those of one order lie in order of making.
    """

    area: Identifier
    paths: Strokes
    shape: ShapeKind = "region"
    text: str = Field(default="", max_length=2_000)
    order: int = Field(default=0, ge=-1_000_000, le=1_000_000)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        fewest = _FEWEST_POINTS[self.shape]
        for number, path in enumerate(self.paths):
            if len(path) < fewest:
                raise ValueError(f"path {number} of a {self.shape} has {len(path)} points; it needs at least {fewest}")
        if self.shape != "region" and len(self.paths) > 1:
            raise ValueError(f"a {self.shape} has one path, not {len(self.paths)}")
        if self.shape == "note" and (len(self.paths[0]) > 1 or not self.text.strip()):
            raise ValueError("a note stands at one point and says something")
        return self


class Drawn(Contract):
    """Drawn by hand in the viewer."""

    kind: Literal["drawn"] = "drawn"


class Imported(Contract):
    """Read from a file; `format` says which dialect."""

    kind: Literal["imported"] = "imported"
    format: Identifier
    name: str = Field(default="", max_length=500, description="what the file calls it")
    kept: str = Field(
        default="", max_length=65_536, description="what the file says beyond that, as JSON, for writing it again"
    )


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


class Annotation(Drawing):
    """The current state of a region, line or note. A deleted one keeps its paths, so that it can be restored."""

    uid: Key
    project: Identifier
    section: SectionNumber
    author: Identifier
    version: PositiveInt
    source: Source
    deleted: bool = False
    created_at: Moment
    updated_at: Moment

    def frozen(self) -> FrozenAnnotation:
        """This revision as a job input."""
        return FrozenAnnotation(uid=self.uid, version=self.version, section=self.section, area=self.area, paths=self.paths)


class AnnotationVersions(Contract):
    """At which version each annotation of a section is, deleted ones left out."""

    versions: dict[Key, PositiveInt]


class OutlineProblem(Contract):
    """Something wrong with an outline, in words, with the place to look at (µm)."""

    kind: Literal["self_crossing", "outside_section", "empty"]
    message: str
    at_um: Corner | None = None
