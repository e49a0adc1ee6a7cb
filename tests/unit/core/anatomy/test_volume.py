from itertools import pairwise

import numpy as np
import pytest

from core.anatomy.volume import (
    BACKGROUND,
    GRAY,
    MARGIN,
    WHITE,
    SectionStack,
    Volume,
    VolumeError,
    common_grid,
    filled,
    on_grid,
    repaired,
    without_areas,
    without_small_pieces,
)
from core.contracts.datasets import Alignment, AlignmentStep, RasterGrid, RigidTransform
from core.geometry.affine import rigid_matrix

GRID = RasterGrid(pixel_size_um=300.0, width_px=30, height_px=20)
HERE = np.eye(3)


def stack(labels: np.ndarray, numbers: tuple[int, ...] | None = None) -> SectionStack:
    numbers = numbers or tuple(range(0, 15 * len(labels), 15))
    return SectionStack(numbers, np.array(numbers) * 20.0, labels, np.ones(labels.shape, bool), GRID)


def plain(planes: int = 7) -> np.ndarray:
    """Gray above, white below, background around."""
    labels = np.zeros((planes, 20, 30), np.uint8)
    labels[:, 4:10, 4:26], labels[:, 10:16, 4:26] = GRAY, WHITE
    return labels


def aligned(*numbers: int) -> Alignment:
    steps = tuple(AlignmentStep(section=a, successor=b, transform=RigidTransform()) for a, b in pairwise(numbers))
    return Alignment(base_section=numbers[0], steps=steps)


def test_the_common_raster_holds_every_section_and_a_margin() -> None:
    moved = rigid_matrix(RigidTransform(dx_um=-1500.0, dy_um=600.0))
    grid = common_grid([GRID, GRID], [HERE, moved], 300.0)
    assert grid.origin_um == (-1500.0 - MARGIN * 300, -MARGIN * 300)
    assert (grid.width_px, grid.height_px) == (35 + 2 * MARGIN, 22 + 2 * MARGIN)


def test_a_section_takes_its_place_through_the_alignment() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[:50], labels[50:] = GRAY, WHITE
    small = RasterGrid(pixel_size_um=30.0, width_px=100, height_px=100)
    moved = rigid_matrix(RigidTransform(dx_um=3000.0, dy_um=1500.0))
    classes, known = on_grid(labels, small, moved, GRID)
    assert known[5:15, 10:20].all()
    assert known.sum() == 100
    assert (classes[5:10, 10:20] == GRAY).all()
    assert (classes[10:15, 10:20] == WHITE).all()


def test_beyond_an_image_tissue_goes_on_as_at_its_border() -> None:
    labels = np.full((100, 100), GRAY, np.uint8)
    classes, known = on_grid(labels, RasterGrid(pixel_size_um=30.0, width_px=100, height_px=100), HERE, GRID)
    assert not known.all()
    assert (classes == GRAY).all()


@pytest.mark.parametrize(("width_px", "open_"), [(2, False), (4, True)])
def test_a_sulcus_of_a_third_of_a_voxel_stays_open(width_px: int, open_: bool) -> None:
    labels = np.full((200, 300), GRAY, np.uint8)
    labels[:, 100 : 100 + width_px] = BACKGROUND
    classes, _ = on_grid(labels, RasterGrid(pixel_size_um=30.0, width_px=300, height_px=200), HERE, GRID)
    assert bool((classes[2:18, 10] == BACKGROUND).all()) is open_


def test_a_large_defect_of_one_section_takes_what_its_neighbours_say() -> None:
    damaged = plain()
    damaged[3, 6:14, 10:16] = BACKGROUND
    mended, voxels = repaired(stack(damaged))
    assert (mended.labels == plain()).all()
    assert voxels == 48


def test_a_small_difference_is_no_defect() -> None:
    other = plain()
    other[3, 5, 10:13] = BACKGROUND
    mended, voxels = repaired(stack(other))
    assert (mended.labels == other).all()
    assert voxels == 0


def test_what_two_sections_show_is_anatomy() -> None:
    both = plain()
    both[3:5, 6:14, 10:16] = BACKGROUND
    assert repaired(stack(both))[1] == 0


def test_sections_far_apart_say_nothing_of_damage() -> None:
    damaged = plain(3)
    damaged[1, 6:14, 10:16] = BACKGROUND
    assert repaired(stack(damaged, (0, 100, 200)))[1] == 0


def test_planes_between_sections_take_the_shape_between() -> None:
    labels = plain(2)
    labels[1, :, 16:] = BACKGROUND
    volume = filled(stack(labels, (0, 60)))  # 1.2 mm apart: three planes in between
    widths = (volume.labels[MARGIN : MARGIN + 5, 7] == GRAY).sum(axis=1)
    assert widths[0] == 22
    assert widths[-1] == 12
    assert (np.diff(widths) < 0).all()
    assert (volume.labels[:MARGIN] == labels[0]).all()
    assert (volume.labels[-MARGIN:] == labels[1]).all()


def test_sections_as_far_apart_as_voxels_are_the_planes() -> None:
    labels = plain(5)
    labels[2, 5, 5] = WHITE
    volume = filled(stack(labels))
    assert (volume.labels[MARGIN:-MARGIN] == labels).all()
    assert volume.first_um == -MARGIN * 300


def test_voxels_and_millimetres_are_inverse_and_right_anterior_superior() -> None:
    volume = filled(stack(plain()))
    voxels = np.array([[0.0, 0.0, 0.0], [3.0, 2.0, 7.0]])
    assert volume.voxels_at(volume.to_mm(voxels)) == pytest.approx(voxels)
    origin = volume.to_mm(voxels)[0]
    assert volume.to_mm(voxels + np.array([0, 0, 1]))[0] - origin == pytest.approx([0.3, 0, 0])
    assert volume.to_mm(voxels + np.array([1, 0, 0]))[0] - origin == pytest.approx([0, 0.3, 0])
    assert volume.to_mm(voxels + np.array([0, 1, 0]))[0] - origin == pytest.approx([0, 0, -0.3])


def test_detached_specks_go() -> None:
    labels = plain()
    labels[3, 1, 1:4] = GRAY
    volume, gone = without_small_pieces(Volume(labels, np.ones(labels.shape, bool), GRID, 0.0))
    assert (volume.labels == plain()).all()
    assert gone == 3


def square(left: float, right: float) -> list[np.ndarray]:
    return [np.array([(left, 0.0), (right, 0.0), (right, 9000.0), (left, 9000.0)])]


def test_an_area_that_is_no_cortex_goes_between_the_sections_it_is_drawn_on() -> None:
    numbers = tuple(range(0, 105, 15))
    drawn = {"cerebellum": {15: square(0.0, 3000.0), 75: square(0.0, 6000.0)}}
    found, gone = without_areas(stack(plain()), aligned(*numbers), drawn)
    left = (found.labels[:, 6] == GRAY).sum(axis=1).tolist()
    assert left == [22, 16, 14, 11, 9, 6, 22]
    assert (found.labels == WHITE).sum() == (plain() == WHITE).sum()
    assert gone == (plain() == GRAY).sum() - (found.labels == GRAY).sum()


def test_an_outline_smaller_than_a_voxel_is_refused_by_name() -> None:
    drawn = {"nucleus": {15: [np.array([(10.0, 10.0), (20.0, 10.0), (20.0, 20.0)])]}}
    with pytest.raises(VolumeError, match="nucleus on section 15 holds no voxel"):
        without_areas(stack(plain()), aligned(*range(0, 105, 15)), drawn)
