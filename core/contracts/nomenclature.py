"""Areas to choose from, and those a project has chosen."""

from typing import Self

from pydantic import Field, PositiveInt, model_validator

from core.contracts.base import Contract
from core.contracts.datasets import Area


class Nomenclature(Contract):
    """Areas to start from."""

    areas: tuple[Area, ...]


class SaveAreas(Contract):
    """The areas of a project, in the order they are shown. `version` is the project's that they were made from."""

    areas: tuple[Area, ...] = Field(min_length=1, max_length=500)
    version: PositiveInt

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [area.name.casefold() for area in self.areas]
        if twice := next((area.name for area in self.areas if names.count(area.name.casefold()) > 1), None):
            raise ValueError(f"area {twice} is named twice; names differ by more than small and capital letters")
        return self
