"""How fast is the midsurface of a phantom brain made, and how near does it lie to the true one?

Example: python -m benchmarks.midsurface --brain data/brains/B20 --json benchmarks/results/midsurface.json

The brain's tissue classes and alignment are used as they are there: computed ones measure the whole way, adopted truth the
midsurface alone. The true midsurface is the mean of the white and pial surfaces that the phantom was cut from. Nodes are
carried into its space by the phantom's own motion, deformation included; told is the distance to the nearest point of a
sampling of it 0.1 mm apart, before the push to the midline of their section (`distance`) and after it (`place_distance`).
`covered_share` is the part of the true midsurface in the images that has a node within 0.5 mm: holes take from it, and what
shows no pia or no white matter beside it on any section.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from benchmarks.alignment import spec_of
from benchmarks.figures import Figure, run
from core.anatomy.chain import transform_between
from core.anatomy.mesh import boundary_loops
from core.anatomy.midsurface import NO_SECTION, Midsurface, read_midsurface
from core.contracts.graphs import MidsurfaceParameters
from core.datasets import BrainFolder
from core.geometry.affine import apply
from core.phantom.anatomy import load_block, near_planes, subdivide, tilt
from core.phantom.assemble import state_of
from core.phantom.atlas import to_plane
from core.phantom.cutting import to_section
from core.phantom.presets import PhantomSpec
from core.tasks.compute_midsurface import compute_midsurface
from core.tasks.run_here import context, definition

NEAR_MM = 0.5
RIM_UM = 500.0
Points3 = NDArray[np.float64]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures; `--quick` leaves nothing out, it takes seconds."""
    folder = BrainFolder(options.brain)
    with tempfile.TemporaryDirectory() as out:
        parameters = MidsurfaceParameters(voxel_um=options.voxel_um, edge_um=options.edge_um)
        surroundings = context([folder], Path(out), Path(out), lambda _: None, lambda: False)
        started = time.perf_counter()
        compute_midsurface(definition(folder, parameters), surroundings)
        seconds = time.perf_counter() - started
        surface = read_midsurface(Path(out) / "results")
    return [Figure("midsurface.demo_s", seconds, "s", 300.0), *_topology(surface), *_distances(surface, folder)]


def _topology(surface: Midsurface) -> list[Figure]:
    report = surface.report
    euler = sum(part.euler for part in report.parts)
    loops = boundary_loops(surface.triangles)
    return [
        Figure("midsurface.nodes", report.nodes, ""),
        Figure("midsurface.parts", len(report.parts), ""),
        Figure("midsurface.euler", euler, ""),
        Figure("midsurface.handles", (2 * len(report.parts) - euler - loops) / 2, "", 0.0),
        Figure("midsurface.rims", loops, ""),
        Figure("midsurface.non_manifold_edges", sum(part.non_manifold_edges for part in report.parts), "", 0.0),
        Figure("midsurface.mean_edge_um", report.mean_edge_um, "µm"),
        Figure("midsurface.edge_variation", report.edge_variation, ""),
        Figure("midsurface.usable_share", report.usable_nodes / report.nodes, ""),
    ]


def _distances(surface: Midsurface, folder: BrainFolder) -> list[Figure]:
    spec = spec_of(folder)
    truth = true_midsurface(spec)
    tree = KDTree(truth)
    mesh, place = nodes_in_anatomy(surface, folder, spec)
    before, after = (1000 * tree.query(points)[0] for points in (mesh, place))
    shown = truth[_is_shown(truth, spec)]
    covered = KDTree(place).query(shown)[0] <= NEAR_MM
    return [
        Figure("midsurface.distance_um", float(np.median(before)), "µm"),
        Figure("midsurface.p95_distance_um", float(np.percentile(before, 95)), "µm"),
        Figure("midsurface.place_distance_um", float(np.median(after)), "µm"),
        Figure("midsurface.p95_place_distance_um", float(np.percentile(after, 95)), "µm"),
        Figure("midsurface.covered_share", float(covered.mean()), ""),
    ]


def true_midsurface(spec: PhantomSpec) -> Points3:
    """Points (n, 3) of it (mm, RAS), 0.1 mm apart, around the sections."""
    planes = [spec.plane_mm(number) for number in spec.numbers]
    points = []
    for block in spec.blocks:
        turned = tilt(load_block(block), spec.tilt_centre_mm, spec.pitch_deg, spec.yaw_deg)
        fine = subdivide(subdivide(subdivide(near_planes(turned, min(planes) - 1, max(planes) + 1))))
        points.append((fine.white + fine.pial) / 2)
    return np.concatenate(points)


def nodes_in_anatomy(surface: Midsurface, folder: BrainFolder, spec: PhantomSpec) -> tuple[Points3, Points3]:
    """Nodes on sections (n, 3) where the anatomy has them: their vertices, and their places on the sections after the push."""
    alignment = folder.alignment
    mesh, place = [], []
    for number in (section.number for section in folder.brain.sections):
        nodes = surface.section == number
        vertices = surface.vertices_mm[nodes].astype(np.float64)
        from_base = transform_between(alignment, alignment.base_section, number)
        here = apply(from_base, vertices[:, [0, 2]] * (1000.0, -1000.0))
        along = spec.origin_mm + vertices[:, 1]
        mesh.append(_in_anatomy(here, along, spec, number))
        pushed = surface.point_um[nodes].astype(np.float64)
        place.append(_in_anatomy(pushed, np.full(len(pushed), spec.plane_mm(number)), spec, number))
    assert not (surface.section == NO_SECTION).all()
    return np.concatenate(mesh), np.concatenate(place)


def _in_anatomy(points_um: NDArray[np.float64], along_mm: NDArray[np.float64], spec: PhantomSpec, number: int) -> Points3:
    x, y = to_plane(points_um, state_of(spec, number).warp).T / 1000
    return np.stack([x, along_mm, -y], axis=1)


def _is_shown(truth: Points3, spec: PhantomSpec) -> NDArray[np.bool_]:
    """Which points lie between the first and the last section and well within their images."""
    planes = [spec.plane_mm(number) for number in spec.numbers]
    inside = (truth[:, 1] >= min(planes)) & (truth[:, 1] <= max(planes))
    nearest = np.abs(truth[inside, 1, np.newaxis] - planes).argmin(axis=1)
    size_um = 1000 * np.array([spec.window.width_mm, spec.window.height_mm])
    shown = np.zeros(len(nearest), np.bool_)
    for index, number in enumerate(spec.numbers):
        mine = nearest == index
        places = to_section(truth[inside][mine][:, [0, 2]], state_of(spec, number).warp)
        shown[mine] = ((places >= RIM_UM) & (places <= size_um - RIM_UM)).all(axis=1)
    inside[inside] = shown
    return inside


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, required=True, help="folder of a phantom with tissue classes and alignment")
    parser.add_argument("--voxel-um", type=float, default=300.0)
    parser.add_argument("--edge-um", type=float, default=300.0)
    run(measure, parser)
