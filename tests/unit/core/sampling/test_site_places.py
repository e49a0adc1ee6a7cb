from itertools import pairwise

import numpy as np
import pytest

from core.contracts.atlas import AtlasMapping, SectionMapping
from core.contracts.datasets import Alignment, AlignmentStep, RigidTransform
from core.datasets import BrainFolder, write_alignment
from core.datasets.atlas import write_mapping
from core.sampling.patch_sites import TEST, TRAIN, AnnotatedBrain, PatchSites
from core.sampling.site_places import PlacesError, pair_order, site_places
from tests.fakes.brain_folder import NUMBERS, write_small_brain

OF_BRAIN = (9, 14)
ALONG_MM = 0.02


@pytest.fixture
def folders(tmp_path):
    return [BrainFolder(write_small_brain(tmp_path, name)) for name in ("ONE", "TWO")]


def sites_on(folders, counts=OF_BRAIN):
    generator, count = np.random.default_rng(1), sum(counts)
    split = np.full(count, TRAIN, np.int8)
    split[0] = TEST
    return PatchSites(
        tuple(AnnotatedBrain(folder, ()) for folder in folders), ("a", "b"),
        brain=np.repeat(np.arange(len(counts), dtype=np.int16), counts),
        section=generator.choice(NUMBERS, count).astype(np.int32),
        centre_um=generator.uniform(1000, 3000, (count, 2)).astype(np.float32),
        area=np.arange(count, dtype=np.int16) % 2,
        split=split,
    )  # fmt: skip


def mapped(folder, shift_mm=0.0, numbers=NUMBERS, reference="MNI"):
    rows = tuple(
        SectionMapping(section=each, matrix=((1e-3, 0, shift_mm), (0, 0, each * ALONG_MM), (0, -1e-3, 0))) for each in numbers
    )
    write_mapping(folder.path, AtlasMapping(reference=reference, sections=rows))


def test_each_training_site_is_in_an_epoch_once_and_pairs_are_of_one_brain(folders):
    sites = sites_on(folders)
    order = pair_order(sites, 5, 0)
    assert len(order) == len(set(order)) == 8 + 14
    assert 0 not in order
    assert (sites.brain[order[0::2]] == sites.brain[order[1::2]]).all()


def test_an_odd_one_is_left_out_in_turn(folders):
    sites = sites_on(folders, (8, 3))
    left_out = [set(sites.of(TRAIN)) - set(pair_order(sites, 5, epoch)) for epoch in range(40)]
    assert all(len(each) == 2 for each in left_out)
    assert set().union(*left_out) == set(sites.of(TRAIN))


def test_every_two_patches_of_a_brain_are_a_pair_equally_often(folders):
    sites = sites_on(folders, (7, 4))
    epochs, met = 3000, np.zeros((11, 11))
    for epoch in range(epochs):
        one, other = pair_order(sites, 5, epoch).reshape(-1, 2).T
        met[one, other] += 1
        met[other, one] += 1
    shares = met[1:7, 1:7][~np.eye(6, dtype=bool)] / epochs
    assert shares == pytest.approx(1 / 5, abs=0.04)  # five deviations of a share of a fifth in so many epochs
    assert met[:7, 7:].sum() == 0


def test_pairs_depend_on_seed_and_epoch_alone(folders):
    sites = sites_on(folders)
    assert (pair_order(sites, 5, 2) == pair_order(sites, 5, 2)).all()
    assert (pair_order(sites, 5, 2) != pair_order(sites, 5, 3)).any()
    assert (pair_order(sites, 5, 2) != pair_order(sites, 6, 2)).any()


def test_where_no_brain_has_two_patches_there_is_no_pair(folders):
    with pytest.raises(PlacesError, match="two patches to learn distances from"):
        pair_order(sites_on(folders, (2, 1)), 0, 0)


def test_mapped_brains_share_the_reference_space(folders):
    for folder, shift_mm in zip(folders, (0.0, 30.0), strict=True):
        mapped(folder, shift_mm)
    sites = sites_on(folders)
    places = site_places(sites)
    points_mm = np.c_[sites.centre_um[:, 0] / 1000 + 30 * sites.brain, sites.section * ALONG_MM, -sites.centre_um[:, 1] / 1000]
    one, other = sites.of(TRAIN)[0], sites.of(TRAIN)[-1]
    found_mm = np.linalg.norm(places.points[one] - places.points[other]) * places.unit_mm
    assert found_mm == pytest.approx(np.linalg.norm(points_mm[one] - points_mm[other]), rel=1e-4)
    assert np.isnan(places.points[0]).all()
    assert np.nanmax(np.abs(places.points)) == pytest.approx(1)
    assert places.note == "Distances of the start are straight lines, not along the cortex; places are in MNI."


@pytest.mark.parametrize("second", [None, {"numbers": NUMBERS[:1]}, {"reference": "other"}])
def test_with_a_brain_outside_of_the_reference_space_each_has_its_own_frame(folders, second):
    mapped(folders[0])
    if second is not None:
        mapped(folders[1], **second)
    places = site_places(sites_on(folders))
    assert "each brain's own frame" in places.note
    middles = [(np.nanmin(part, axis=0) + np.nanmax(part, axis=0)) / 2 for part in np.split(places.points, [OF_BRAIN[0]])]
    np.testing.assert_allclose(middles, 0, atol=1e-6)


def test_a_brains_own_frame_is_that_of_its_alignment(folders):
    turned = tuple(AlignmentStep(section=a, successor=b, transform=RigidTransform(dx_um=500.0)) for a, b in pairwise(NUMBERS))
    write_alignment(folders[0].path, Alignment(base_section=NUMBERS[0], steps=turned))
    sites = sites_on(folders[:1], (9,))
    places, steps = site_places(sites), (sites.section - NUMBERS[0]) // 20
    points_mm = np.c_[sites.centre_um[:, 0] / 1000 - 0.5 * steps, sites.section * ALONG_MM, -sites.centre_um[:, 1] / 1000]
    found, true = places.points[1:] * places.unit_mm, points_mm[1:]
    np.testing.assert_allclose(found - found[0], true - true[0], atol=1e-4)


def test_a_brain_that_is_not_aligned_is_told_with_the_remedy(folders):
    write_alignment(folders[1].path, Alignment(base_section=NUMBERS[0], steps=()))
    with pytest.raises(PlacesError, match=r"patches of TWO lie in the brain .* align its sections, or let the encoder start"):
        site_places(sites_on(folders))
