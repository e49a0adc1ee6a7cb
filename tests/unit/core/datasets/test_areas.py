"""Areas named by a person."""

import pytest

from core.datasets.areas import COLOURS, with_areas
from core.datasets.numbering import IngestError


def test_areas_are_added_once_in_order_and_those_that_are_there_stay() -> None:
    first = with_areas((), ("hOc1", "hOc2", "hOc1"))
    assert [area.name for area in first] == ["hOc1", "hOc2"]
    again = with_areas(first, ("hOc2", "hOc3d"))
    assert again[:2] == first
    assert [area.name for area in again] == ["hOc1", "hOc2", "hOc3d"]


def test_neighbouring_areas_have_different_colours_however_they_came() -> None:
    areas = with_areas(with_areas((), [f"a{i}" for i in range(5)]), [f"b{i}" for i in range(len(COLOURS))])
    assert len({area.colour for area in areas[: len(COLOURS)]}) == len(COLOURS)


def test_a_name_that_cannot_be_one_is_told() -> None:
    with pytest.raises(IngestError, match=r"'h Oc1'.*letters, digits"):
        with_areas((), ("h Oc1",))
