"""A brain that is a ball of white matter in a shell of cortex: tissue classes and alignment only, no images."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from core.contracts.datasets import Alignment, AlignmentStep, Brain, RasterGrid, RigidTransform, Section
from core.datasets import write_alignment, write_brain, write_tissue
from core.geometry.affine import apply, invert, rigid_matrix
from core.geometry.frames import px_to_um

THICKNESS_UM, SPACING, PIXEL_SIZE_UM = 20.0, 15, 60.0
INNER_MM, OUTER_MM = 2.4, 4.8
CENTRE_UM = (6000.0, 5500.0)
"""In the middle section's frame."""
NUMBERS = tuple(range(300, 300 + 37 * SPACING, SPACING))
MIDDLE = NUMBERS[len(NUMBERS) // 2]


def write_ball_brain(root: Path, numbers: tuple[int, ...] = NUMBERS) -> Path:
    """Sections 0.3 mm apart, each turned and shifted a little; the alignment knows how."""
    folder = root / "BALL"
    placements = {number: _placement(number) for number in numbers}
    sections = tuple(
        Section(number=number, file=f"sections/BALL_{number:04d}.tif", width_px=1200, height_px=1100, fingerprint="0" * 64)
        for number in numbers
    )
    brain = Brain(
        id="BALL",
        title="Ball",
        provenance="Synthetic",
        synthetic=True,
        pixel_size_um=10.0,
        section_thickness_um=THICKNESS_UM,
        sections=sections,
    )
    folder.mkdir(parents=True)
    write_brain(folder, brain)
    steps = tuple(
        AlignmentStep(section=a, successor=b, transform=_between(placements[a], placements[b])) for a, b in pairwise(numbers)
    )
    write_alignment(folder, Alignment(base_section=MIDDLE, steps=steps))
    grid = RasterGrid(pixel_size_um=PIXEL_SIZE_UM, width_px=200, height_px=183)
    for number in numbers:
        write_tissue(folder, "BALL", number, _classes(number, placements[number], grid), grid)
    return folder


def _placement(number: int) -> RigidTransform:
    """From the middle section's frame to a section's."""
    if number == MIDDLE:
        return RigidTransform()
    random = np.random.default_rng(number)
    angle, dx, dy = random.normal(0, (0.02, 150, 150))
    return RigidTransform(angle_rad=float(angle), dx_um=float(dx), dy_um=float(dy))


def _between(source: RigidTransform, target: RigidTransform) -> RigidTransform:
    matrix = rigid_matrix(target) @ invert(rigid_matrix(source))
    return RigidTransform(angle_rad=target.angle_rad - source.angle_rad, dx_um=float(matrix[0, 2]), dy_um=float(matrix[1, 2]))


def _classes(number: int, placement: RigidTransform, grid: RasterGrid) -> np.ndarray:
    rows, columns = np.indices((grid.height_px, grid.width_px))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
    places = apply(invert(rigid_matrix(placement)), px_to_um(pixels, grid.pixel_size_um))
    beside = (places - CENTRE_UM) / 1000
    along = (number - MIDDLE) * THICKNESS_UM / 1000
    radius = np.sqrt((beside**2).sum(axis=1) + along**2)
    classes = np.where(radius > OUTER_MM, 0, np.where(radius > INNER_MM, 2, 1)).astype(np.uint8)
    return classes.reshape(rows.shape)
