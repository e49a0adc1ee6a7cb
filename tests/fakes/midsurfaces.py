"""Small midsurfaces for tests: a flat sheet of cortex."""

import numpy as np

from core.anatomy.midsurface import NO_SECTION, Midsurface
from core.contracts.graphs import MidsurfaceReport, SurfacePart


def flat_midsurface(columns: int = 5, sections: tuple[int, ...] = (901, 911, 921), brain: str = "TINY") -> Midsurface:
    """A sheet of right triangles, a row of nodes on each section, 0.2 mm apart; the last node of all lies on none."""
    x, row = np.meshgrid(np.arange(columns), np.arange(len(sections)))
    number = np.asarray(sections)[row.ravel()]
    vertices = np.stack([x.ravel() * 0.2, number * 0.02, np.zeros(x.size)], axis=1).astype(np.float32)
    corner = (np.arange(len(sections) - 1)[:, np.newaxis] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + columns], axis=1)
    upper = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    triangles = np.concatenate([lower, upper]).astype(np.int32)
    section = number.astype(np.int32)
    section[-1] = NO_SECTION
    usable = (section != NO_SECTION).astype(np.uint8)
    part = SurfacePart(
        name="part-1",
        vertices=len(vertices),
        triangles=len(triangles),
        euler=1,
        boundary_edges=2 * (columns + len(sections) - 2),
        non_manifold_edges=0,
        area_mm2=0.02 * len(triangles),
    )
    report = MidsurfaceReport(
        brain=brain,
        voxel_um=300.0,
        parts=(part,),
        nodes=len(vertices),
        nodes_on_sections=int(usable.sum()),
        usable_nodes=int(usable.sum()),
        mean_edge_um=228.0,
        edge_variation=0.17,
        repaired_voxels=0,
        removed_voxels=0,
    )
    point = (vertices[:, [0, 2]] * 1000 * usable[:, np.newaxis]).astype(np.float32)
    return Midsurface(report, vertices, triangles, np.zeros(len(vertices), np.uint8), section, point, usable)
