import threading

import numpy as np
import pytest
import torch

from core.datasets.open_section import open_section
from core.imaging.errors import UnreadableImageError
from core.imaging.sections import read_at
from core.training.crops import crop_batches, crop_px, read_crop
from core.training.peers import Peers
from tests.fakes.patches import SETTINGS, small_reader

SIDE = crop_px(SETTINGS.patches.patch_px)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return small_reader(tmp_path_factory.mktemp("brain"))


def batches_of(reader, size=5):
    order = np.random.default_rng(0).permutation(len(reader.sites))
    return [order[i : i + size] for i in range(0, len(order), size)]


def test_crops_come_in_order_with_their_areas_as_the_reader_of_analyses_gives_them(reader):
    batches, folder = batches_of(reader), reader.sites.brains[0].folder
    found = list(crop_batches(reader, batches, None, 2))
    assert [crops.index.tolist() for crops in found] == [batch.tolist() for batch in batches]
    for crops in found:
        assert crops.area.tolist() == reader.sites.area[crops.index].tolist()
        for image, site in zip(crops.images, crops.index, strict=True):
            corner = np.round(reader.sites.centre_um[site] / 8 - SIDE / 2) * 8
            with open_section(folder, int(reader.sites.section[site])) as section:
                np.testing.assert_array_equal(image, read_at(section, 8.0, *corner.tolist(), SIDE, SIDE))


@pytest.mark.parametrize("pixel_size_um", [8.0, 16.0, 20.0])
def test_a_crop_has_its_point_in_the_middle_at_any_pixel_size_and_white_beyond_the_section(reader, pixel_size_um):
    with open_section(reader.sites.brains[0].folder, 901) as section:
        crop = read_crop(section, (0.0, 0.0), pixel_size_um, 40)
        assert (crop[:20] == 255).all()
        assert (crop[:, :20] == 255).all()
        np.testing.assert_array_equal(crop[20:, 20:], read_at(section, pixel_size_um, 0.0, 0.0, 20, 20))


def test_with_a_seed_centres_move_up_to_the_shift_in_all_directions(reader):
    moved = np.array([reader.place(0, seed).centre_um for seed in range(1, 2001)]) - reader.sites.centre_um[0]
    distance = np.hypot(moved[:, 0], moved[:, 1])
    assert distance.max() <= 200
    assert np.histogram(distance, 4, (0, 200))[0].min() > 430  # the distance is uniform, not the place
    assert np.abs(moved.mean(axis=0)).max() < 10


def test_the_same_seed_gives_the_same_crops_however_many_threads_read(reader):
    batches = batches_of(reader)
    one, many = (list(crop_batches(reader, batches, 7, threads)) for threads in (1, 4))
    other = next(crop_batches(reader, batches, 8, 1))
    for a, b in zip(one, many, strict=True):
        assert torch.equal(a.images, b.images)
        assert a.seeds.tolist() == b.seeds.tolist()
    assert not torch.equal(one[0].images, other.images)


def test_what_is_resumed_goes_on_with_the_crops_it_would_have_had(reader):
    batches = batches_of(reader)
    whole = list(crop_batches(reader, batches, (7, 3), 2))
    rest = list(crop_batches(reader, batches[2:], (7, 3), 2, first=2))
    assert all(torch.equal(a.images, b.images) for a, b in zip(whole[2:], rest, strict=True))


def test_processes_that_share_a_batch_read_together_what_one_would(reader):
    batches = batches_of(reader, 6)[:2]
    whole = list(crop_batches(reader, batches, 7, 2))
    for rank in range(2):
        for all_of, part in zip(whole, crop_batches(reader, batches, 7, 2, peers=Peers(rank, 2)), strict=True):
            assert torch.equal(part.images, all_of.images[rank::2])
            assert part.seeds.tolist() == all_of.seeds[rank::2].tolist()


def test_a_site_taken_twice_in_a_batch_is_seen_differently(reader):
    crops = next(crop_batches(reader, [np.array([3, 3])], 7))
    assert not torch.equal(crops.images[0], crops.images[1])


def test_a_section_that_cannot_be_read_is_told_where_its_batch_is_due(tmp_path):
    reader = small_reader(tmp_path)
    folder = reader.sites.brains[0].folder
    last = reader.sites.section == reader.sites.section.max()
    folder.section_path(int(reader.sites.section.max())).unlink()
    feed = crop_batches(reader, [np.flatnonzero(~last)[:4], np.flatnonzero(last)[:4]], None, 1)
    assert len(next(feed).index) == 4
    with pytest.raises(UnreadableImageError, match="there is no such file"):
        next(feed)


def test_what_is_waited_for_is_counted(reader):
    with crop_batches(reader, batches_of(reader), 7) as feed:
        next(feed)
        first = feed.waiting_s
        assert first > 0
        next(feed)
        assert feed.waiting_s > first


def test_no_thread_is_left_when_batches_are_no_longer_wanted(reader):
    before = threading.active_count()
    with crop_batches(reader, batches_of(reader), 7) as feed:
        next(feed)
        assert threading.active_count() > before
    assert threading.active_count() == before
