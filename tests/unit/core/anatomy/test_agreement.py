"""Whether images agree best where a transform puts them: at the true motion they do, beside it they do not."""

import cv2
import numpy as np
import pytest

from core.anatomy.agreement import gain_beside
from core.contracts.datasets import RigidTransform
from core.geometry.affine import rigid_matrix

HEIGHT, WIDTH, PIXEL_UM = 240, 200, 64.0


def section(seed: int = 0) -> np.ndarray:
    """Grey bands a few millimetres long inside a disc on white glass."""
    generator = np.random.default_rng(seed)
    bands = cv2.GaussianBlur(generator.normal(size=(HEIGHT, WIDTH)), (0, 0), 10.0) * 10
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2) < 85
    return np.where(inside, np.clip(130 + 60 * bands, 20, 230), 245).astype(np.uint8)


def test_nothing_is_gained_beside_the_true_motion() -> None:
    assert gain_beside(section(), section(), np.eye(3)) < -0.01


def test_another_stain_and_a_torn_out_piece_change_nothing_about_that() -> None:
    pale = (255 * (section() / 255) ** 0.5).astype(np.uint8)
    torn = cv2.circle(pale, (90, 100), 30, 245, -1)
    assert gain_beside(torn, section(), np.eye(3)) < 0


def test_a_section_from_the_wrong_side_is_compared_as_its_mirror_image() -> None:
    turned_over = np.ascontiguousarray(section()[:, ::-1])
    back = rigid_matrix(RigidTransform(mirrored=True, dx_um=WIDTH * PIXEL_UM))
    assert gain_beside(turned_over, section(), back) < -0.01


@pytest.mark.parametrize("angle_deg", [0.0, 8.0], ids=["shifted", "turned"])
def test_much_is_gained_beside_a_wrong_motion(angle_deg: float) -> None:
    wrong = RigidTransform(angle_rad=np.deg2rad(angle_deg), dx_um=1000.0)
    assert gain_beside(section(), section(), rigid_matrix(wrong)) > 0.06


@pytest.mark.parametrize("shift_um", [0.0, 1e6], ids=["blank", "apart"])
def test_images_that_cannot_be_compared_gain_nothing(shift_um: float) -> None:
    blank = np.full((HEIGHT, WIDTH), 245, np.uint8)
    away = rigid_matrix(RigidTransform(dx_um=shift_um))
    assert gain_beside(section(), blank if not shift_um else section(), away) == 0


def test_a_turn_and_a_shift_that_make_up_for_one_another_are_seen() -> None:
    middle = np.array([WIDTH, HEIGHT]) * PIXEL_UM / 2
    turn = rigid_matrix(RigidTransform(angle_rad=np.deg2rad(5.0)))
    turn[:2, 2] = middle - turn[:2, :2] @ middle + (0.0, 1300.0)
    assert gain_beside(section(), section(), turn) > 0.06
