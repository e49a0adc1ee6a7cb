"""Simple closed shapes for geometry tests."""

import numpy as np

from core.phantom.anatomy import Surface


def sphere_shell(inner_mm: float, outer_mm: float, rounds: int) -> Surface:
    """Two concentric spheres as a matched surface: an octahedron, refined and pushed outward; two areas, left and right."""
    vertices = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    triangles = [(a, b, c) for a in (0, 1) for b in (2, 3) for c in (4, 5)]
    for _ in range(rounds):
        middles: dict[tuple[int, int], int] = {}
        points = list(vertices)

        def middle(a: int, b: int, points: list = points, middles: dict = middles) -> int:
            key = (min(a, b), max(a, b))
            if key not in middles:
                middles[key] = len(points)
                points.append((points[a] + points[b]) / np.linalg.norm(points[a] + points[b]))
            return middles[key]

        split = []
        for a, b, c in triangles:
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            split += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        vertices, triangles = np.array(points), split
    right = (vertices[:, 0] > 0).astype(np.float32)
    scores = np.stack([1 - right, right], 1)
    return Surface(vertices * inner_mm, vertices * outer_mm, np.array(triangles, np.int32), scores, ("BA17", "BA18"))
