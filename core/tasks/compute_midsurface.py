"""Compute the midsurface of a brain's cortex: reconstruction, depth field, surface, and its nodes' places on sections."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.anatomy.chain import NoChainError, doubt_between, transform_between
from core.anatomy.isosurface import Surface, finished, half_surface
from core.anatomy.laplace import TOLERANCE, depth_field
from core.anatomy.mesh import Mesh
from core.anatomy.midline_push import cortex_of, pushed, tissue_share
from core.anatomy.midsurface import NO_SECTION, Midsurface, write_midsurface
from core.anatomy.section_cuts import places, usual_spacing
from core.anatomy.surface_report import edge_figures, handles_in_words, surface_parts
from core.anatomy.volume import (
    BACKGROUND,
    WHITE,
    Classes,
    SectionStack,
    Volume,
    common_grid,
    filled,
    on_grid,
    repaired,
    without_areas,
    without_small_pieces,
)
from core.contracts.annotations import FrozenAnnotation
from core.contracts.datasets import Alignment, Brain, RasterGrid
from core.contracts.graphs import MidsurfaceParameters, MidsurfaceReport
from core.contracts.jobs import JobDefinition, Progress
from core.datasets import BrainFolder, MissingFileError
from core.geometry.affine import Matrix, apply
from core.geometry.polygons import Ring, rings
from core.tasks.context import JobContext, JobInterruptedError
from core.units import um_to_mm

ENOUGH_TISSUE = 0.5
_WIDE_GAP_UM = 1000.0
_MOST_VOXELS = 1_000_000_000
"""Ten times a human brain at 300 µm; more is taken for a slip of the pen."""
_SHORTEST_EDGE = 0.25
"""Of a voxel: shorter edges tell nothing more."""

Drawn = dict[str, dict[int, list[Ring]]]


class MidsurfaceInputError(Exception):
    """A midsurface cannot be computed with what the job was given; the message says what to do first."""


def compute_midsurface(definition: JobDefinition, context: JobContext) -> None:
    """Write `midsurface.safetensors` and `midsurface.json` (MidsurfaceReport).

    MidsurfaceInputError names the job to run first where tissue classes or alignment are missing; VolumeError, NoSurfaceError
    and RemeshError say what is wrong with the tissue. JobInterruptedError when asked to stop: the next start begins anew.
    """
    parameters = definition.parameters
    if not isinstance(parameters, MidsurfaceParameters):
        raise MidsurfaceInputError(f"job {definition.key} is a {parameters.kind} job, not a midsurface job")
    if parameters.edge_um < _SHORTEST_EDGE * parameters.voxel_um:
        raise MidsurfaceInputError(f"edges of {parameters.edge_um:g} µm are too short for voxels of {parameters.voxel_um:g} µm")
    folder = BrainFolder(context.brain_folder)
    alignment = _aligned(folder)
    drawn = _drawn(definition.inputs.annotations, parameters.without)
    steps = _Steps(context, 2 * len(folder.brain.sections) + 4)
    stack = _stacked(folder, alignment, parameters.voxel_um, steps)
    steps.begin("repairing damage and filling between sections")
    stack, repaired_voxels = repaired(stack)
    stack, masked = without_areas(stack, alignment, drawn)
    volume, small = without_small_pieces(filled(stack))
    surface, residual = _surface(volume, stack, parameters.edge_um, steps)
    nodes = _on_sections(surface.mesh, stack, alignment, folder, steps)
    mean_edge_um, edge_variation = edge_figures(surface.mesh)
    report = MidsurfaceReport(
        brain=folder.brain.id,
        voxel_um=parameters.voxel_um,
        parts=surface_parts(surface),
        nodes=len(surface.mesh.vertices),
        nodes_on_sections=int((nodes.section != NO_SECTION).sum()),
        usable_nodes=int(nodes.usable.sum()),
        mean_edge_um=mean_edge_um,
        edge_variation=edge_variation,
        repaired_voxels=repaired_voxels,
        removed_voxels=masked + small,
        warnings=(*_doubts(stack, alignment, drawn), *_unsolved(residual), *handles_in_words(surface)),
    )
    write_midsurface(context.results, _assembled(report, surface, nodes))


@dataclass
class _Steps:
    """Tells progress phase by phase, and ends the job when it is asked to stop."""

    context: JobContext
    of: int
    begun: int = 0

    def begin(self, phase: str) -> None:
        """The next phase; JobInterruptedError when a stop was asked for."""
        self.begun += 1
        self.go_on(phase)

    def go_on(self, phase: str) -> None:
        """Tell more of this phase."""
        if self.context.stop_requested():
            raise JobInterruptedError(f"the midsurface was stopped while {phase}; it begins anew")
        self.context.report(Progress(at=datetime.now(UTC), phase=phase, step=self.begun, of=self.of))


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Of each node the number of its section, its place there, and whether tissue was found around it."""

    section: NDArray[np.int32]
    point_um: NDArray[np.float32]
    usable: NDArray[np.uint8]


def _aligned(folder: BrainFolder) -> Alignment:
    """The alignment, with chains from every section to the middle one."""
    name, sections = folder.brain.id, folder.brain.sections
    if len(sections) < 2:
        raise MidsurfaceInputError(f"brain {name} has {len(sections)} sections; a surface needs two or more")
    remedy = f"run an align job on brain {name} first"
    try:
        alignment = folder.alignment
        for section in sections:
            transform_between(alignment, section.number, alignment.base_section)
    except MissingFileError as error:
        raise MidsurfaceInputError(f"brain {name} is not aligned; {remedy}") from error
    except NoChainError as error:
        raise MidsurfaceInputError(f"{error}; {remedy}") from error
    return alignment


def _drawn(annotations: tuple[FrozenAnnotation, ...], without: tuple[str, ...]) -> Drawn:
    """Rings by area and section of the areas that are not cortex; each must be annotated somewhere."""
    drawn: Drawn = {area: {} for area in without}
    for annotation in annotations:
        if annotation.area in drawn:
            drawn[annotation.area].setdefault(annotation.section, []).extend(rings(annotation.paths))
    for area, outlines in drawn.items():
        if not outlines:
            raise MidsurfaceInputError(f"{area} is to be left out, but nowhere annotated; draw it on a few sections")
    return drawn


def _tissue(folder: BrainFolder, number: int) -> tuple[Classes, RasterGrid]:
    """The tissue classes of a section; MidsurfaceInputError where they are missing."""
    try:
        return folder.tissue(number)
    except MissingFileError as error:
        remedy = f"run a tissue job on brain {folder.brain.id} first"
        raise MidsurfaceInputError(f"section {number} has no tissue classes; {remedy}") from error


def _stacked(folder: BrainFolder, alignment: Alignment, voxel_um: float, steps: _Steps) -> SectionStack:
    """All sections on one raster of voxels; one section's tissue classes are in memory at a time."""
    brain = folder.brain
    numbers = tuple(section.number for section in brain.sections)
    to_base: list[Matrix] = [transform_between(alignment, number, alignment.base_section) for number in numbers]
    voxels = common_grid(_images(brain), to_base, voxel_um)
    positions_um = np.array(numbers) * brain.section_thickness_um
    planes = max(len(numbers), int((positions_um[-1] - positions_um[0]) / voxel_um))
    if planes * voxels.width_px * voxels.height_px > _MOST_VOXELS:
        raise MidsurfaceInputError(f"brain {brain.id} has too many voxels of {voxel_um:g} µm; choose larger ones")
    placed = []
    for number, matrix in zip(numbers, to_base, strict=True):
        steps.begin(f"placing section {number}")
        placed.append(on_grid(*_tissue(folder, number), matrix, voxels))
    labels, known = (np.stack(each) for each in zip(*placed, strict=True))
    return SectionStack(numbers, positions_um, labels, known, voxels)


def _images(brain: Brain) -> list[RasterGrid]:
    """How far the image of each section reaches."""
    return [
        RasterGrid(pixel_size_um=brain.pixel_size_um, width_px=section.width_px, height_px=section.height_px)
        for section in brain.sections
    ]


def _surface(volume: Volume, stack: SectionStack, edge_um: float, steps: _Steps) -> tuple[Surface, float]:
    """The remeshed surface, and the residual that the depth field was left with."""

    def tell(sweeps: int, residual: float) -> None:
        steps.go_on(f"solving for depth: {sweeps} sweeps, residual {residual:.0e}")

    steps.begin("solving for depth")
    solution = depth_field(volume.labels == BACKGROUND, volume.labels == WHITE, tell)
    steps.begin("taking the surface at half depth")
    half = half_surface(volume, solution.field)
    steps.begin("remeshing")
    beyond = usual_spacing(stack.positions_um) / 2
    reach_um = (float(stack.positions_um[0]) - beyond, float(stack.positions_um[-1]) + beyond)
    return finished(volume, half, edge_um, reach_um), solution.residual


def _on_sections(mesh: Mesh, stack: SectionStack, alignment: Alignment, folder: BrainFolder, steps: _Steps) -> _Nodes:
    """Nodes on the sections' images: cut, carried back through the alignment, pushed to the midline."""
    placed = places(mesh, um_to_mm(1.0) * stack.positions_um)
    point_um = np.zeros((len(mesh.vertices), 2), np.float32)
    usable = np.zeros(len(mesh.vertices), np.uint8)
    section = np.full(len(mesh.vertices), NO_SECTION, np.int32)
    for index, number in enumerate(stack.numbers):
        steps.begin(f"moving nodes to the midline of section {number}")
        nodes = np.flatnonzero(placed.section == index)
        if len(nodes):
            from_base = transform_between(alignment, alignment.base_section, number)
            cortex = cortex_of(*_tissue(folder, number))
            moved = pushed(cortex, apply(from_base, placed.points[nodes][:, [0, 2]] * (1000.0, -1000.0)))
            section[nodes], point_um[nodes] = number, moved
            usable[nodes] = tissue_share(cortex, moved) >= ENOUGH_TISSUE
    return _Nodes(section, point_um, usable)


def _assembled(report: MidsurfaceReport, surface: Surface, nodes: _Nodes) -> Midsurface:
    return Midsurface(
        report=report,
        vertices_mm=surface.mesh.vertices.astype(np.float32),
        triangles=surface.mesh.triangles,
        part=surface.part.astype(np.uint8),
        section=nodes.section,
        point_um=nodes.point_um,
        usable=nodes.usable,
    )


def _doubts(stack: SectionStack, alignment: Alignment, drawn: Drawn) -> list[str]:
    """What of the reconstruction may be wrong, in words."""
    ends = (stack.numbers[0], stack.numbers[-1])
    doubts = [doubt for end in ends if (doubt := doubt_between(alignment, end, alignment.base_section))]
    widest_mm = um_to_mm(float(np.diff(stack.positions_um).max()))
    if widest_mm > um_to_mm(_WIDE_GAP_UM):
        doubts.append(f"sections lie up to {widest_mm:.1f} mm apart; the surface between those is a guess")
    lonely = [area for area, outlines in drawn.items() if len(outlines) == 1]
    return [*doubts, *(f"{area} is drawn on one section, so it is taken out on that one only" for area in lonely)]


def _unsolved(residual: float) -> list[str]:
    return [f"the depth field is not solved to the end (residual {residual:.1e})"] if residual > TOLERANCE else []
