"""Where a shape in between is looked for."""

import numpy as np
import pytest

from backend.domain.between import LONGEST_SIDE_PX, PIXEL_SIZE_UM, boundary, grid_around, neighbours, united
from backend.domain.errors import NotFoundError
from core.anatomy.chain import NoChainError
from core.contracts.datasets import Alignment, AlignmentStep, RigidTransform
from core.geometry.polygons import area_um2, region

SQUARE = np.array([[0, 0], [3200, 0], [3200, 1600], [0, 1600]], np.float64)
SHIFTED = Alignment(
    base_section=901,
    steps=(
        AlignmentStep(section=901, successor=911, transform=RigidTransform(dx_um=10_000)),
        AlignmentStep(section=911, successor=921, transform=RigidTransform()),
    ),
)


def test_the_nearest_annotated_sections_on_both_sides_are_taken() -> None:
    assert neighbours(931, (901, 921, 931, 941, 961), "hOc1") == (921, 941)
    with pytest.raises(NotFoundError, match="none above"):
        neighbours(961, (901, 961), "hOc1")


def test_the_raster_holds_the_shapes_as_they_come_to_lie_on_the_section() -> None:
    grid = grid_around(SHIFTED, [(901, [SQUARE]), (921, [SQUARE])], 911)
    left, top = grid.origin_um
    right, bottom = left + grid.width_px * grid.pixel_size_um, top + grid.height_px * grid.pixel_size_um
    assert grid.pixel_size_um == PIXEL_SIZE_UM
    assert left <= 0
    assert top <= 0
    assert 13_200 <= right < 13_400
    assert 1600 <= bottom < 1800


def test_the_raster_of_a_large_area_is_coarser_and_no_longer() -> None:
    grid = grid_around(SHIFTED, [(901, [SQUARE * 20]), (921, [SQUARE])], 911)
    assert grid.pixel_size_um > PIXEL_SIZE_UM
    assert max(grid.width_px, grid.height_px) <= LONGEST_SIDE_PX + 4


def test_without_a_chain_the_first_missing_step_is_named() -> None:
    with pytest.raises(NoChainError, match="section 921"):
        grid_around(SHIFTED, [(901, [SQUARE]), (931, [SQUARE])], 911)


def test_a_union_keeps_the_holes_of_its_parts() -> None:
    def path(left: float, right: float) -> tuple[tuple[float, float], ...]:
        return ((left, 0.0), (right, 0.0), (right, 100.0), (left, 100.0))

    hole = ((20.0, 20.0), (40.0, 20.0), (40.0, 40.0), (20.0, 40.0))
    outline = united([(path(0, 100), hole), (path(80, 200),)])
    assert area_um2(outline) == pytest.approx(200 * 100 - 20 * 20)
    assert area_um2(boundary(region(outline))) == pytest.approx(area_um2(outline))
