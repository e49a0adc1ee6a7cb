"""The areas to start from."""

from collections import Counter

from core.datasets.nomenclature import julich_brain


def test_the_113_areas_of_the_thesis_are_there_with_their_lobes() -> None:
    lobes = Counter(area.lobe for area in julich_brain())
    assert dict(lobes) == {
        "occipital lobe": 10, "parietal lobe": 29, "temporal lobe": 14, "frontal lobe": 38, "limbic lobe": 11, "insula": 11,
    }  # fmt: skip
    assert lobes.total() == 113


def test_each_has_a_name_and_a_colour_of_its_own() -> None:
    areas = julich_brain()
    assert len({area.name.casefold() for area in areas}) == len({area.colour for area in areas}) == 113


def test_an_alias_is_never_the_name_of_another_area() -> None:
    names = {area.name for area in julich_brain()}
    assert not [(area.name, alias) for area in julich_brain() for alias in area.aliases if alias in names]
