import numpy as np

from core.contracts.datasets import Brain, RasterGrid, Section
from core.sampling.labels import OUTSIDE, class_raster, resample_nearest, section_grid


def test_section_grid_covers_the_whole_section():
    section = Section(number=7, file="sections/X_0007.tif", width_px=1001, height_px=500, fingerprint="0" * 64)
    brain = Brain(id="X", title="", provenance="", pixel_size_um=1.0, section_thickness_um=20, sections=(section,))
    grid = section_grid(brain, 7, 16.0)
    assert (grid.width_px, grid.height_px, grid.origin_um) == (63, 32, (0.0, 0.0))


def test_area_is_gray_matter_inside_the_outline_only():
    grid = RasterGrid(pixel_size_um=16, width_px=3, height_px=2)
    tissue = np.array([[0, 1, 2], [0, 1, 2]], np.uint8)
    outlined = np.array([[True, True, True], [False, False, False]])
    np.testing.assert_array_equal(class_raster(tissue, grid, [outlined], grid), [[0, 1, 3], [0, 1, 2]])


def test_resampling_takes_the_pixel_that_holds_the_centre():
    source = RasterGrid(pixel_size_um=16, width_px=4, height_px=2)
    target = RasterGrid(pixel_size_um=32, width_px=2, height_px=1)
    np.testing.assert_array_equal(
        resample_nearest(np.array([[0, 1, 2, 3], [10, 11, 12, 13]], np.uint8), source, target, 99), [[11, 13]]
    )


def test_pixels_beyond_the_source_get_the_fill():
    source = RasterGrid(pixel_size_um=16, width_px=2, height_px=1, origin_um=(16, 0))
    target = RasterGrid(pixel_size_um=16, width_px=4, height_px=2)
    np.testing.assert_array_equal(
        resample_nearest(np.array([[1, 2]], np.uint8), source, target, OUTSIDE),
        [[OUTSIDE, 1, 2, OUTSIDE], [OUTSIDE] * 4],
    )
