"""Draw the picture of the midsurface that the documents show, from a demo brain and its `brodmann midsurface` folder.

python -m scripts.midsurface_picture BRAIN_FOLDER MIDSURFACE_FOLDER [--out docs/images/midsurface.jpg]
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from core.anatomy.mesh import Mesh
from core.anatomy.midsurface import Midsurface, read_midsurface
from core.anatomy.section_cuts import cut
from core.datasets import BrainFolder
from core.imaging.sections import read_whole

mpl.use("Agg")
import matplotlib.pyplot as plt
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

SHOWN = {911: "#c8102e", 961: "#00a0c8", 1011: "#7a3fb0"}
"""Sections cut through the mesh, with their colours."""
OVERVIEW_UM = 32.0
TISSUE, LIGHT = np.array([0.93, 0.80, 0.66]), np.array([0.45, -0.65, 0.62])


def draw(brain: BrainFolder, surface: Midsurface, file: Path) -> None:
    """The mesh with the lines of some sections on it, and beside it one of them with its nodes."""
    figure = plt.figure(figsize=(11, 5.6))
    mesh_view(figure.add_axes((0.0, 0.0, 0.5, 1.0), projection="3d"), brain, surface)
    number = list(SHOWN)[1]
    with brain.pyramid(number) as pyramid:
        image = read_whole(pyramid, OVERVIEW_UM)
    height, width = (side * OVERVIEW_UM / 1000 for side in image.shape)
    axes = figure.add_axes((0.52, 0.02, 0.46, 0.96))
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    for usable, colour in ((1, SHOWN[number]), (0, "#e0a000")):
        x, y = surface.point_um[(surface.section == number) & (surface.usable == usable)].T / 1000
        axes.plot(x, y, ".", color=colour, markersize=5)
    axes.set_axis_off()
    figure.savefig(file, dpi=110, pil_kwargs={"quality": 85})
    plt.close(figure)


def mesh_view(axes: "plt.Axes", brain: BrainFolder, surface: Midsurface) -> None:
    """The mesh from behind and the left, triangles shaded by how they face the light."""
    vertices, triangles = surface.vertices_mm.astype(np.float64), surface.triangles
    colours = np.clip(TISSUE * _shade(vertices, triangles)[:, np.newaxis], 0, 1)
    axes.add_collection3d(
        Poly3DCollection(vertices[triangles], facecolors=colours, edgecolors=(0, 0, 0, 0.18), linewidths=0.25)
    )
    thickness_mm = brain.brain.section_thickness_um / 1000
    for number, colour in SHOWN.items():
        points = cut(Mesh(vertices, triangles), number * thickness_mm).points
        axes.plot(*points.T, ".", color=colour, markersize=2.2, zorder=10)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    for limits, a, b in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), low, high, strict=True):
        limits(a, b)
    axes.set_box_aspect(high - low, zoom=1.35)
    axes.view_init(elev=18, azim=-52)
    axes.set_axis_off()


def _shade(vertices: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return 0.68 + 0.32 * normals @ (LIGHT / np.linalg.norm(LIGHT))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brain", type=Path)
    parser.add_argument("midsurface", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images/midsurface.jpg"))
    options = parser.parse_args()
    draw(BrainFolder(options.brain), read_midsurface(options.midsurface / "results"), options.out)
