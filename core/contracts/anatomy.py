"""What is derived of a brain's images: jobs that compute tissue classes and alignment, and corrections by hand."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from core.contracts.base import XY, Contract, Identifier
from core.contracts.datasets import RasterGrid, SectionNumber

Sections = Annotated[tuple[SectionNumber, ...], Field(min_length=1, max_length=20_000)]
TissueClass = Literal["background", "white matter", "gray matter"]


class TissueParameters(Contract):
    """Parameters of a `tissue` job: the tissue classes of some sections of a brain (thesis 3.2)."""

    kind: Literal["tissue"] = "tissue"
    sections: Sections


class AlignParameters(Contract):
    """Parameters of an `align` job: the steps of some sections to their successors (thesis 3.2)."""

    kind: Literal["align"] = "align"
    sections: Sections = Field(description="each is aligned to the next section of the brain; the last one has none")


class SectionTissue(Contract):
    """`results/tissue/<section>.json` of a tissue job; the raster is a PNG beside it."""

    section: SectionNumber
    grid: RasterGrid
    label_file: str = Field(description="8-bit PNG: 0 background, 1 white matter, 2 gray matter")
    gray_mm2: NonNegativeFloat
    white_mm2: NonNegativeFloat


class TissueStroke(Contract):
    """One stroke of the brush: everything within `radius_um` of the line through the points is of this class."""

    tissue: TissueClass
    radius_um: PositiveFloat = Field(le=20_000)
    points: Annotated[tuple[XY, ...], Field(min_length=1, max_length=5_000)]


class TissueCorrection(Contract):
    """`tissue/<brain>_<number>.strokes.json`: what a person painted over the computed classes, in order.

    The strokes are kept apart from the computed raster, so that every one can be taken back and computing again keeps them.
    """

    section: SectionNumber
    version: NonNegativeInt = Field(default=0, description="increases with every save; 0: nothing was painted")
    strokes: Annotated[tuple[TissueStroke, ...], Field(max_length=2_000)] = ()
    author: Identifier | None = Field(default=None, description="who painted last; null where nobody did")
