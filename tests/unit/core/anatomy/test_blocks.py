"""Blocks of one image found in another: even over the tissue, between pixels, nothing on glass."""

import cv2
import numpy as np
import pytest

from core.anatomy.align import align_pair
from core.anatomy.blocks import match_blocks
from core.contracts.datasets import RigidTransform
from core.geometry.affine import Matrix, apply, rigid_matrix

SIDE, PIXEL_UM, GLASS = 240, 64.0, 245


def tissue(blob_px: float = 3.0) -> np.ndarray:
    """A disc of blobs on the slide."""
    noise = cv2.GaussianBlur(np.random.default_rng(5).normal(size=(SIDE, SIDE)), (0, 0), blob_px) * blob_px
    inside = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), (SIDE // 2, SIDE // 2), 90, 1, -1) > 0
    return np.where(inside, np.clip(110 + 90 * noise, 20, 190), GLASS).astype(np.uint8)


def shifted(image: np.ndarray, dx_px: float, dy_px: float) -> np.ndarray:
    return cv2.warpAffine(
        image, np.array([[1.0, 0, dx_px], [0, 1, dy_px]]), (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderValue=GLASS
    )


def test_blocks_are_found_between_pixels_and_where_the_transform_expects_them() -> None:
    expected: Matrix = rigid_matrix(RigidTransform(dx_um=20 * PIXEL_UM, dy_um=0.0))
    blocks = match_blocks(tissue(), shifted(tissue(), 23.4, -5.25), expected)
    moves_px = (blocks.found - blocks.expected) / PIXEL_UM
    assert np.median(moves_px, axis=0) == pytest.approx([3.4, -5.25], abs=0.1)
    assert np.median(blocks.likeness) > 0.95


def test_blocks_cover_the_tissue_evenly_however_much_there_is_to_see_in_it() -> None:
    image = tissue()
    image[:, : SIDE // 2] = cv2.GaussianBlur(image, (0, 0), 4)[:, : SIDE // 2]  # half has hardly any corners
    blocks = match_blocks(image, image, np.eye(3))
    from_middle_um = blocks.expected - SIDE / 2 * PIXEL_UM
    assert (from_middle_um[:, 0] < 0).mean() == pytest.approx(0.5, abs=0.05)
    assert np.linalg.norm(from_middle_um, axis=1).max() < 97 * PIXEL_UM  # the glass around the disc has none


def test_a_large_section_has_its_blocks_further_apart() -> None:
    small = match_blocks(tissue(), tissue(), np.eye(3)).expected
    wide = np.tile(tissue(), (6, 6))
    large = match_blocks(wide, wide, np.eye(3)).expected
    assert len(large) < 36 * len(small) / 2


def test_without_contrast_nothing_is_found() -> None:
    blank = np.full((SIDE, SIDE), GLASS, np.uint8)
    for source, target in ((blank, blank), (blank, tissue())):
        assert match_blocks(source, target, np.eye(3)).found.shape == (0, 2)


def test_the_step_counts_all_tissue_alike_though_most_features_lie_in_one_part() -> None:
    source = tissue()
    source[:, : SIDE // 2] = cv2.GaussianBlur(source, (0, 0), 4)[:, : SIDE // 2]
    target = source.copy()
    target[:, SIDE // 2 :] = shifted(source, 0.0, 4.0)[:, SIDE // 2 :]  # the part with the features lies 4 px further down
    middle = np.full((1, 2), SIDE / 2 * PIXEL_UM)
    found = apply(rigid_matrix(align_pair(1, 2, source, target).transform), middle)
    assert (found - middle)[0, 1] / PIXEL_UM == pytest.approx(2.0, abs=0.5)
