"""How long does the surface of a whole brain take, and how much memory? No tissue of one is at hand, so it is made up.

Example: python -m benchmarks.midsurface_whole --json benchmarks/results/midsurface_whole.json

Two ellipsoids of the size of hemispheres, their outlines folded by a periodic function, with a cortex 2.6 mm thick, at
300 µm: as many voxels and nodes as a brain has, without its irregularities. Measured from tissue classes in voxels to the
remeshed surface; `memory_gb` is the most that the process held, the making of the tissue included.
"""

import argparse
import resource
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.anatomy.isosurface import finished, half_surface
from core.anatomy.laplace import depth_field
from core.anatomy.surface_report import edge_figures, surface_parts
from core.anatomy.volume import BACKGROUND, GRAY, WHITE, Volume
from core.contracts.datasets import RasterGrid

VOXEL_MM, CORTEX_MM = 0.3, 2.6
RADII_MM = (80.0, 54.0, 31.0)  # along the cutting axis, down, right
GAP_MM = 3.0
WAVE_MM, FOLD_MM = 21.0, 3.5


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures; `--quick` takes a brain of half the size."""
    volume = folded_brain(0.5 if options.quick else 1.0)
    gray = int(np.count_nonzero(volume.labels == GRAY))
    started = time.perf_counter()
    solution = depth_field(volume.labels == BACKGROUND, volume.labels == WHITE)
    solved = time.perf_counter()
    half = half_surface(volume, solution.field)
    taken = time.perf_counter()
    surface = finished(volume, half, VOXEL_MM * 1000, (-1e9, 1e9))
    ended = time.perf_counter()
    parts = surface_parts(surface)
    mean_um, variation = edge_figures(surface.mesh)
    return [
        Figure("midsurface.whole_s", ended - started, "s"),
        Figure("midsurface.whole_depth_s", solved - started, "s"),
        Figure("midsurface.whole_sweeps", solution.sweeps, ""),
        Figure("midsurface.whole_residual", solution.residual, ""),
        Figure("midsurface.whole_surface_s", taken - solved, "s"),
        Figure("midsurface.whole_remesh_s", ended - taken, "s"),
        Figure("midsurface.whole_gray_voxels", gray / 1e6, "M"),
        Figure("midsurface.whole_nodes", len(surface.mesh.vertices), ""),
        Figure("midsurface.whole_parts", len(parts), ""),
        Figure("midsurface.whole_non_manifold_edges", sum(part.non_manifold_edges for part in parts), ""),
        Figure("midsurface.whole_mean_edge_um", mean_um, "µm"),
        Figure("midsurface.whole_edge_variation", variation, ""),
        Figure("midsurface.whole_memory_gb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, "GB"),
    ]


def folded_brain(size: float) -> Volume:
    """Both hemispheres as tissue classes; the right one is the left one's mirror image."""
    half = _hemisphere(size)
    labels = np.concatenate([half, half[:, :, ::-1]], axis=2)
    grid = RasterGrid(pixel_size_um=VOXEL_MM * 1000, width_px=labels.shape[2], height_px=labels.shape[1])
    return Volume(labels, np.ones(labels.shape, np.bool_), grid, 0.0)


def _hemisphere(size: float) -> NDArray[np.uint8]:
    depth = depth_mm(VOXEL_MM, size)
    return np.where(depth > 0, BACKGROUND, np.where(depth > -CORTEX_MM, GRAY, WHITE)).astype(np.uint8)


def depth_mm(voxel_mm: float, size: float = 1.0) -> NDArray[np.float32]:
    """About how far each voxel (planes, rows, columns) of a hemisphere lies outside its folded outline; less than 0 inside."""
    radii = np.array(RADII_MM) * size
    reach = np.ceil((radii + FOLD_MM + GAP_MM / 2) / voxel_mm).astype(int)
    p, q, r = (voxel_mm * np.arange(-n, n + 1, dtype=np.float32) for n in reach)
    p, q, r = p[:, None, None], q[None, :, None], r[None, None, :]
    away = np.sqrt((p / radii[0]) ** 2 + (q / radii[1]) ** 2 + (r / radii[2]) ** 2).astype(np.float32)
    level = (away - 1) * np.float32(radii.min())
    k = np.float32(2 * np.pi / WAVE_MM)
    level += FOLD_MM * (np.sin(k * p) * np.cos(k * q) + np.sin(k * q) * np.cos(k * r) + np.sin(k * r) * np.cos(k * p))
    steepness = np.zeros_like(level)
    for axis in range(3):
        steepness += np.gradient(level, voxel_mm, axis=axis) ** 2
    depth: NDArray[np.float32] = level / np.maximum(np.sqrt(steepness), np.float32(0.3))
    return depth


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
