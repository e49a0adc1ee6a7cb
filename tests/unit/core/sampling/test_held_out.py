import numpy as np
import pytest

from core.contracts.training import SegmentationSettings
from core.sampling.held_out import held_out_blocks, split
from tests.fakes.learning import resident_section

SETTINGS = SegmentationSettings(architecture="lr_unet", output_px=64)


def noisy_labels(side_px=512, seed=0):
    """Vertical bands of the four classes and a frame of unknown pixels."""
    labels = np.full((side_px, side_px), 255, np.uint8)
    labels[40:-40, 40:-40] = (np.arange(side_px - 80) * 4 // (side_px - 80)).astype(np.uint8)
    return labels


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_about_the_share_of_every_class_is_held_out(share):
    labels = noisy_labels()
    mask = held_out_blocks(labels, share, 0, 16)
    for number in range(4):
        held_out = mask[labels == number].mean()
        assert share <= held_out < 1.6 * share, number


def test_whole_blocks_of_the_grid_are_held_out():
    mask = held_out_blocks(noisy_labels(), 0.2, 0, 32)
    blocks = mask.reshape(16, 32, 16, 32)
    assert (blocks.all(axis=(1, 3)) == blocks.any(axis=(1, 3))).all()
    assert blocks.any()


def test_the_seed_alone_decides():
    labels = noisy_labels()
    same, again, other = (held_out_blocks(labels, 0.1, seed, 16) for seed in (1, 1, 2))
    np.testing.assert_array_equal(same, again)
    assert (same != other).any()


@pytest.mark.parametrize(("share", "block_px"), [(0.0, 16), (0.1, 512)])
def test_without_a_share_or_room_nothing_is_held_out(share, block_px):
    assert not held_out_blocks(noisy_labels(), share, 0, block_px).any()


def test_what_is_held_out_is_not_learnt_from_and_the_rest_is_not_validated_on():
    section = resident_section(SETTINGS, side_px=256)
    parts = split(section, 32, 0.2, 0)
    learnt, validated = parts.training.labels.values != 255, parts.validation.labels.values != 255
    assert validated.any()
    assert not (learnt & validated).any()
    assert (learnt | validated).all()
    np.testing.assert_array_equal(parts.training.labels_in_region.values != 255, learnt)
    assert len(parts.blocks) * 32 * 32 == validated.sum()
