"""Looking inside a model at one place of a section: parameters of an `inspect` job and what it leaves behind."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from core.contracts.base import XY, Contract, Identifier, Key
from core.contracts.datasets import RasterGrid, SectionNumber

InputName = Literal["high", "low"]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class InspectParameters(Contract):
    """Parameters of an `inspect` job: one model at one place. It takes seconds, and draws every stage of the network."""

    kind: Literal["inspect"] = "inspect"
    model_job: Key
    section: SectionNumber
    centre_um: XY = Field(description="the middle of what is shown, section frame")


class InspectedInput(Contract):
    """One input as the network sees it."""

    name: InputName
    grid: RasterGrid = Field(description="where it lies and its pixels, as the network is given them")
    file: Name = Field(description="8-bit PNG of the whole of it, smaller where it has more pixels than a screen")


class Occlusion(Contract):
    """What the model finds when it is shown some of its inputs; the others are replaced by their mean intensity."""

    shown: Annotated[tuple[InputName, ...], Field(min_length=1)]
    probability_files: tuple[Name, ...] = Field(description="by area: 8-bit PNG, calibrated probability times 255")
    shares: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(description="by area: share of the square given to it")


class FeatureSheet(Contract):
    """All maps of a layer as tiles in one picture, row by row."""

    layer: Name
    maps: PositiveInt
    width_px: PositiveInt = Field(description="of one map")
    height_px: PositiveInt = Field(description="of one map")
    file: Name = Field(description="8-bit PNG; each map goes from its low values (black) to its high ones (white)")


class Inspection(Contract):
    """`results/inspection.json` of an inspect job; its pictures are PNG files beside it."""

    section: SectionNumber
    areas: tuple[Identifier, ...]
    grid: RasterGrid = Field(description="the square that is labelled")
    image_file: Name = Field(description="8-bit PNG of the section on this grid")
    inputs: Annotated[tuple[InspectedInput, ...], Field(min_length=1)]
    occlusions: Annotated[tuple[Occlusion, ...], Field(min_length=1)] = Field(description="the first is shown every input")
    features: tuple[FeatureSheet, ...] = Field(description="from the input to the classes")

    @property
    def files(self) -> tuple[str, ...]:
        """Every picture it names."""
        found = [file for occlusion in self.occlusions for file in occlusion.probability_files]
        named = (*(each.file for each in self.inputs), *found, *(each.file for each in self.features))
        return (self.image_file, *named)
