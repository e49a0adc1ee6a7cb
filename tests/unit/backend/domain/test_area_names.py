import pytest

from backend.domain.area_names import proposed_area
from core.contracts.datasets import Area

AREAS = [
    Area(name="hOc1", long_name="Area hOc1 (V1, 17, CalcS)", colour="#ff0000"),
    Area(name="hOc2", long_name="Area hOc2 (V2, 18)", colour="#00ff00"),
    Area(name="4p", long_name="Area 4p (PreCG)", colour="#0000ff", aliases=("BA 4",)),
]


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("hOc1", "hOc1"),
        ("HOC-1", "hOc1"),
        ("Area hOc1 (V1, 17, CalcS)", "hOc1"),
        ("Area hOc2 left", "hOc2"),
        ("hOc2: left", "hOc2"),
        ("area 4p", "4p"),
        ("BA4", "4p"),
        ("hOc1 and hOc2", None),
        ("hOc11", None),
        ("V2", "hOc2"),
        ("left V2, drawn twice", "hOc2"),
        ("V1 and V2", None),
        ("label 3", None),
        ("", None),
    ],
)
def test_a_name_means_the_area_that_it_says(name: str, area: str | None) -> None:
    assert proposed_area(name, AREAS) == area


def test_lines_and_notes_may_have_any_area_and_no_name_means_the_only_one() -> None:
    assert proposed_area("textAnnotation", AREAS, only_beside=True) == "hOc1"
    assert proposed_area("", AREAS[:1]) == "hOc1"
    assert proposed_area("hOc1", []) is None
