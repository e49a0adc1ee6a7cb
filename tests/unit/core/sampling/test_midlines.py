import cv2
import numpy as np
import pytest

from core.contracts.datasets import RasterGrid
from core.phantom.assemble import maps_of, outlines_of
from core.phantom.presets import PRESETS
from core.sampling.midlines import RASTER_UM, annotated_gray, midline_centres


def grid_of(mask, origin_um=(0.0, 0.0)):
    return RasterGrid(pixel_size_um=RASTER_UM, origin_um=origin_um, width_px=mask.shape[1], height_px=mask.shape[0])


def ribbon(length_mm, thickness_mm=2.4):
    """A straight piece of cortex, its upper left corner at (1, 1) mm."""
    mask = np.zeros((round(4000 / RASTER_UM) + 20, round((length_mm + 2) * 1000 / RASTER_UM)), np.bool_)
    mask[25 : 25 + round(thickness_mm * 1000 / RASTER_UM), 25 : 25 + round(length_mm * 1000 / RASTER_UM)] = True
    return mask


def bow(roughness_px=0.0):
    """Half a ring of 5.2 mm radius, 2.4 mm thick."""
    row, column = np.mgrid[:400, :400]
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal((400, 400)), (0, 0), 6)
    radius = np.hypot(row - 200, column - 200) + roughness_px * noise / noise.std()
    return (radius > 100) & (radius < 160) & (row < 200)


def test_centres_lie_along_the_middle_from_end_to_end_one_spacing_apart():
    mask = ribbon(10)
    centres = midline_centres(mask, grid_of(mask), 1.0) / 1000
    assert len(centres) in (9, 10)
    assert 1.4 < centres[:, 0].min() < 2.1
    assert 9.9 < centres[:, 0].max() < 10.6
    np.testing.assert_allclose(centres[:, 1], 2.2, atol=0.1)
    np.testing.assert_allclose(np.abs(np.diff(centres[:, 0])), 1.0, atol=0.12)


def test_half_the_spacing_gives_twice_the_centres():
    mask = ribbon(10)
    assert 18 <= len(midline_centres(mask, grid_of(mask), 0.5)) <= 20


@pytest.mark.parametrize("roughness_px", [0.0, 4.0])
def test_branches_to_a_rough_rim_carry_no_centres(roughness_px):
    mask = bow(roughness_px)
    centres = midline_centres(mask, grid_of(mask), 1.0) / RASTER_UM - 0.5
    radius = np.hypot(centres[:, 0] - 200, centres[:, 1] - 200)
    assert 16 <= len(centres) <= 17
    assert np.abs(radius - 130).max() < 16


def test_every_piece_has_a_centre_however_short():
    mask = np.zeros((200, 200), np.bool_)
    mask[20:80, 20:80] = mask[120:140, 120:140] = True
    centres = midline_centres(mask, grid_of(mask), 1.0)
    assert len(centres) == 2
    np.testing.assert_allclose(centres, [[2000, 2000], [5200, 5200]], atol=60)


def test_vessels_and_specks_do_not_bend_the_line():
    mask = ribbon(10)
    mask[50:54, 100:104] = mask[60:63, 180:190] = False
    np.testing.assert_array_equal(midline_centres(mask, grid_of(mask), 1.0), midline_centres(ribbon(10), grid_of(mask), 1.0))


def test_a_ring_is_gone_around_once():
    row, column = np.mgrid[:400, :400]
    radius = np.hypot(row - 200, column - 200)
    mask = (radius > 100) & (radius < 160)
    assert 31 <= len(midline_centres(mask, grid_of(mask), 1.0)) <= 34  # 2π · 5.2 mm


def test_centres_are_in_the_section_frame():
    mask = ribbon(6)
    moved = midline_centres(mask, grid_of(mask, (4000.0, 8000.0)), 1.0) - (4000.0, 8000.0)
    np.testing.assert_allclose(moved, midline_centres(mask, grid_of(mask), 1.0))


def test_what_an_outline_covers_beside_gray_matter_does_not_count():
    outline = (((1000.0, 1000.0), (9000.0, 1000.0), (9000.0, 5000.0), (1000.0, 5000.0)),)
    tissue = np.zeros((60, 100), np.uint8)
    tissue[20:40], tissue[40:] = 2, 1  # cortex from 2 to 4 mm, white matter below
    mask, grid = annotated_gray([outline], (tissue, RasterGrid(pixel_size_um=100.0, width_px=100, height_px=60)))
    centres = midline_centres(mask, grid, 1.0)
    np.testing.assert_allclose(centres[:, 1], 3000, atol=60)
    assert len(centres) in (7, 8)


def test_without_tissue_classes_the_outline_is_the_cortex():
    outline = (((1000.0, 1000.0), (9000.0, 1000.0), (9000.0, 3000.0), (1000.0, 3000.0)),)
    mask, grid = annotated_gray([outline], None)
    np.testing.assert_allclose(midline_centres(mask, grid, 1.0)[:, 1], 2000, atol=60)


def test_on_a_phantom_centres_lie_about_halfway_from_pia_to_white_matter():
    maps = maps_of(PRESETS["tiny"], 911)
    area = next(each for each in outlines_of(maps, 911).outlines if each.area == "hOc1")
    centres = midline_centres(*annotated_gray([area.paths], (maps.classes, maps.grid)), 0.5)
    column, row = (centres[centres[:, 1] > 1500] / maps.grid.pixel_size_um).astype(int).T  # above, the image cuts the cortex
    depth = maps.depth[row, column]
    assert depth.size > 12
    assert 0.35 < depth.min() < np.median(depth) < depth.max() < 0.75
