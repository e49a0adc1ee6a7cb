"""Small graphs for tests: a sphere whose hemispheres differ in noisy features, and the gray matter of a brain's sections."""

import numpy as np
from scipy.spatial import Delaunay

from core.anatomy.midsurface import Midsurface
from core.contracts.graphs import MidsurfaceReport, SurfacePart
from core.datasets import BrainFolder
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


def gray_midsurface(folder: BrainFolder, spacing_um: float) -> Midsurface:
    """Nodes on a lattice in the gray matter of each section, joined within the section; the last one is not usable."""
    points, numbers, triangles, count = [], [], [], 0
    for section in folder.brain.sections:
        labels, grid = folder.tissue(section.number)
        step = round(spacing_um / grid.pixel_size_um)
        row, column = np.nonzero(labels[::step, ::step] == 2)
        here = (np.c_[column, row] * step + 0.5) * grid.pixel_size_um + np.asarray(grid.origin_um)
        triangles.append(Delaunay(here).simplices + count)
        points.append(here)
        numbers.append(np.full(len(here), section.number, np.int32))
        count += len(here)
    point, number = np.concatenate(points).astype(np.float32), np.concatenate(numbers)
    vertices = np.c_[point[:, 0] / 1000, number * 0.02, -point[:, 1] / 1000].astype(np.float32)
    usable = np.ones(count, np.uint8)
    usable[-1] = 0
    part = SurfacePart(
        name="part-1",
        vertices=count,
        triangles=sum(map(len, triangles)),
        euler=1,
        boundary_edges=0,
        non_manifold_edges=0,
        area_mm2=1.0,
    )
    report = MidsurfaceReport(
        brain=folder.brain.id,
        voxel_um=300.0,
        parts=(part,),
        nodes=count,
        nodes_on_sections=count,
        usable_nodes=count - 1,
        mean_edge_um=spacing_um,
        edge_variation=0.0,
        repaired_voxels=0,
        removed_voxels=0,
    )
    joined = np.concatenate(triangles).astype(np.int32)
    return Midsurface(report, vertices, joined, np.zeros(count, np.uint8), number, point, usable)
