import math

import cv2
import numpy as np
import pytest

from core.contracts.datasets import RasterGrid
from core.sampling.patches import Raster, Square, cut_square


def raster(height=60, width=80, pixel_size_um=2.0, origin_um=(0.0, 0.0), seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    return Raster(values, RasterGrid(pixel_size_um=pixel_size_um, origin_um=origin_um, width_px=width, height_px=height))


@pytest.mark.parametrize("fill", [255, None])
def test_an_unturned_square_is_a_slice(fill):
    source = raster()
    cut = cut_square(source, Square(20, 10, 2.0), (2.0 * 40, 2.0 * 30), 0.0, fill)
    np.testing.assert_array_equal(cut, source.values[20:40, 30:50])


def test_the_pivot_places_the_square():
    source = raster(origin_um=(1000.0, 500.0))
    cut = cut_square(source, Square(5, 1, 2.0), (1000.0 + 2.0 * 11, 500.0 + 2.0 * 21), 0.0, 255)
    np.testing.assert_array_equal(cut, source.values[20:25, 10:15])


def test_a_quarter_turn_clockwise_reads_the_source_turned_counter_clockwise():
    source = raster()
    pivot_um = (2.0 * 40, 2.0 * 30)
    straight = cut_square(source, Square(20, 10, 2.0), pivot_um, 0.0, None)
    turned = cut_square(source, Square(20, 10, 2.0), pivot_um, math.pi / 2, None)
    np.testing.assert_array_equal(turned, np.rot90(straight))


def test_beyond_the_raster_is_white_for_images_and_unknown_for_labels():
    source = Raster(np.zeros((10, 10), np.uint8), RasterGrid(pixel_size_um=2, width_px=10, height_px=10))
    for fill in (255, None):
        cut = cut_square(source, Square(10, 5, 2.0), (0.0, 0.0), 0.0, fill)
        assert (cut[5:, 5:] == 0).all()
        assert (cut[:5] == 255).all()
        assert (cut[:, :5] == 255).all()


def test_a_square_far_from_the_raster_is_all_fill():
    cut = cut_square(raster(), Square(10, 5, 2.0), (1e6, 1e6), 0.3, 255)
    assert cut.shape == (10, 10)
    assert (cut == 255).all()


@pytest.mark.parametrize("angle_rad", [-0.7, 0.2, math.pi / 4])
def test_rasters_of_different_pixel_sizes_are_turned_alike(angle_rad):
    """A point marked in a fine and in a coarse raster falls on the same place of the patch."""
    fine = Raster(np.zeros((640, 640), np.uint8), RasterGrid(pixel_size_um=2, width_px=640, height_px=640))
    coarse = Raster(np.zeros((80, 80), np.uint8), RasterGrid(pixel_size_um=16, width_px=80, height_px=80))
    fine.values[400:408, 360:368], coarse.values[50, 45] = 200, 200
    pivot_um = (640.0, 640.0)
    places_um = []
    for source, square in ((fine, Square(480, 240, 2.0)), (coarse, Square(60, 30, 16.0))):
        cut = cut_square(source, square, pivot_um, angle_rad, 0).astype(float)
        rows, columns = np.indices(cut.shape)
        mean = np.array([(columns * cut).sum(), (rows * cut).sum()]) / cut.sum()
        places_um.append((mean + 0.5 - square.pivot_px) * square.pixel_size_um)
    np.testing.assert_allclose(places_um[0], places_um[1], atol=1.0)


def test_rasters_wider_than_opencv_addresses_are_cut_all_the_same():
    source = raster(height=40, width=40_000)
    cut = cut_square(source, Square(20, 10, 2.0), (2.0 * 39_900, 2.0 * 20), 0.0, 255)
    np.testing.assert_array_equal(cut, source.values[10:30, 39_890:39_910])


def test_turning_keeps_the_grain_of_the_image():
    """Else a network would meet smoother tissue in training than in prediction, where nothing is turned."""
    noise = np.clip(np.random.default_rng(0).normal(128, 20, (400, 400)), 0, 255).astype(np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 0.6)
    source = Raster(smooth, RasterGrid(pixel_size_um=2, width_px=400, height_px=400))
    straight, turned = (cut_square(source, Square(200, 100, 2.0), (400.0, 400.0), angle, 255) for angle in (0.0, 0.4))
    assert turned.std() > 0.93 * straight.std()
