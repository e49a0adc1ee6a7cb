import cv2
import numpy as np

from core.anatomy.tissue_contours import grow_light

y, x = np.mgrid[:120, :160]
DISC = (y - 60) ** 2 + (x - 80) ** 2 < 35**2
ALL = np.ones(DISC.shape, np.bool_)
SEEDS = DISC & (abs(y - 60) < 20)  # they meet the dark side somewhere
REACH_PX = (3.0, 30.0)


def values(light: float = 200.0, dark: float = 180.0, slope: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 2, DISC.shape)
    return cv2.GaussianBlur((np.where(DISC, light, dark) + slope * x + noise).astype(np.float32), (0, 0), 1.0)


def overlap(region: np.ndarray) -> float:
    return 2 * (region & DISC).sum() / (region.sum() + DISC.sum())


def test_the_light_region_is_found_from_a_part_of_it() -> None:
    assert overlap(grow_light(values(), ALL, SEEDS, REACH_PX, 80)) > 0.99


def test_a_gradient_over_the_region_of_a_third_of_the_contrast_does_not_matter() -> None:
    assert overlap(grow_light(values(slope=0.1), ALL, SEEDS, REACH_PX, 80)) > 0.98


def test_without_seeds_nothing_is_light() -> None:
    assert not grow_light(values(), ALL, np.zeros_like(DISC), REACH_PX, 80).any()


def test_it_stays_within_and_ends_where_there_is_no_other_side() -> None:
    within = x < 80
    region = grow_light(values(), within, SEEDS, REACH_PX, 80)
    assert not (region & ~within).any()
    assert (region & DISC).sum() > 0.98 * (DISC & within).sum()
    np.testing.assert_array_equal(grow_light(values(), SEEDS, SEEDS, REACH_PX, 80), SEEDS)


def test_light_that_is_not_connected_with_seeds_is_left_alone() -> None:
    island = (y - 15) ** 2 + (x - 20) ** 2 < 8**2
    lit = values() + np.where(island, 20, 0).astype(np.float32)
    assert not (grow_light(lit, ALL, SEEDS, REACH_PX, 80) & island).any()
