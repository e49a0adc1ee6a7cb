import math

import numpy as np
import pytest

from core.contracts.datasets import Alignment, AlignmentStep, RasterGrid, RigidTransform
from core.sampling.regions import PlacedMask, cropped, prediction_region, region_around, subgrid

GRID = RasterGrid(pixel_size_um=100, width_px=200, height_px=100)


def dot(section, column, row):
    mask = np.zeros((100, 200), bool)
    mask[row, column] = True
    return PlacedMask(section, mask, GRID)


def shifted_by(dx_um, section, successor):
    return AlignmentStep(section=section, successor=successor, transform=RigidTransform(dx_um=dx_um))


ALIGNMENT = Alignment(base_section=1, steps=(shifted_by(1000, 1, 2), shifted_by(-3000, 2, 3)))


def test_training_region_is_everything_within_the_radius():
    region = region_around(dot(1, 50, 50), 2.0).mask
    rows, columns = np.indices(region.shape)
    np.testing.assert_array_equal(region, np.hypot(rows - 50, columns - 50) <= 20)


def test_prediction_region_unites_both_training_regions_in_the_target_frame():
    """Section 1's dot moves +1 mm onto section 2; section 3's dot moves back by +3 mm."""
    regions = [region_around(dot(1, 50, 50), 1.0), region_around(dot(3, 100, 50), 1.0)]
    found = prediction_region(regions, ALIGNMENT, 2, GRID).mask
    np.testing.assert_array_equal(found, region_around(dot(2, 60, 50), 1.0).mask | region_around(dot(2, 130, 50), 1.0).mask)


def test_a_region_is_turned_and_mirrored_as_its_section_is():
    """A quarter turn clockwise after mirroring takes (x, y) to (-y, -x), here moved by 15 mm; the way back undoes it."""
    transform = RigidTransform(angle_rad=math.pi / 2, dx_um=15_000, dy_um=15_000, mirrored=True)
    alignment = Alignment(base_section=1, steps=(AlignmentStep(section=1, successor=2, transform=transform),))
    carried = prediction_region([region_around(dot(1, 70, 80), 1.0)], alignment, 2, GRID).mask
    np.testing.assert_array_equal(carried, region_around(dot(2, 69, 79), 1.0).mask)
    back = prediction_region([region_around(dot(2, 69, 79), 1.0)], alignment, 1, GRID).mask
    np.testing.assert_array_equal(back, region_around(dot(1, 70, 80), 1.0).mask)


def test_enlarging_the_radius_enlarges_the_prediction_region():
    small, large = (
        prediction_region([region_around(dot(1, 50, 50), radius)], ALIGNMENT, 2, GRID).mask for radius in (2.0, 2.0 * 1.05)
    )
    assert (large & small).sum() == small.sum()
    assert large.sum() > small.sum()


def test_cropping_keeps_every_pixel_in_its_place():
    region = region_around(dot(1, 50, 30), 1.0)
    small = cropped(region)
    assert small.mask.shape == (21, 21)
    assert small.grid.origin_um == (4000.0, 2000.0)
    assert small.mask.sum() == region.mask.sum()


def test_an_empty_region_is_named():
    with pytest.raises(ValueError, match="section 7: the region of interest is empty"):
        cropped(PlacedMask(7, np.zeros((100, 200), bool), GRID))


def test_subgrid_may_reach_beyond():
    grid = subgrid(GRID, (-5, -2, 10, 3))
    assert (grid.origin_um, grid.width_px, grid.height_px) == ((-500.0, -200.0), 15, 5)
