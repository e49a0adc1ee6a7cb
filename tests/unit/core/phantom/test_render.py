"""Rendering: any window is the same picture, and the mean stain is what the maps ask for."""

import numpy as np
import pytest

from core.phantom.assemble import renderer_of
from core.phantom.cytoarchitecture import tables
from core.phantom.presets import PRESETS
from core.phantom.render import Renderer


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return renderer_of(PRESETS["tiny"], 911)


def test_a_window_is_the_same_cut_from_any_larger_one(renderer: Renderer) -> None:
    whole = renderer.window(300, 900, 400, 300)
    assert np.array_equal(renderer.window(411, 973, 120, 90), whole[73:163, 111:231])
    assert np.array_equal(renderer.rows(950, 20)[:, 300:700], whole[50:70])


def test_coarser_pixels_show_the_same_cells(renderer: Renderer) -> None:
    fine = Renderer(renderer.maps, 1.0, renderer.seed).window(1600, 1600, 1024, 1024).astype(float)
    coarse = Renderer(renderer.maps, 4.0, renderer.seed).window(400, 400, 256, 256).astype(float)
    shrunk = fine.reshape(256, 4, 256, 4).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), coarse.ravel())[0, 1] > 0.9
    assert shrunk.mean() == pytest.approx(coarse.mean(), abs=0.5)


def test_pixels_of_8_um_are_means_of_finer_ones(renderer: Renderer) -> None:
    fine = Renderer(renderer.maps, 4.0, renderer.seed).window(800, 600, 256, 128).astype(float)
    coarse = Renderer(renderer.maps, 8.0, renderer.seed).window(400, 300, 128, 64)
    assert np.abs(fine.reshape(64, 2, 128, 2).mean((1, 3)) - coarse).max() <= 0.5


def test_pixels_too_coarse_for_single_cells_are_refused(renderer: Renderer) -> None:
    with pytest.raises(ValueError, match="render finer and average"):
        Renderer(renderer.maps, 16.0, renderer.seed)


def test_the_mean_over_each_tissue_is_the_stain_of_the_maps(renderer: Renderer) -> None:
    image = renderer.window(0, 0, renderer.width_px, renderer.height_px).astype(float)
    at_map = image.reshape(500, 4, 500, 4).mean((1, 3))
    inner = renderer.maps.inside_um > 60
    for name in ("WM", "hOc1", "hOc2"):
        here = inner & (renderer.maps.tissue == tables().names.index(name))
        assert here.sum() > 500
        assert at_map[here].mean() == pytest.approx(renderer.maps.stain[here].mean(), abs=1.0)


def test_sections_have_different_cells_over_the_same_anatomy() -> None:
    here, there = (renderer_of(PRESETS["tiny"], number) for number in (911, 921))
    a, b = (r.window(1200, 1200, 200, 200).astype(float) for r in (here, there))
    assert here.seed != there.seed
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.5
    same = (here.maps.classes == there.maps.classes).mean()
    assert same > 0.8
