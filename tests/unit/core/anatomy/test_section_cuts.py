import numpy as np
import pytest

from core.anatomy.mesh import Mesh
from core.anatomy.section_cuts import NOWHERE, cut, nearest_sections, places, usual_spacing


def sheet(tilt: float = 0.0) -> Mesh:
    """A strip of 0.1 mm squares along the cutting axis, from 0 to 1 mm, rising by `tilt` along it."""
    x, y = np.meshgrid(np.arange(4) * 0.1, np.arange(11) * 0.1)
    vertices = np.stack([x.ravel(), y.ravel(), tilt * y.ravel()], axis=1)
    corner = (np.arange(10)[:, np.newaxis] * 4 + np.arange(3)).ravel()
    lower = np.stack([corner, corner + 1, corner + 4], axis=1)
    upper = np.stack([corner + 1, corner + 5, corner + 4], axis=1)
    return Mesh(vertices, np.concatenate([lower, upper]).astype(np.int32))


def test_a_plane_crosses_edges_where_they_meet_it() -> None:
    found = cut(sheet(tilt=0.5), 0.25)
    assert found.points[:, 1] == pytest.approx(0.25)
    assert found.points[:, 2] == pytest.approx(0.125)
    assert found.share == pytest.approx(0.5)
    assert len(found.edges) == 4 + 3  # along the strip, and the diagonals


def test_a_plane_through_vertices_meets_each_once() -> None:
    found = cut(sheet(), 0.5)
    assert len(np.unique(found.points.round(9), axis=0)) == 4
    assert len(cut(sheet(), 5.0).edges) == 0


def test_a_node_belongs_to_the_nearest_section_within_half_a_spacing() -> None:
    positions = np.array([0.0, 0.2, 0.4, 1.4, 1.6])
    assert usual_spacing(positions) == pytest.approx(0.2)
    along = np.array([-0.11, -0.1, 0.09, 0.11, 0.5, 0.51, 0.9, 1.31, 1.69, 1.71])
    found = nearest_sections(along, positions)
    assert found.tolist() == [NOWHERE, 0, 0, 1, 2, NOWHERE, NOWHERE, 3, 4, NOWHERE]


def test_nodes_slide_along_their_edges_to_the_section() -> None:
    mesh = sheet(tilt=0.5)
    found = places(mesh, np.array([0.04, 0.54]))
    near = (found.section != NOWHERE) & (np.abs(mesh.vertices[:, 1] - found.points[:, 1]) < 0.05)
    # All these lie in the tilted sheet again, not straight above the node.
    assert found.points[near, 2] == pytest.approx(0.5 * found.points[near, 1])
    assert near.sum() == 8


def test_a_node_whose_edges_do_not_reach_the_section_is_dropped_onto_it() -> None:
    mesh = sheet(tilt=0.5)
    found = places(mesh, np.array([0.0, 0.5]))
    row = np.flatnonzero(np.isclose(mesh.vertices[:, 1], 0.7))
    assert found.section[row].tolist() == [1] * 4
    assert found.points[row, 1] == pytest.approx(0.5)
    assert found.points[row, 2] == pytest.approx(mesh.vertices[row, 2])


def test_nodes_on_no_section_stay_where_they_are() -> None:
    mesh = sheet()
    found = places(mesh, np.array([0.0, 0.1]))
    beyond = mesh.vertices[:, 1] > 0.16
    assert (found.section[beyond] == NOWHERE).all()
    assert found.points[beyond] == pytest.approx(mesh.vertices[beyond])
