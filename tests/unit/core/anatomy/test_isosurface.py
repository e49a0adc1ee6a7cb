import numpy as np
import pytest

from core.anatomy.isosurface import NoSurfaceError, Surface, finished, half_surface
from core.anatomy.laplace import depth_field
from core.anatomy.mesh import Mesh, boundary_loops, parts, topology
from core.anatomy.surface_report import edge_figures, handles_in_words, surface_parts
from core.anatomy.volume import BACKGROUND, GRAY, WHITE, Volume
from core.contracts.datasets import RasterGrid

EVERYWHERE_UM = (-1e9, 1e9)


def volume(labels: np.ndarray, known: np.ndarray | None = None) -> Volume:
    grid = RasterGrid(pixel_size_um=300.0, width_px=labels.shape[2], height_px=labels.shape[1])
    return Volume(labels, np.ones(labels.shape, bool) if known is None else known, grid, 0.0)


def surface_of(what: Volume, reach_um: tuple[float, float] = EVERYWHERE_UM) -> Surface:
    field = depth_field(what.labels == BACKGROUND, what.labels == WHITE).field
    return finished(what, half_surface(what, field), 300.0, reach_um)


def sheet() -> np.ndarray:
    labels = np.full((20, 24, 22), BACKGROUND, np.uint8)
    labels[:, 8:], labels[:, 15:] = GRAY, WHITE
    return labels


def balls(*radii: int) -> np.ndarray:
    labels = np.full((30, 30, 30 * len(radii)), BACKGROUND, np.uint8)
    for place, radius in enumerate(radii):
        away = np.linalg.norm(np.indices((30, 30, 30)) - 14.5, axis=0)
        labels[:, :, 30 * place : 30 * place + 30][away < radius] = GRAY
        labels[:, :, 30 * place : 30 * place + 30][away < radius - 6] = WHITE
    return labels


def test_a_flat_cortex_has_a_flat_disk_halfway() -> None:
    surface = surface_of(volume(sheet()))
    assert surface.mesh.vertices[:, 2] == pytest.approx(-0.3 * 11.5, abs=0.01)
    assert topology(surface.mesh.triangles).euler == 1
    assert boundary_loops(surface.mesh.triangles) == 1


def test_the_rim_of_what_is_known_has_triangles_as_regular_as_elsewhere() -> None:
    known = np.ones((20, 24, 22), bool)
    known[:, :, 16:] = False
    surface = surface_of(volume(sheet(), known), (1000.0, 4000.0))
    x, y, _ = surface.mesh.vertices.T
    assert x.max() < 0.3 * 16
    assert 1.0 <= y.min() < 1.3
    assert 3.7 < y.max() <= 4.0
    mean_um, variation = edge_figures(surface.mesh)
    assert mean_um == pytest.approx(300, rel=0.1)
    assert variation < 0.2


def test_where_white_matter_meets_the_outside_there_is_no_cortex_and_no_surface() -> None:
    labels = sheet()
    labels[:, 8:, 11:] = np.where(labels[:, 8:, 11:] == GRAY, WHITE, labels[:, 8:, 11:])
    surface = surface_of(volume(labels))
    assert surface.mesh.vertices[:, 0].max() < 0.3 * 13.5


@pytest.mark.parametrize("only", [GRAY, WHITE, BACKGROUND])
def test_without_cortex_between_pia_and_white_matter_it_is_said(only: int) -> None:
    with pytest.raises(NoSurfaceError, match="no gray matter between"):
        surface_of(volume(np.full((9, 9, 9), only, np.uint8)))


def test_two_large_parts_are_the_hemispheres_from_left_to_right() -> None:
    surface = surface_of(volume(balls(12, 13)))
    told = surface_parts(surface)
    assert [part.name for part in told] == ["right", "left"]  # by area
    assert [part.euler for part in told] == [2, 2]
    assert told[0].area_mm2 > told[1].area_mm2
    assert surface.mesh.vertices[surface.part == 1, 0].max() < surface.mesh.vertices[surface.part == 0, 0].min()


def test_a_large_and_a_small_part_are_no_hemispheres() -> None:
    assert [part.name for part in surface_parts(surface_of(volume(balls(13, 8))))] == ["part-1", "part-2"]


def test_handles_are_told() -> None:
    angle = np.arange(12) * 2 * np.pi / 12
    a, b = (each.ravel() for each in np.meshgrid(angle, angle))
    vertices = np.stack([(3 + np.cos(b)) * np.cos(a), (3 + np.cos(b)) * np.sin(a), np.sin(b)], axis=1)
    column, row = (each.ravel() for each in np.meshgrid(np.arange(12), np.arange(12)))
    here, right, down, both = ((row + i) % 12 * 12 + (column + j) % 12 for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    triangles = np.concatenate([np.stack([here, right, down], 1), np.stack([right, both, down], 1)]).astype(np.int32)
    ring = Mesh(vertices, triangles)
    assert handles_in_words(Surface(ring, parts(ring))) == [
        "part-1 has 1 handles: banks of sulci touch there, or sections do not fit"
    ]
    assert handles_in_words(surface_of(volume(sheet()))) == []


def test_hemispheres_that_touch_are_one_part_until_gray_matter_between_them_is_taken_out() -> None:
    labels = np.full((30, 30, 44), BACKGROUND, np.uint8)
    for centre in (14.5, 28.5):
        away = np.linalg.norm(np.indices(labels.shape) - np.array([14.5, 14.5, centre]).reshape(3, 1, 1, 1), axis=0)
        labels[(away < 11) & (labels == BACKGROUND)] = GRAY
        labels[away < 5] = WHITE
    assert len(surface_parts(surface_of(volume(labels)))) == 1
    labels[:, :, 21:23][labels[:, :, 21:23] == GRAY] = BACKGROUND
    told = surface_parts(surface_of(volume(labels)))
    assert sorted(part.name for part in told) == ["left", "right"]
    assert [part.euler for part in told] == [2, 2]
