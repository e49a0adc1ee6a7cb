"""A surface as large as a human brain's, as `midsurface` and `graph` jobs leave it. No brain of that size is at hand.

Both folded hemispheres of `benchmarks.midsurface_whole`, taken by marching cubes at voxels so fine that each has some 760,000
nodes (thesis 7.1.1), cut into sections 0.3 mm apart. Areas lie around random places of the surface, a probability falls towards
their borders, and every tenth section is annotated. The product's own functions write the files. Synthetic.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from skimage.measure import marching_cubes

from benchmarks.midsurface_whole import CORTEX_MM, RADII_MM, depth_mm
from core.anatomy.isosurface import Surface
from core.anatomy.mesh import Mesh, parts
from core.anatomy.midsurface import MESH_FILE, REPORT_FILE, Midsurface, write_midsurface
from core.anatomy.surface_report import edge_figures, surface_parts
from core.contracts.features import AreaScore, Scores
from core.contracts.graphs import GraphReport, GraphSettings, MidsurfaceReport
from core.tasks.train_graph import NodesGiven, write_surface

VOXEL_MM = 0.375
SECTION_MM, THICKNESS_MM = 0.3, 0.02
ANNOTATED_EVERY = 10  # sections
PATCHES = 3  # of an area on the surface
Points = NDArray[np.float64]


def whole_midsurface(brain: str, voxel_mm: float = VOXEL_MM, size: float = 1.0) -> Midsurface:
    """Both hemispheres, the right one the left one's mirror image; every node has its place on a section."""
    depth = depth_mm(voxel_mm, size)
    voxels, triangles, _, _ = marching_cubes(depth, -CORTEX_MM / 2, allow_degenerate=False)  # type: ignore[no-untyped-call]
    middle = voxels.astype(np.float64) * voxel_mm - (np.array(depth.shape) - 1) * voxel_mm / 2
    along, down, right = middle.T
    aside = depth.shape[2] * voxel_mm / 2
    left_one = np.stack([right - aside, along, -down], axis=1)
    both = np.concatenate([left_one, left_one * (-1, 1, 1)])
    turned = np.concatenate([triangles[:, ::-1], triangles + len(left_one)])  # so that both have their outside outside
    mesh = Mesh(both, np.ascontiguousarray(turned, np.int32))
    surface = Surface(mesh, parts(mesh))
    section = np.rint((both[:, 1] + RADII_MM[0] * size) / SECTION_MM).astype(np.int32) * round(SECTION_MM / THICKNESS_MM) + 1000
    mean_um, variation = edge_figures(mesh)
    report = MidsurfaceReport(
        brain=brain,
        voxel_um=voxel_mm * 1000,
        parts=surface_parts(surface),
        nodes=len(both),
        nodes_on_sections=len(both),
        usable_nodes=len(both),
        mean_edge_um=mean_um,
        edge_variation=variation,
        repaired_voxels=0,
        removed_voxels=0,
        warnings=("made up for a benchmark: no brain",),
    )
    return Midsurface(
        report=report,
        vertices_mm=both.astype(np.float32),
        triangles=mesh.triangles,
        part=surface.part.astype(np.uint8),
        section=section,
        point_um=(1000 * (both[:, [0, 2]] * (1, -1) - both[:, [0, 2]].min(axis=0))).astype(np.float32),
        usable=np.ones(len(both), np.uint8),
    )


def found_on(surface: Midsurface, areas: int, seed: int = 0) -> NodesGiven:
    """Areas around random nodes, surer in their middle, and what was annotated of them on some sections."""
    random = np.random.default_rng(seed)
    points: Points = surface.vertices_mm.astype(np.float64)
    centres = KDTree(points[random.choice(len(points), PATCHES * areas, replace=False)])
    (first, second), near = centres.query(points, 2)[0].T, centres.query(points)[1] % areas
    sure = (0.5 + 0.5 * (second - first) / second).astype(np.float32)
    probabilities = np.zeros((len(points), areas), np.float32)
    rows = np.arange(len(points))
    probabilities[rows, near] = sure
    probabilities[rows, (near + 1) % areas] = 1 - sure
    number = (surface.section - 1000) // round(SECTION_MM / THICKNESS_MM)
    annotated = np.where(number % ANNOTATED_EVERY == 0, near, -1).astype(np.int16)
    uses = np.where(annotated < 0, 0, 1 + (number // ANNOTATED_EVERY % 5 == 0)).astype(np.uint8)
    return NodesGiven(probabilities, annotated, uses)


def midsurface_results(folder: Path, surface: Midsurface) -> dict[str, bytes]:
    """What a midsurface job leaves, by name."""
    write_midsurface(folder, surface)
    return {name: (folder / name).read_bytes() for name in (REPORT_FILE, MESH_FILE)}


def graph_results(folder: Path, surface: Midsurface, areas: tuple[str, ...]) -> dict[str, bytes]:
    """What a graph job leaves but for its network and its predictions, by name; the scores are made up."""
    given = found_on(surface, len(areas))
    told = write_surface(folder, surface, given, areas)
    report = GraphReport(
        areas=areas,
        settings=GraphSettings(features=("coordinates",)),
        surfaces=(told,),
        train=_perfect(areas),
        final_loss=0.1,
        mean_probability=float(given.probabilities.max(axis=1).mean()),
    )
    place = f"surfaces/{told.file}"
    return {"graph.json": report.model_dump_json().encode(), place: (folder / place).read_bytes()}


def _perfect(areas: tuple[str, ...]) -> Scores:
    each = tuple(AreaScore(area=area, f1=1.0, precision=1.0, recall=1.0, patches=10) for area in areas)
    return Scores(macro_f1=1.0, areas=each, confusion=tuple(map(tuple, (10 * np.eye(len(areas), dtype=int)).tolist())))
