"""Draw the two pictures of the phantom that the documents show, from a built demo brain.

python -m scripts.phantom_pictures BRAIN_FOLDER [--out docs/images]
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.contracts.annotations import SectionOutlines
from core.datasets import BrainFolder
from core.geometry.polygons import Ring, rings
from core.geometry.rasterise import rasterise
from core.imaging.sections import read_at, read_whole

mpl.use("Agg")
import matplotlib.pyplot as plt

SECTION = 921
OVERVIEW_UM, CLOSE_UP_UM = 16.0, 2.0
CLOSE_UP_PX = (1300, 1000)
NAMED = ("hOc1", "hOc2", "hOc3")


def overview(brain: BrainFolder, number: int, file: Path) -> None:
    """The whole section with the outlines of its areas in the nomenclature's colours."""
    with brain.pyramid(number) as pyramid:
        image = read_whole(pyramid, OVERVIEW_UM)
    figure, axes = _frame(image, OVERVIEW_UM, width_in=7)
    colours = {area.name: area.colour for area in brain.brain.areas}
    for outline in brain.truth(number).outlines:
        for index, ring in enumerate(sorted(rings(outline.paths), key=len, reverse=True)):
            axes.fill(*(ring / 1000).T, facecolor=colours[outline.area] + "38", edgecolor=colours[outline.area], linewidth=1.6)
            if index == 0 and outline.area in NAMED:
                axes.plot([], [], color=colours[outline.area], linewidth=5, label=outline.area)
    axes.legend(loc="lower left", bbox_to_anchor=(0.015, 0.06), frameon=False, fontsize=12)
    _scale_bar(axes, image.shape, OVERVIEW_UM, 5.0)
    figure.savefig(file, dpi=140, pil_kwargs={"quality": 85})
    plt.close(figure)


def close_up(brain: BrainFolder, number: int, file: Path) -> None:
    """The border of hOc1 and hOc2 at 2 µm, marked beside the cortex."""
    x_um, y_um = border(brain, number)
    width_px, height_px = CLOSE_UP_PX
    # On the grid of whole pixels, so that nothing is resampled.
    left_um = CLOSE_UP_UM * round(x_um / CLOSE_UP_UM - width_px / 2)
    top_um = CLOSE_UP_UM * round(y_um / CLOSE_UP_UM - height_px / 2)
    with brain.pyramid(number) as pyramid:
        image = read_at(pyramid, CLOSE_UP_UM, left_um, top_um, width_px, height_px)
    figure, axes = _frame(image, CLOSE_UP_UM, width_in=width_px / 140)
    outlines = brain.truth(number)
    for name, dashes in (("hOc1", (0, (6, 5))), ("hOc2", (6, (6, 5)))):
        colour = next(area.colour for area in brain.brain.areas if area.name == name)
        for ring in _rings_of(outlines, name):
            closed = np.vstack([ring, ring[:1]])
            axes.plot(*((closed - (left_um, top_um)) / 1000).T, color=colour, linewidth=2, linestyle=dashes)
        axes.plot([], [], color=colour, linewidth=3, label=name)
    axes.legend(loc="upper right", frameon=True, fontsize=12)
    _scale_bar(axes, image.shape, CLOSE_UP_UM, 0.5)
    figure.savefig(file, dpi=140, pil_kwargs={"quality": 85})
    plt.close(figure)


def border(brain: BrainFolder, number: int) -> tuple[float, float]:
    """Centre of the lowest piece of the border between hOc1 and hOc2 (µm)."""
    _, grid = brain.true_tissue(number)
    outlines = brain.truth(number)
    masks = [ndimage.binary_dilation(rasterise(_rings_of(outlines, name), grid), iterations=2) for name in ("hOc1", "hOc2")]
    pieces, count = ndimage.label(masks[0] & masks[1])
    sizes = ndimage.sum_labels(np.ones_like(pieces), pieces, np.arange(1, count + 1))
    centres = ndimage.center_of_mass(pieces > 0, pieces, np.flatnonzero(sizes > 200) + 1)
    row, column = max(centres)
    return (column + 0.5) * grid.pixel_size_um, (row + 0.5) * grid.pixel_size_um


def _rings_of(outlines: SectionOutlines, name: str) -> list[Ring]:
    return next(rings(outline.paths) for outline in outlines.outlines if outline.area == name)


def _frame(image: NDArray[np.uint8], pixel_size_um: float, width_in: float) -> tuple[plt.Figure, plt.Axes]:
    height, width = (n * pixel_size_um / 1000 for n in image.shape)
    figure = plt.figure(figsize=(width_in, width_in * height / width))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0), interpolation="antialiased")
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _scale_bar(axes: plt.Axes, shape: tuple[int, ...], pixel_size_um: float, length_mm: float) -> None:
    height, width = (n * pixel_size_um / 1000 for n in shape)
    left, y = width * 0.03, height * 0.965
    axes.plot([left, left + length_mm], [y, y], color="black", linewidth=4, solid_capstyle="butt")
    axes.text(left + length_mm / 2, y - height * 0.01, f"{length_mm:g} mm", ha="center", va="bottom", fontsize=11)


def main() -> None:
    """Draw both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brain", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--section", type=int, default=SECTION)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    brain = BrainFolder(options.brain)
    overview(brain, options.section, options.out / "phantom-section.jpg")
    close_up(brain, options.section, options.out / "phantom-border.jpg")


if __name__ == "__main__":
    main()
