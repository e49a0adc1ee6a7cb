"""How sections lie in a reference space: what `atlas/mapping.json` of a brain dataset holds (thesis 3.2)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from core.contracts.base import Contract
from core.contracts.datasets import SectionNumber

Row3 = tuple[float, float, float]
Row4 = tuple[float, float, float, float]
FieldFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}\.nii(\.gz)?$")]


class SectionMapping(Contract):
    """From a section's frame to the brain frame: matrix · (x µm, y µm, 1) in mm (RAS), plus a displacement in mm."""

    section: SectionNumber
    matrix: tuple[Row3, Row3, Row3]
    field_file: FieldFile | None = Field(
        default=None, description="NIfTI vector image in section mm (x right, y down), beside the mapping"
    )


class AtlasMapping(Contract):
    """`atlas/mapping.json`: from section frames through the brain frame to a reference space, both in mm (RAS).

    A point of the brain frame comes to matrix · (x, y, z, 1) plus a displacement in mm.
    """

    format_version: Literal[1] = 1
    reference: str = Field(min_length=1, max_length=200, description="the space, as people call it, e.g. MNI-Colin27")
    matrix: tuple[Row4, Row4, Row4] = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
    field_file: FieldFile | None = Field(default=None, description="NIfTI vector image in brain mm, beside the mapping")
    sections: tuple[SectionMapping, ...]

    @model_validator(mode="after")
    def _each_section_once(self) -> "AtlasMapping":
        numbers = [each.section for each in self.sections]
        if len(set(numbers)) < len(numbers):
            raise ValueError("a section is named twice")
        return self
