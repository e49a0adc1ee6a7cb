"""Small graphs for tests: a sphere whose hemispheres differ in noisy features."""

import numpy as np

from core.graphs.cortex import TEST, TRAINING, CortexGraph, JoinedGraphs
from core.graphs.neighbours import neighbour_table
from tests.unit.core.graphs.meshes import icosphere


def two_areas(splits: int = 3, noise: float = 2.0, seed: int = 0) -> JoinedGraphs:
    """Two areas above and below the equator, the share of one feature that tells them lost in noise at single nodes."""
    vertices, triangles = icosphere(splits)
    generator = np.random.default_rng(seed)
    areas = (vertices[:, 2] > 0).astype(np.int16)
    told = (2.0 * areas[:, None] - 1 + noise * generator.normal(size=(len(areas), 4))).astype(np.float16)
    uses = np.where(vertices[:, 0] > 0.3, TEST, TRAINING).astype(np.uint8)
    table = neighbour_table(len(areas), triangles)
    return JoinedGraphs.of([CortexGraph.of(table, {"cytoarchitecture": told}, areas, uses)])
