"""Cutting a shell between two spheres, where everything is known in closed form."""

import numpy as np
import pytest

from core.contracts.datasets import RasterGrid
from core.phantom.cutting import Cut, Warp, cut, to_section
from tests.unit.core.phantom.shapes import sphere_shell

INNER_MM, OUTER_MM = 10.0, 12.0
GRID = RasterGrid(pixel_size_um=100.0, origin_um=(-13000.0, -13000.0), width_px=260, height_px=260)
STILL = Warp(np.zeros((0, 5)), np.array([[1.0, 0, 0], [0, 1, 0]]))


def _radius_mm(plane_mm: float) -> np.ndarray:
    """Distance of every pixel's centre from the spheres' centre."""
    x = (np.arange(260) + 0.5) * 0.1 - 13
    return np.sqrt(x[None, :] ** 2 + x[:, None] ** 2 + plane_mm**2)


@pytest.fixture(scope="module", params=[0.013, 4.1, 10.7])
def sliced(request: pytest.FixtureRequest) -> tuple[Cut, np.ndarray]:
    shell = sphere_shell(INNER_MM, OUTER_MM, rounds=5)
    return cut(shell, request.param, STILL, GRID), _radius_mm(request.param)


def test_cortex_is_what_lies_between_the_surfaces(sliced: tuple[Cut, np.ndarray]) -> None:
    piece, radius = sliced
    between = (radius > INNER_MM) & (radius < OUTER_MM)
    assert ((~np.isnan(piece.depth)) ^ between).sum() < 0.03 * between.sum()


def test_depth_is_the_share_of_volume_outside(sliced: tuple[Cut, np.ndarray]) -> None:
    piece, radius = sliced
    inside = (radius > INNER_MM + 0.1) & (radius < OUTER_MM - 0.1)
    share = (OUTER_MM**3 - radius**3) / (OUTER_MM**3 - INNER_MM**3)
    assert np.abs(piece.depth - share)[inside].max() < 0.02


def test_both_outlines_are_filled_without_streaks(sliced: tuple[Cut, np.ndarray]) -> None:
    piece, radius = sliced
    assert (piece.inside_white ^ (radius < INNER_MM)).sum() < 0.04 * max(100, (radius < INNER_MM).sum())
    assert (piece.inside_pial ^ (radius < OUTER_MM)).sum() < 0.02 * (radius < OUTER_MM).sum()
    assert not piece.inside_pial[:, -1].any()


def test_every_pixel_takes_the_area_with_the_highest_score(sliced: tuple[Cut, np.ndarray]) -> None:
    piece, _ = sliced
    column = np.broadcast_to(np.arange(260), piece.area.shape)
    gray = ~np.isnan(piece.depth)
    assert (piece.area[gray & (column > 140)] == 1).all()
    assert (piece.area[gray & (column < 120)] == 0).all()
    assert (piece.area[~gray] == 255).all()


def test_a_warp_moves_pixels_where_it_moves_points() -> None:
    shell = sphere_shell(INNER_MM, OUTER_MM, rounds=4)
    waves = np.array([[2 * np.pi / 9000, 0, 0.3, 150.0, 250.0]])
    warp = Warp(waves, np.array([[0.0, -1, 400.0], [1, 0, -700.0]]))
    piece = cut(shell, 1.0, warp, GRID)
    angle = np.linspace(0, 2 * np.pi, 50)
    middle = np.c_[np.cos(angle), np.sin(angle)] * np.sqrt(11.0**2 - 1)
    column, row = ((to_section(middle, warp) - GRID.origin_um) / GRID.pixel_size_um).astype(int).T
    share = (OUTER_MM**3 - 11.0**3) / (OUTER_MM**3 - INNER_MM**3)
    assert np.abs(piece.depth[row, column] - share).max() < 0.06
