"""A brain dataset on disk: what `brain.json` and `alignment.json` hold (design: section frame in µm)."""

from bisect import bisect_left
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, StringConstraints, model_validator

from core.contracts.base import XY, Colour, Contract, Identifier, Sha256

SectionNumber = Annotated[int, Field(ge=0, le=99_999)]
SectionFile = Annotated[str, StringConstraints(pattern=r"^sections/[A-Za-z0-9][A-Za-z0-9_\-]{0,63}\.tiff?$")]
SectionFlag = Literal["torn", "folded", "oblique", "mirrored"]


class Area(Contract):
    """A cytoarchitectonic area of the nomenclature, with the colour it has on screen."""

    name: Identifier
    long_name: str = Field(max_length=200)
    colour: Colour
    lobe: str = Field(default="", max_length=60)
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = Field(
        default=(), max_length=20, description="other names, by which it is found"
    )


class Section(Contract):
    """One histological section; `number` increases from posterior to anterior."""

    number: SectionNumber
    file: SectionFile
    width_px: PositiveInt
    height_px: PositiveInt
    fingerprint: Sha256 = Field(description="SHA-256 over the image file's bytes")
    flags: tuple[SectionFlag, ...] = ()


class Brain(Contract):
    """`brain.json`: one specimen and its series of sections."""

    format_version: Literal[1] = 1
    id: Identifier
    title: str = Field(max_length=200)
    provenance: str = Field(max_length=2000, description="where the images come from, in words for the screen")
    synthetic: bool = False
    pixel_size_um: PositiveFloat = Field(description="of the full-resolution images")
    section_thickness_um: PositiveFloat
    shrinkage_factor: PositiveFloat = Field(default=1.0, description="linear size in vivo / linear size in the section")
    areas: tuple[Area, ...] = ()
    sections: tuple[Section, ...]

    @model_validator(mode="after")
    def _numbers_increase(self) -> "Brain":
        numbers = [section.number for section in self.sections]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"brain {self.id}: section numbers must increase and be unique, got {numbers[:20]}")
        return self

    def section(self, number: int) -> Section:
        """The section with this number; KeyError names brain and number."""
        index = bisect_left(self.sections, number, key=attrgetter("number"))
        if index < len(self.sections) and self.sections[index].number == number:
            return self.sections[index]
        raise KeyError(f"brain {self.id} has no section {number}")


class RigidTransform(Contract):
    """p -> R(angle) · M · p + (dx, dy) in µm, where M mirrors x if `mirrored`.

    x runs right and y down, so a positive angle turns clockwise on screen.
    """

    angle_rad: float = 0.0
    dx_um: float = 0.0
    dy_um: float = 0.0
    mirrored: bool = False


class AlignmentQuality(Contract):
    """How well the features of two sections agree on a transform."""

    matches: int = Field(ge=0, description="features of one section that have a distinct counterpart in the other")
    inliers: int = Field(ge=0, description="matches that agree on one rigid transform")
    weak: bool = Field(description="the transform is not certain; a person should look")


class AlignmentStep(Contract):
    """The rigid transform from one section's frame to its successor's (thesis 3.2)."""

    section: SectionNumber
    successor: SectionNumber
    transform: RigidTransform
    residual_um: float | None = Field(default=None, ge=0, description="RMS distance of matched points after the transform")
    quality: AlignmentQuality | None = Field(default=None, description="null where the transform was not computed from images")
    hand_set: bool = Field(default=False, description="a person set the transform; computing leaves it alone")
    author: Identifier | None = Field(default=None, description="of a step set by hand: who set it, where that is known")
    computed: RigidTransform | None = Field(default=None, description="of a step set by hand: what the images said before")


class Alignment(Contract):
    """`alignment.json`: a chain of steps, each to the next section of the brain."""

    format_version: Literal[1] = 1
    base_section: SectionNumber
    steps: tuple[AlignmentStep, ...] = ()


class RasterGrid(Contract):
    """A raster placed in the section frame: pixel (row i, column j) covers origin + [j, j+1) x [i, i+1) pixel sizes."""

    pixel_size_um: PositiveFloat
    origin_um: XY = (0.0, 0.0)
    width_px: PositiveInt
    height_px: PositiveInt


class PyramidLevel(Contract):
    """One resolution of a section image."""

    level: int = Field(ge=0, description="0 is full resolution; each level halves the one before")
    width_px: PositiveInt
    height_px: PositiveInt


class TilePyramid(Contract):
    """What a viewer needs to show a section: tiles are addressed by version, level, column and row."""

    brain: Identifier
    section: SectionNumber
    version: Identifier = Field(description="changes with the image's content, so tiles can be cached for ever")
    pixel_size_um: PositiveFloat
    tile_size_px: PositiveInt
    levels: tuple[PyramidLevel, ...]
    bits_per_sample: Literal[8, 16] = 8
    black: int = Field(default=0, description="the image's value that tiles show as black")
    white: int = Field(default=255, description="the image's value that tiles show as white")
