import numpy as np
import pytest

from core.anatomy.surface_registration import SIDEWAYS, Surface, SurfaceError, outward_normals, registered, smooth_field
from tests.unit.core.graphs.meshes import icosphere


def bumpy() -> tuple[np.ndarray, np.ndarray]:
    """An egg of 30 x 70 x 50 mm with bumps, on one side of the origin."""
    points, triangles = icosphere(4)
    bumps = 1 + 0.08 * np.cos(5 * points[:, 0] + 4 * points[:, 1]) * np.sin(6 * points[:, 2] + points[:, 1])
    return points * bumps[:, None] * (30, 70, 50) + (-40, -10, 10), triangles


def test_normals_point_outward_whichever_way_the_triangles_turn():
    points, triangles = icosphere(2)
    for turned in (triangles, triangles[:, ::-1]):
        assert ((outward_normals(points, turned) * points).sum(axis=1) > 0.99).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_bent_scaled_and_mirrored_surface_comes_to_lie_where_it_was(mirrored):
    vertices, triangles = bumpy()
    bent = vertices * (1.1, 0.95, 1.0) + 4 * np.sin(vertices[:, [1, 2, 0]] / 30) + (3, 5, -2)
    given = Surface.of(bent * SIDEWAYS if mirrored else bent, triangles)
    found = registered(given, Surface.of(vertices, triangles))
    assert found.mirrored == mirrored
    assert found.residual_mm < 1
    # Affine alone leaves 1.7 mm, and along the surface shape says little.
    assert np.linalg.norm(found.surface.vertices_mm - vertices, axis=1).mean() < 2


def test_other_numbers_of_the_same_vertices_make_no_difference():
    vertices, triangles = bumpy()
    order = np.random.default_rng(0).permutation(len(vertices))
    number = np.argsort(order)
    fixed = Surface.of(vertices + 2 * np.sin(vertices[:, [1, 2, 0]] / 20), triangles)
    one = registered(Surface.of(vertices, triangles), fixed).surface.vertices_mm
    other = registered(Surface.of(vertices[order], number[triangles]), fixed).surface.vertices_mm
    assert np.linalg.norm(other[number] - one, axis=1).mean() < 0.5


def test_a_smooth_field_keeps_what_is_the_same_everywhere_and_fades_far_away():
    places = np.random.default_rng(0).uniform(0, 60, size=(4000, 3))
    same = np.tile([1.0, -2.0], (4000, 1))
    inside, outside = smooth_field(places, same, np.array([[30.0, 30, 30], [300, 30, 30]]), 8.0)
    assert np.allclose(inside, [1, -2], atol=0.05)
    assert np.abs(outside).max() < 1e-6


def test_a_flat_or_unfinished_surface_is_refused():
    points, triangles = icosphere(1)
    for wrong in (points * (1, 1, 0), np.where(points > 0.8, np.nan, points)):
        with pytest.raises(SurfaceError, match="finite and not in a plane"):
            Surface.of(wrong, triangles)
