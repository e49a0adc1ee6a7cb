"""Alignment of neighbouring sections: known motions of a synthetic texture, mirrors, blank sections."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from core.anatomy.align import AlignmentError, Features, align_pair
from core.contracts.datasets import AlignmentStep, RigidTransform
from core.geometry.affine import Matrix, apply, rigid_matrix

HEIGHT, WIDTH, PIXEL_UM = 300, 260, 64.0
MOTION = RigidTransform(angle_rad=0.2, dx_um=900.0, dy_um=-1400.0)


def texture(seed: int = 0) -> np.ndarray:
    """Blobs of several sizes inside a disc on white glass."""
    generator = np.random.default_rng(seed)
    blobs = sum(cv2.GaussianBlur(generator.normal(size=(HEIGHT, WIDTH)), (0, 0), sd) * sd for sd in (2.0, 4.0, 8.0))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2) < 110
    return np.where(inside, np.clip(130 + 60 * blobs, 20, 230), 245).astype(np.uint8)


def moved(image: np.ndarray, matrix_um: Matrix) -> np.ndarray:
    """The image after a transform of its section frame."""
    to_px = matrix_um[:2].copy()
    to_px[:, 2] = apply(matrix_um, np.array([[0.5, 0.5]]) * PIXEL_UM)[0] / PIXEL_UM - 0.5
    return cv2.warpAffine(image, to_px, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderValue=245)


def gap_um(step: AlignmentStep, truth: Matrix) -> float:
    corners = np.array([[4000.0, 4000.0], [12000.0, 5000.0], [8000.0, 15000.0]])
    return float(np.linalg.norm(apply(rigid_matrix(step.transform), corners) - apply(truth, corners), axis=1).max())


def test_a_known_motion_is_recovered_to_a_pixel() -> None:
    step = align_pair(901, 911, texture(), moved(texture(), rigid_matrix(MOTION)))
    assert gap_um(step, rigid_matrix(MOTION)) < PIXEL_UM
    assert not step.transform.mirrored
    assert step.quality is not None
    assert not step.quality.weak
    assert step.residual_um is not None
    assert step.residual_um < 2 * PIXEL_UM


def test_a_section_imaged_from_the_wrong_side_is_found_and_aligned() -> None:
    turned_over = np.ascontiguousarray(texture()[:, ::-1])
    step = align_pair(901, 911, turned_over, moved(texture(), rigid_matrix(MOTION)))
    flip = np.array([[-1.0, 0, WIDTH * PIXEL_UM], [0, 1, 0], [0, 0, 1]])
    assert step.transform.mirrored
    assert gap_um(step, rigid_matrix(MOTION) @ flip) < PIXEL_UM
    assert step.quality is not None
    assert not step.quality.weak


@pytest.mark.parametrize("other", [np.full((HEIGHT, WIDTH), 245, np.uint8), texture(7)], ids=["blank", "unrelated"])
def test_images_that_do_not_belong_together_are_weak(other: np.ndarray) -> None:
    for source, target in ((texture(), other), (other, texture())):
        step = align_pair(901, 911, source, target)
        assert step.quality is not None
        assert step.quality.weak


def test_sections_far_apart_are_weak_however_well_they_agree() -> None:
    steps = [align_pair(901, 911, texture(), moved(texture(), rigid_matrix(MOTION)), apart_um) for apart_um in (200.0, 1200.0)]
    assert [step.quality is not None and step.quality.weak for step in steps] == [False, True]
    assert steps[0].transform == steps[1].transform


def test_features_of_the_mirror_image_follow_without_looking_at_it() -> None:
    follow, seen = Features(texture()).mirrored(), Features(np.ascontiguousarray(texture()[:, ::-1]))
    seen_um = seen.points_um - (WIDTH * PIXEL_UM, 0)
    gaps = np.linalg.norm(follow.points_um[:, None] - seen_um[None], axis=2)
    there = gaps.min(1) < PIXEL_UM / 2
    assert there.mean() > 0.9
    likeness = (follow.descriptors * seen.descriptors[gaps.argmin(1)]).sum(1)[there]
    assert np.median(likeness) > 0.98  # of descriptors of length one; two that are unrelated have about 0.7


def test_an_image_that_is_not_8_bit_gray_is_refused_by_name() -> None:
    with pytest.raises(AlignmentError, match="8-bit gray"):
        Features(np.zeros((40, 40, 3), np.uint8))


def test_the_chain_that_web_processes_import_does_not_load_the_alignment() -> None:
    program = "import sys, core.anatomy.by_hand, core.anatomy.chain; sys.exit('core.anatomy.align' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
