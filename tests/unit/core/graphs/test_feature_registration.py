import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.graphs.feature_registration import SphereError, slid, spread_on_sphere
from core.graphs.neighbours import neighbour_table
from tests.unit.core.graphs.meshes import icosphere, torus

RADII_MM = (30, 70, 50)


def egg(splits: int = 4):
    points, triangles = icosphere(splits)
    return points, points * RADII_MM, triangles, neighbour_table(len(points), triangles)


def waves(points: np.ndarray) -> np.ndarray:
    """Features (n, 3) that differ from place to place."""
    return np.stack([np.sin(4 * points[:, 0] + 2 * points[:, 1]), np.cos(5 * points[:, 1]), np.sin(5 * points[:, 2])], axis=1)


def test_a_closed_surface_is_spread_on_a_sphere_of_its_area():
    _, vertices, triangles, table = egg()
    sphere = spread_on_sphere(vertices, triangles, table)
    assert np.allclose(np.linalg.norm(sphere.points, axis=1), 1)
    corners = sphere.points[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert area.min() > 0.2 * area.mean()
    assert 45 < sphere.radius_mm < 55


def test_features_that_slipped_along_the_surface_are_found():
    points, vertices, triangles, table = egg()
    sphere = spread_on_sphere(vertices, triangles, table)
    slipped = Rotation.from_rotvec([0.1, 0.05, -0.1]).apply(points)
    found = slid(sphere, table, waves(points), waves(slipped))
    before, after = (np.linalg.norm((each - slipped) * RADII_MM, axis=1).mean() for each in (points, points[found]))
    assert before > 6
    assert after < 0.5 * before


def test_equal_features_stay_and_noise_moves_little():
    points, vertices, triangles, table = egg()
    sphere = spread_on_sphere(vertices, triangles, table)
    own = waves(points)
    assert (slid(sphere, table, own, own) == np.arange(len(points))).all()
    noise = np.random.default_rng(0).normal(size=own.shape)
    assert np.linalg.norm(vertices[slid(sphere, table, own, noise)] - vertices, axis=1).mean() < 8


def test_a_ring_is_no_sphere():
    rows, columns = 12, 40
    triangles = torus(rows, columns)
    around, along = np.divmod(np.arange(rows * columns), columns)
    far = 30 + 10 * np.cos(2 * np.pi * around / rows)
    turn = 2 * np.pi * along / columns
    vertices = np.stack([far * np.cos(turn), far * np.sin(turn), 10 * np.sin(2 * np.pi * around / rows)], axis=1)
    with pytest.raises(SphereError, match="without handles"):
        spread_on_sphere(vertices, triangles, neighbour_table(len(vertices), triangles))
    with pytest.raises(SphereError, match="without neighbours"):
        spread_on_sphere(vertices, triangles[:10], neighbour_table(len(vertices), triangles[:10]))
