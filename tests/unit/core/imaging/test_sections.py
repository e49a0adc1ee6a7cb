from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.imaging.pyramid import Pyramid, open_pyramid
from core.imaging.resampling import average_blocks, average_intervals, halve
from core.imaging.sections import best_level, read_at, read_whole, whole_size_px
from core.imaging.writer import PyramidOptions, write_pyramid


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (480, 720), np.uint8)


@pytest.fixture
def plain(tmp_path: Path, noise: np.ndarray) -> Pyramid:
    """A lossless single-level image at 2 µm."""
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, noise, tile=(128, 128), resolution=(5000, 5000), resolutionunit="CENTIMETER")
    return open_pyramid(path)


def test_integer_factors_are_exact_means(plain: Pyramid, noise: np.ndarray) -> None:
    for factor in (1, 2, 3, 8):
        means = noise.reshape(480 // factor, factor, 720 // factor, factor).mean(axis=(1, 3))
        assert np.abs(read_whole(plain, 2.0 * factor) - means).max() <= 0.5


def test_fractional_factors_weigh_each_pixel_by_its_part(plain: Pyramid, noise: np.ndarray) -> None:
    first = read_at(plain, 3.0, 0, 0, 1, 1)[0, 0]
    weights = np.outer([1, 0.5], [1, 0.5]) / 2.25
    assert abs(int(first) - (noise[:2, :2] * weights).sum()) <= 0.5


@pytest.mark.parametrize("pixel_size_um", [2.0, 3.0, 4.0, 5.0, 6.0, 2.7182818, 16.0, 1.0])
def test_a_window_equals_the_cut_of_the_whole(plain: Pyramid, pixel_size_um: float) -> None:
    whole = read_whole(plain, pixel_size_um)
    x, y = 17, 9
    window = read_at(plain, pixel_size_um, x * pixel_size_um, y * pixel_size_um, 33, 20)
    assert np.array_equal(window, whole[y : y + 20, x : x + 33])


def test_outside_the_section_is_white(plain: Pyramid) -> None:
    window = read_at(plain, 4.0, -40.0, -40.0, 20, 20)
    assert (window[:10] == 255).all()
    assert (window[:, :10] == 255).all()


def test_a_corner_off_the_grid_is_refused(plain: Pyramid) -> None:
    with pytest.raises(ValueError, match=r"x_um = 3.0 µm is not on the grid"):
        read_at(plain, 2.0, 3.0, 0.0, 4, 4)


@pytest.mark.parametrize("pixel_size_um", [0.0, -1.0, float("nan")])
def test_an_impossible_pixel_size_is_refused(plain: Pyramid, pixel_size_um: float) -> None:
    with pytest.raises(ValueError, match="pixel_size_um"):
        best_level(plain, pixel_size_um)


def test_a_reading_in_bands_equals_a_reading_at_once(
    plain: Pyramid, noise: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = read_whole(plain, 5.0)
    monkeypatch.setattr("core.imaging.sections._BAND_PX", 1000)
    assert np.array_equal(read_whole(plain, 5.0), at_once)


def test_the_coarsest_sufficient_stored_level_is_used(tmp_path: Path, noise: np.ndarray) -> None:
    options = PyramidOptions(pixel_size_um=2.0, tile_size_px=128)
    write_pyramid(tmp_path / "a.tif", lambda first, count: noise[first : first + count], 720, 480, options)
    pyramid = open_pyramid(tmp_path / "a.tif")
    assert [best_level(pyramid, size) for size in (1.0, 2.0, 3.9, 4.0, 10.0, 1000.0)] == [0, 0, 0, 1, 2, 3]
    assert np.array_equal(read_whole(pyramid, 4.0), pyramid.read(1, 0, 0, 360, 240))
    assert whole_size_px(pyramid, 16.0) == (90, 60)


def test_halving_averages_an_odd_border_with_itself() -> None:
    image = np.array([[0, 4, 8], [4, 8, 12], [100, 100, 200]], np.uint8)
    assert halve(image).tolist() == [[4, 10], [100, 200]]


def test_intervals_of_whole_pixels_equal_blocks(noise: np.ndarray) -> None:
    edges = [np.arange(0, side + 1, 4.0) for side in noise.shape]
    assert np.abs(average_intervals(noise, *edges).astype(int) - average_blocks(noise, 4)).max() <= 1


def test_blocks_must_divide_the_image(noise: np.ndarray) -> None:
    with pytest.raises(ValueError, match="blocks of 7"):
        average_blocks(noise, 7)
