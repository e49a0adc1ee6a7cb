from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from core.contracts.features import EncoderSettings, PatchSettings
from core.training.crops import crop_px
from core.training.patch_augmentation import augment, changed, draw_changes, plain, together, unbiased_gamma, unchanged

PATCH_PX = 64
SETTINGS = EncoderSettings(patches=PatchSettings(pixel_size_um=8.0, patch_px=PATCH_PX))
SEEDS = np.arange(1, 4001)


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, crop_px(PATCH_PX), crop_px(PATCH_PX)), np.uint8))


def one(**values):
    """A single change on purpose."""
    return replace(unchanged(1), **{name: np.array([value]) for name, value in values.items()})


@pytest.mark.parametrize(("patch_px", "expected"), [(2048, 2896), (2025, 2865), (256, 362), (64, 92)])
def test_crops_hold_the_patch_at_any_angle_with_whole_pixels_around_it(patch_px, expected):
    side = crop_px(patch_px)
    assert side == expected
    assert (side - patch_px) % 2 == 0
    assert (side - 1) / 2 >= (patch_px - 1) / 2 * 2**0.5


def test_nothing_changed_is_the_middle_of_the_crop(images):
    middle = plain(images, SETTINGS)
    assert middle.shape == (9, 1, PATCH_PX, PATCH_PX)
    margin = (images.shape[-1] - PATCH_PX) // 2
    torch.testing.assert_close(middle[:, 0], images[:, margin:-margin, margin:-margin] / 255.0 * 2 - 1)
    torch.testing.assert_close(changed(images, PATCH_PX, unchanged(9)), middle, atol=1e-3, rtol=0)


def test_without_variation_intensities_stay_and_nothing_is_blurred():
    still = draw_changes(SEEDS, 0.0)
    assert set(still.alpha) | set(still.gamma) | set(still.kept) == {1.0}
    assert set(still.beta) | set(still.smoothed) == {0.0}


@pytest.mark.parametrize(("quarters", "mirrored"), [(0, True), (1, False), (2, False), (3, True)])
def test_quarter_turns_and_mirroring_are_exact(images, quarters, mirrored):
    found = changed(images[:1], PATCH_PX, one(angle_rad=quarters * np.pi / 2, mirrored=mirrored))
    expected = torch.rot90(plain(images[:1], SETTINGS), quarters, (2, 3))
    torch.testing.assert_close(found, expected.flip(3) if mirrored else expected, atol=2e-3, rtol=0)


def test_turning_keeps_a_round_blob_where_it_is():
    side = crop_px(PATCH_PX)
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    blob = torch.from_numpy((255 * np.exp(-(row**2 + column**2) / 200)).astype(np.uint8))[None]
    turned = changed(blob, PATCH_PX, one(angle_rad=0.7))
    torch.testing.assert_close(turned, changed(blob, PATCH_PX, unchanged(1)), atol=0.02, rtol=0)


def test_turned_by_an_eighth_a_patch_sees_the_corners_of_its_crop_and_nothing_beyond():
    images = torch.full((1, crop_px(PATCH_PX), crop_px(PATCH_PX)), 100, dtype=torch.uint8)
    torch.testing.assert_close(
        changed(images, PATCH_PX, one(angle_rad=np.pi / 4)), torch.full((1, 1, PATCH_PX, PATCH_PX), 100 / 255 * 2 - 1)
    )


def test_intensities_follow_alpha_gamma_beta(images):
    found = changed(images[:1], PATCH_PX, one(alpha=1.1, gamma=1.2, beta=-0.05))
    share = (plain(images[:1], SETTINGS) + 1) / 2
    torch.testing.assert_close((found + 1) / 2, 1.1 * share**1.2 - 0.05, atol=2e-3, rtol=0)


@pytest.mark.parametrize("sigma_px", [0.125, 0.5, 1.0, 2.0])
def test_blur_is_a_gaussian_of_its_own_width(sigma_px):
    images = torch.zeros((1, crop_px(PATCH_PX), crop_px(PATCH_PX)), dtype=torch.uint8)
    images[0, images.shape[1] // 2, images.shape[2] // 2] = 255
    spread = (changed(images, PATCH_PX, one(sigma_px=sigma_px, kept=0.0, smoothed=1.0))[0, 0] + 1) / 2
    offset = torch.arange(PATCH_PX, dtype=torch.float32) - PATCH_PX // 2
    assert spread.sum() == pytest.approx(1.0, abs=1e-3)
    assert (spread.sum(0) * offset**2).sum() == pytest.approx(sigma_px**2 if sigma_px > 0.3 else 0.0, rel=0.03, abs=0.04)


def test_sharpening_takes_the_blurred_patch_away(images):
    sharpened = changed(images[:1], PATCH_PX, one(sigma_px=1.5, kept=1.8, smoothed=-0.8))
    blurred = changed(images[:1], PATCH_PX, one(sigma_px=1.5, kept=0.0, smoothed=1.0))
    still = changed(images[:1], PATCH_PX, unchanged(1))
    torch.testing.assert_close(sharpened, still + 0.8 * (still - blurred), atol=1e-4, rtol=1e-4)
    assert sharpened.std() > still.std() > blurred.std()


def test_changes_are_drawn_from_the_ranges_of_the_thesis():
    drawn = draw_changes(SEEDS)
    for values, low, high in (
        (drawn.angle_rad, -np.pi, np.pi),
        (drawn.alpha, 0.9, 1.1),
        (drawn.beta, -0.1, 0.1),
    ):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))
    assert drawn.mirrored.mean() == pytest.approx(0.5, abs=0.03)
    blurred, sharpened = drawn.kept == 0, drawn.kept > 1
    assert blurred.mean() == pytest.approx(0.25, abs=0.03)
    assert sharpened.mean() == pytest.approx(0.25, abs=0.03)
    assert not drawn.smoothed[~(blurred | sharpened)].any()
    assert (drawn.sigma_px[blurred] >= 0.125).all()
    assert drawn.sigma_px[blurred].max() <= 1.0 < drawn.sigma_px[sharpened].max() <= 2.0
    np.testing.assert_allclose(drawn.kept + drawn.smoothed, 1.0)
    assert 0.5 <= -drawn.smoothed[sharpened].max() < -drawn.smoothed[sharpened].min() <= 1.5


def test_gamma_has_no_bias():
    intensities = np.linspace(0, 1, 201)[1:-1]
    z = np.linspace(-0.05, 0.05, 401)
    mean = (intensities[:, None] ** unbiased_gamma(z)).mean(axis=1)
    assert abs((mean - intensities).mean()) < 1e-3
    np.testing.assert_allclose(unbiased_gamma(z) * unbiased_gamma(-z), 1.0)


def test_what_happens_to_a_patch_depends_on_its_own_seed_alone(images):
    seeds = np.array([5, 7, 5, 11, 2**62, 3, 4, 8, 9])
    together = augment(images, SETTINGS, seeds)
    for size in (1, 2, 4):
        apart = torch.cat([augment(images[i : i + size], SETTINGS, seeds[i : i + size]) for i in range(0, 9, size)])
        torch.testing.assert_close(apart, together, atol=1e-5, rtol=0)
    order = np.random.default_rng(0).permutation(9)
    torch.testing.assert_close(augment(images[order], SETTINGS, seeds[order]), together[order], atol=1e-5, rtol=0)


def test_the_same_patch_with_other_seeds_looks_different(images):
    one_patch = images[:1].expand(4, -1, -1)
    varied = augment(one_patch, SETTINGS, np.array([1, 2, 3, 1]))
    torch.testing.assert_close(varied[0], varied[3])
    assert all((varied[a] - varied[b]).abs().mean() > 0.05 for a, b in ((0, 1), (0, 2), (1, 2)))


def test_what_a_gpu_does_to_all_patches_together_is_what_is_done_to_them_one_by_one(images):
    smooth = torch.from_numpy(np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in images.numpy()]))
    changes = draw_changes(SEEDS[:9])
    assert (changes.kept > 1).any()
    assert (changes.kept == 0).any()
    torch.testing.assert_close(together(smooth, PATCH_PX, changes), changed(smooth, PATCH_PX, changes), atol=0.03, rtol=0)


def test_large_batches_go_to_a_gpu_in_parts_with_the_same_result(images, monkeypatch):
    changes = draw_changes(SEEDS[:9])
    whole = together(images, PATCH_PX, changes)
    monkeypatch.setattr("core.training.patch_augmentation._CHUNK_PX", 2 * crop_px(PATCH_PX) ** 2)
    torch.testing.assert_close(together(images, PATCH_PX, changes), whole, atol=1e-5, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_changes_patches_as_a_processor_does(images):
    changes = draw_changes(SEEDS[:9])
    on_gpu = changed(images.cuda(), PATCH_PX, changes).cpu()
    torch.testing.assert_close(on_gpu, together(images, PATCH_PX, changes), atol=0.02, rtol=0)
