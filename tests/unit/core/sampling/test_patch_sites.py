import numpy as np
import pytest

from core.sampling.patch_sites import (
    TEST,
    TRAIN,
    TRANSFER,
    AnnotatedBrain,
    NoPatchesError,
    epoch_order,
    find_sites,
    patches_per_area,
    statistics,
)
from tests.fakes.patches import SETTINGS as ENCODER
from tests.fakes.patches import annotated_brain

SETTINGS = ENCODER.patches
NUMBERS = tuple(range(901, 911))


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    root = tmp_path_factory.mktemp("brains")
    return tuple(annotated_brain(root, name, NUMBERS) for name in ("ONE", "TWO"))


@pytest.fixture(scope="module")
def sites(brains):
    return find_sites(brains, ("hOc1", "hOc2"), ("TWO",), SETTINGS)


def test_every_fifth_annotated_section_is_for_test_and_a_brain_held_out_for_transfer_alone(sites):
    first = sites.brain == 0
    assert np.unique(sites.section[first & (sites.split == TEST)]).tolist() == [903, 908]
    assert np.unique(sites.section[first & (sites.split == TRAIN)]).tolist() == [901, 902, 904, 905, 906, 907, 909, 910]
    assert set(sites.split[~first].tolist()) == {TRANSFER}
    assert np.unique(sites.section[~first]).tolist() == list(NUMBERS)


def test_sites_lie_in_their_areas_one_spacing_apart(sites):
    here = (sites.brain == 0) & (sites.section == 901)
    one, two = sites.centre_um[here & (sites.area == 0)], sites.centre_um[here & (sites.area == 1)]
    np.testing.assert_allclose(one[:, 1], 900, atol=60)
    np.testing.assert_allclose(two[:, 1], 2400, atol=60)
    np.testing.assert_allclose(np.abs(np.diff(one[:, 0])), 500, atol=70)


def test_an_epoch_takes_as_many_of_each_area_and_each_site_of_an_area_equally_often(sites):
    order = epoch_order(sites, SETTINGS, seed=3, epoch=0)
    wanted = patches_per_area(sites, SETTINGS)
    assert np.bincount(sites.area[order]).tolist() == [wanted, wanted]
    assert set(sites.split[order].tolist()) == {TRAIN}
    times = np.bincount(order, minlength=len(sites))
    for area in (0, 1):
        there = times[(sites.area == area) & (sites.split == TRAIN)]
        assert there.max() - there.min() <= 1


def test_the_median_area_is_taken_once(sites):
    counts = statistics(sites, SETTINGS)
    assert np.median([each.ratio for each in counts.areas]) == pytest.approx(1.0, abs=0.05)
    assert min(each.ratio for each in counts.areas) < 1 < max(each.ratio for each in counts.areas)
    assert [each.train for each in counts.areas] == sites.counts(TRAIN).tolist()


def test_a_count_that_was_set_is_kept(sites):
    settings = SETTINGS.model_copy(update={"patches_per_area": 7})
    assert len(epoch_order(sites, settings, seed=0, epoch=0)) == 14
    assert statistics(sites, settings).patches_per_area == 7


def test_a_share_of_the_count_is_taken(sites):
    whole = patches_per_area(sites, SETTINGS)
    assert patches_per_area(sites, SETTINGS.model_copy(update={"area_share": 0.25})) == round(whole / 4)
    assert patches_per_area(sites, SETTINGS.model_copy(update={"patches_per_area": 8, "area_share": 1.5})) == 12


def test_the_order_depends_on_seed_and_epoch_alone(sites):
    first = epoch_order(sites, SETTINGS, seed=3, epoch=0)
    np.testing.assert_array_equal(first, epoch_order(sites, SETTINGS, seed=3, epoch=0))
    assert not np.array_equal(first, epoch_order(sites, SETTINGS, seed=3, epoch=1))
    assert not np.array_equal(first, epoch_order(sites, SETTINGS, seed=4, epoch=0))


def test_the_split_of_sections_is_told(sites):
    one, two = statistics(sites, SETTINGS).sections
    assert (one.brain, one.test, one.transfer) == ("ONE", (903, 908), ())
    assert (two.brain, two.train, two.transfer) == ("TWO", (), NUMBERS)


def test_trouble_is_told_in_words_with_the_areas_named(brains):
    few = tuple(
        AnnotatedBrain(each.folder, tuple(a for a in each.annotations if a.section in (901, 902) or a.area == "hOc1")[:2])
        for each in brains
    )
    warnings = " ".join(statistics(find_sites(few, ("hOc1", "hOc2"), ("TWO",), SETTINGS), SETTINGS).warnings)
    assert "No patch to learn from: hOc2. Annotate them on more sections." in warnings
    assert "Few patches to learn from: hOc1 (" in warnings
    assert "Not annotated in the brains held out: hOc2." in warnings


def test_a_brain_with_too_few_sections_for_a_test_is_named(brains):
    two_sections = AnnotatedBrain(brains[0].folder, tuple(a for a in brains[0].annotations if a.section in (901, 902)))
    found = statistics(find_sites((two_sections,), ("hOc1",), (), SETTINGS), SETTINGS)
    assert "Brain ONE has no section for test: annotate three or more." in found.warnings


def test_nothing_to_learn_from_is_an_error_that_names_the_areas(brains):
    with pytest.raises(NoPatchesError, match="none of hOc3 is annotated on a section to learn from"):
        find_sites(brains, ("hOc3",), (), SETTINGS)
    with pytest.raises(NoPatchesError, match="hold out fewer brains"):
        find_sites(brains, ("hOc1",), ("ONE", "TWO"), SETTINGS)
