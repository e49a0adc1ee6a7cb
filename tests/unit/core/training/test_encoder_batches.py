import numpy as np
import pytest
import torch

from core.contracts.features import EncoderSettings, PatchSettings
from core.datasets import BrainFolder
from core.sampling.patch_sites import AnnotatedBrain, PatchSites
from core.sampling.site_places import pair_order, site_places
from core.training.crops import CropReader
from core.training.encoder_batches import CropChunks
from core.training.peers import Peers
from tests.fakes.brain_folder import NUMBERS, write_small_brain

COUNT = 14


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    brain = AnnotatedBrain(BrainFolder(write_small_brain(tmp_path_factory.mktemp("brain"))), ())
    generator = np.random.default_rng(0)
    return PatchSites(
        (brain,), ("a", "b"),
        brain=np.zeros(COUNT, np.int16),
        section=generator.choice(NUMBERS, COUNT).astype(np.int32),
        centre_um=generator.uniform(1000, 3000, (COUNT, 2)).astype(np.float32),
        area=np.arange(COUNT, dtype=np.int16) % 2,
        split=np.zeros(COUNT, np.int8),
    )  # fmt: skip


def source(sites, peers=None, **changes):
    patches = PatchSettings(pixel_size_um=8.0, patch_px=64, patches_per_area=5)
    settings = EncoderSettings(**({"encoder": "resnet18", "patches": patches, "batch_size": 4} | changes))
    return CropChunks(CropReader(sites.brains, sites, settings), settings, peers)


def seen(chunks):
    """Classes and images of steps, each step's chunks joined."""
    return [(torch.cat([chunk.classes for chunk in step]), torch.cat([chunk.images() for chunk in step])) for step in chunks]


def same(one, other):
    return all(torch.equal(a, b) for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True))


def test_an_epoch_is_cut_into_full_batches(sites):
    steps = source(sites)
    assert (steps.batch_size, steps.steps_per_epoch) == (4, 2)
    assert (source(sites, batch_size=64).batch_size, source(sites, batch_size=64).steps_per_epoch) == (10, 1)


def test_a_step_sees_the_same_patches_whatever_the_first_step_was(sites):
    whole = seen(source(sites).chunks(0, 5))
    assert same(whole[3:], seen(source(sites).chunks(3, 5)))
    assert not same(whole[0:1], whole[2:3])


def test_chunks_together_are_the_batch(sites):
    parts = list(source(sites, pass_size=2).chunks(0, 2))
    assert [len(step) for step in parts] == [2, 2]
    assert same(seen(parts), seen(source(sites).chunks(0, 2)))


def test_shares_of_processes_together_are_the_batch(sites):
    ((classes, images),) = seen(source(sites).chunks(1, 2))
    for rank in range(2):
        ((own_classes, own_images),) = seen(source(sites, Peers(rank, 2)).chunks(1, 2))
        assert torch.equal(own_classes, classes[rank::2])
        assert torch.equal(own_images, images[rank::2])


def test_two_views_of_a_patch_differ_and_stay_the_same_when_asked_for_again(sites):
    ((chunk,),) = source(sites, loss="self_supervised").chunks(0, 1)
    views = chunk.images()
    assert views.shape == (8, 1, 64, 64)
    assert torch.equal(chunk.images(), views)
    assert all(not torch.equal(views[index], views[index + 4]) for index in range(4))


def test_pairs_come_with_their_places_in_batches_of_even_size(sites):
    settings = EncoderSettings(
        encoder="resnet18", patches=PatchSettings(pixel_size_um=8.0, patch_px=64), batch_size=5, loss="distance_and_location"
    )
    places = site_places(sites)
    pairs = CropChunks(CropReader(sites.brains, sites, settings), settings, None, places)
    assert (pairs.batch_size, pairs.steps_per_epoch) == (4, COUNT // 4)
    order = pair_order(sites, settings.seed, 0)
    for step, (wanted, images) in enumerate(seen(pairs.chunks(0, 3))):
        assert images.shape == (4, 1, 64, 64)
        np.testing.assert_array_equal(wanted.numpy(), places.points[order[4 * step : 4 * step + 4]])
