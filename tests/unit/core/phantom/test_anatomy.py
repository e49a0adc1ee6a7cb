"""Baked surfaces and their subdivision."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from core.phantom.anatomy import BLOCKS, PIAL_FRACTION, Surface, load_block, near_planes, subdivide, tilt
from core.phantom.cytoarchitecture import PROFILES
from tests.unit.core.phantom.shapes import sphere_shell


def test_an_unknown_block_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="occipital_left"):
        load_block("frontal")


@pytest.mark.parametrize("name", BLOCKS)
def test_pia_lies_a_cortex_away_from_white_matter(name: str) -> None:
    surface = load_block(name)
    thickness_mm = np.linalg.norm(surface.pial - surface.white, axis=1) / PIAL_FRACTION
    assert 2.0 < np.median(thickness_mm) < 3.5
    assert surface.triangles.min() == 0
    assert surface.triangles.max() == len(surface.white) - 1


def _members(surface: Surface, area: str) -> np.ndarray:
    return surface.scores.argmax(1) == surface.names.index(area)


@pytest.mark.parametrize("name", ["occipital_left", "occipital_right"])
def test_striate_cortex_is_one_piece_surrounded_by_area_18(name: str) -> None:
    surface = load_block(name)
    striate = _members(surface, "BA17")
    edges = np.vstack([surface.triangles[:, [0, 1]], surface.triangles[:, [1, 2]], surface.triangles[:, [2, 0]]])
    inner = edges[striate[edges].all(1)]
    graph = sparse.csr_matrix((np.ones(len(inner)), inner.T), (len(striate), len(striate)))
    pieces = connected_components(graph, directed=False)[1][striate]
    assert len(np.unique(pieces)) == 1
    beyond = edges[striate[edges].sum(1) == 1]
    outside = np.where(striate[beyond[:, 0]], beyond[:, 1], beyond[:, 0])
    assert _members(surface, "BA18")[outside].mean() > 0.9


def test_motor_and_somatosensory_cortex_are_there_for_the_calibration() -> None:
    surface = load_block("central_left")
    assert {"BA4", "BA1_3"} <= set(surface.names) & set(PROFILES)


def test_subdivision_makes_four_triangles_of_each_and_keeps_a_sphere_round() -> None:
    coarse = sphere_shell(10.0, 12.0, rounds=4)
    fine = subdivide(coarse)
    assert len(fine.triangles) == 4 * len(coarse.triangles)
    radius = np.linalg.norm(fine.white, axis=1)
    assert np.ptp(radius) < 0.03
    assert np.allclose(np.linalg.norm(fine.pial, axis=1) / radius, 1.2)
    assert np.allclose(fine.scores.sum(1), 1, atol=1e-5)


def test_subdivision_keeps_the_rim_of_an_open_piece_in_its_plane() -> None:
    corners = np.array([[0, 0, 0], [4, 0, 0], [4, 0, 4], [0, 0, 4]], float)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    flat = Surface(corners, corners + np.array([0, 1, 0]), triangles, np.ones((4, 1), np.float32), ("BA17",))
    fine = subdivide(subdivide(flat))
    assert np.allclose(fine.white[:, 1], 0)
    assert np.allclose(fine.pial[:, 1], 1)


def test_near_planes_keeps_whatever_a_plane_between_would_cut() -> None:
    shell = sphere_shell(10.0, 12.0, rounds=3)
    near = near_planes(shell, 2.0, 3.0)
    assert 0 < len(near.triangles) < len(shell.triangles)
    assert near.triangles.max() == len(near.white) - 1
    touched = [s.white[s.triangles][..., 1] for s in (shell, near)]
    crossing = [((y.min(1) < 2.5) & (y.max(1) > 2.5)).sum() for y in touched]
    assert crossing[0] == crossing[1]


def test_tilting_turns_about_the_given_point() -> None:
    shell = sphere_shell(10.0, 12.0, rounds=2)
    turned = tilt(shell, (1.0, 2.0, 3.0), 30.0, -20.0)
    centre = np.array([1.0, 2.0, 3.0])
    assert np.allclose(np.linalg.norm(turned.white - centre, axis=1), np.linalg.norm(shell.white - centre, axis=1))
    assert not np.allclose(turned.white, shell.white)
