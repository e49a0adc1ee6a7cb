"""A small brain dataset of random texture, written with the real writers."""

import fcntl
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import Alignment, AlignmentStep, Area, Brain, RasterGrid, RigidTransform, Section
from core.datasets import fingerprint_file, write_alignment, write_brain, write_tissue
from core.datasets.changing import LOCK_FILE
from core.imaging.writer import PyramidOptions, write_pyramid

WIDTH_PX, HEIGHT_PX, PIXEL_SIZE_UM = 700, 500, 8.0
NUMBERS = (901, 921, 941, 961)


def _rows(pixels: NDArray[np.uint8], first: int, count: int) -> NDArray[np.uint8]:
    return pixels[first : first + count]


def write_small_brain(root: Path, brain_id: str = "SMALL", numbers: tuple[int, ...] = NUMBERS) -> Path:
    """Sections of 5.6 x 4.0 mm at 8 µm, all gray matter; texture is noise, so the images say nothing about anatomy."""
    folder = root / brain_id
    (folder / "sections").mkdir(parents=True)
    generator = np.random.default_rng(0)
    sections = []
    for number in numbers:
        pixels = generator.integers(80, 220, (HEIGHT_PX, WIDTH_PX), dtype=np.uint8)
        path = folder / "sections" / f"{brain_id}_{number:04d}.tif"
        write_pyramid(
            path,
            partial(_rows, pixels),
            WIDTH_PX,
            HEIGHT_PX,
            PyramidOptions(pixel_size_um=PIXEL_SIZE_UM, tile_size_px=256),
        )
        file = f"sections/{path.name}"
        sections.append(
            Section(number=number, file=file, width_px=WIDTH_PX, height_px=HEIGHT_PX, fingerprint=fingerprint_file(path))
        )
    write_brain(folder, _brain(brain_id, tuple(sections)))
    steps = tuple(AlignmentStep(section=a, successor=b, transform=RigidTransform()) for a, b in pairwise(numbers))
    write_alignment(folder, Alignment(base_section=numbers[0], steps=steps))
    tissue = np.full((HEIGHT_PX // 8, WIDTH_PX // 8), 2, np.uint8)
    grid = RasterGrid(pixel_size_um=8 * PIXEL_SIZE_UM, width_px=WIDTH_PX // 8, height_px=HEIGHT_PX // 8)
    for number in numbers:
        write_tissue(folder, brain_id, number, tissue, grid)
    return folder


def is_held(folder: Path) -> bool:
    """Whether somebody is changing what is derived of the brain."""
    with (folder / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _brain(brain_id: str, sections: tuple[Section, ...]) -> Brain:
    return Brain(
        id=brain_id,
        title="A small brain of noise",
        provenance="Random texture for tests",
        synthetic=True,
        pixel_size_um=PIXEL_SIZE_UM,
        section_thickness_um=20.0,
        areas=(
            Area(name="hOc1", long_name="Human occipital cytoarchitectonic area 1", colour="#e05050"),
            Area(name="hOc2", long_name="Human occipital cytoarchitectonic area 2", colour="#50a0e0"),
        ),
        sections=sections,
    )
