import numpy as np
import pytest

from core.sampling.patch_sites import TEST, TRAIN, TRANSFER, NoPatchesError, find_sites, statistics
from core.sampling.withheld import Withheld, sites_without
from tests.fakes.patches import AREAS, annotated_brain
from tests.fakes.patches import SETTINGS as ENCODER

SETTINGS = ENCODER.patches
NUMBERS = tuple(range(901, 911))


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    root = tmp_path_factory.mktemp("brains")
    return tuple(annotated_brain(root, name, NUMBERS) for name in ("ONE", "TWO"))


def rows(sites, brain, split):
    """Section, place and area of the sites of a brain and split."""
    there = (sites.brain == brain) & (sites.split == split)
    return list(zip(sites.section[there], sites.centre_um[there].tolist(), sites.area[there], strict=True))


def test_with_nothing_withheld_but_brains_the_sites_are_all(brains):
    whole = find_sites(brains, AREAS, ("TWO",), SETTINGS)
    found = sites_without(Withheld(("TWO",)), brains, AREAS, SETTINGS)
    for name in ("brain", "section", "centre_um", "area", "split"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_an_area_withheld_is_not_learnt_and_is_tested_as_before(brains):
    whole = find_sites(brains, AREAS, ("TWO",), SETTINGS)
    found = sites_without(Withheld(("TWO",), areas=("hOc2",)), brains, AREAS, SETTINGS)
    assert found.counts(TRAIN).tolist() == [whole.counts(TRAIN)[0], 0]
    for brain, split in ((0, TEST), (1, TRANSFER)):
        assert rows(found, brain, split) == rows(whole, brain, split)


def test_of_a_brain_held_out_the_areas_named_are_learnt_on_sections_that_are_not_for_test(brains):
    as_others = find_sites(brains, AREAS, (), SETTINGS)
    found = sites_without(Withheld(("TWO",), ("hOc2",)), brains, AREAS, SETTINGS)
    assert rows(found, 0, TRAIN) == rows(as_others, 0, TRAIN)
    assert rows(found, 1, TRAIN) == [each for each in rows(as_others, 1, TRAIN) if each[2] == 1]
    assert rows(found, 1, TRANSFER) == rows(as_others, 1, TEST)
    assert rows(found, 1, TEST) == []
    assert not [words for words in statistics(found, SETTINGS).warnings if "TWO has no section" in words]


def test_with_no_area_named_nothing_of_the_brain_is_learnt_and_its_test_sections_tell_the_transfer(brains):
    as_others = find_sites(brains, AREAS, (), SETTINGS)
    found = sites_without(Withheld(("TWO",), ()), brains, AREAS, SETTINGS)
    assert rows(found, 1, TRAIN) == []
    assert rows(found, 1, TRANSFER) == rows(as_others, 1, TEST)


def test_something_must_be_left_to_learn_from(brains):
    with pytest.raises(NoPatchesError, match="leave some to learn from"):
        sites_without(Withheld(areas=AREAS), brains, AREAS, SETTINGS)
