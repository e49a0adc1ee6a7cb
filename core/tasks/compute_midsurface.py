"""Compute the midsurface of a brain's cortex: reconstruction, depth field, surface, and its nodes' places on sections."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

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
from core.datasets.files import tissue_correction_file, tissue_file
from core.geometry.affine import Matrix, apply
from core.geometry.polygons import Ring, rings
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.kept_stages import Arrays, KeptStages
from core.units import um_to_mm

ENOUGH_TISSUE = 0.5
STAGES_VERSION = 1
"""Another one where a stage comes to find something else: what is kept of an older version is computed again."""
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
    and RemeshError say what is wrong with the tissue. JobInterruptedError when asked to stop: the next start goes on behind the
    last stage that was finished, each section being one.
    """
    parameters = definition.parameters
    if not isinstance(parameters, MidsurfaceParameters):
        raise MidsurfaceInputError(f"job {definition.key} is a {parameters.kind} job, not a midsurface job")
    if parameters.edge_um < _SHORTEST_EDGE * parameters.voxel_um:
        raise MidsurfaceInputError(f"edges of {parameters.edge_um:g} µm are too short for voxels of {parameters.voxel_um:g} µm")
    folder = BrainFolder(context.brain_folder)
    alignment = _aligned(folder)
    drawn = _drawn(definition.inputs.annotations, parameters.without)
    stages = KeptStages.of_inputs(context.checkpoints, "midsurface", _told(parameters, folder, alignment, drawn))
    work = _Work(folder, alignment, drawn, parameters, stages, _Steps(context, len(folder.brain.sections)))
    found = stages.of("surface", work.surface)
    surface = Surface(Mesh(found["vertices"], found["triangles"]), found["part"])
    nodes = work.on_sections(surface.mesh)
    mean_edge_um, edge_variation = edge_figures(surface.mesh)
    warnings = (*_doubts(work), *_unsolved(float(found["residual"])), *handles_in_words(surface))
    report = MidsurfaceReport(
        brain=folder.brain.id,
        voxel_um=parameters.voxel_um,
        parts=surface_parts(surface),
        nodes=len(surface.mesh.vertices),
        nodes_on_sections=int((nodes.section != NO_SECTION).sum()),
        usable_nodes=int(nodes.usable.sum()),
        mean_edge_um=mean_edge_um,
        edge_variation=edge_variation,
        repaired_voxels=int(found["repaired"]),
        removed_voxels=int(found["removed"]),
        warnings=warnings,
    )
    write_midsurface(context.results, _assembled(report, surface, nodes))
    stages.forget()


@dataclass(frozen=True, slots=True)
class _Steps:
    """Tells progress phase by phase, and ends the job when it is asked to stop; each section is a step of both passes."""

    context: JobContext
    sections: int

    def tell(self, phase: str, step: int) -> None:
        """This phase is on; JobInterruptedError when a stop was asked for."""
        if self.context.stop_requested():
            raise JobInterruptedError(f"the midsurface was stopped while {phase}; what was finished before is kept")
        self.context.report(Progress(at=datetime.now(UTC), phase=phase, step=step, of=2 * self.sections + 4))

    def between(self, phase: str, number: int) -> None:
        """One of the four phases between the passes, counted from 1."""
        self.tell(phase, self.sections + number)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Of each node the number of its section, its place there, and whether tissue was found around it."""

    section: NDArray[np.int32]
    point_um: NDArray[np.float32]
    usable: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Work:
    """The stages, each from what the one before kept: a stage that stands asks for none before it."""

    folder: BrainFolder
    alignment: Alignment
    drawn: Drawn
    parameters: MidsurfaceParameters
    stages: KeptStages
    steps: _Steps

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the sections."""
        return tuple(section.number for section in self.folder.brain.sections)

    @property
    def positions_um(self) -> NDArray[np.float64]:
        """Of the sections along the cutting axis, (n,)."""
        return np.array(self.numbers) * self.folder.brain.section_thickness_um

    def surface(self) -> Arrays:
        """The remeshed surface with what is to be told of how it came about."""
        volume, kept = self._volume()
        half = self.stages.of("half", lambda: self._half(volume))
        self.steps.between("remeshing", 4)
        beyond = usual_spacing(self.positions_um) / 2
        reach_um = (float(self.positions_um[0]) - beyond, float(self.positions_um[-1]) + beyond)
        surface = finished(volume, Mesh(half["vertices"], half["triangles"]), self.parameters.edge_um, reach_um)
        mesh: Arrays = {"vertices": surface.mesh.vertices, "triangles": surface.mesh.triangles, "part": surface.part}
        return {**mesh, "residual": half["residual"], "repaired": kept["repaired"], "removed": kept["removed"]}

    def on_sections(self, mesh: Mesh) -> _Nodes:
        """Nodes on the sections' images: cut, carried back through the alignment, pushed to the midline."""
        placed = places(mesh, um_to_mm(1.0) * self.positions_um)
        point_um = np.zeros((len(mesh.vertices), 2), np.float32)
        usable = np.zeros(len(mesh.vertices), np.uint8)
        section = np.full(len(mesh.vertices), NO_SECTION, np.int32)
        for index, number in enumerate(self.numbers):
            self.steps.tell(f"moving nodes to the midline of section {number}", self.steps.sections + 5 + index)
            nodes = np.flatnonzero(placed.section == index)
            if len(nodes):
                points_mm = placed.points[nodes][:, [0, 2]]
                here = self.stages.of(f"nodes-{number}", partial(self._moved, number, points_mm))
                section[nodes], point_um[nodes], usable[nodes] = number, here["point_um"], here["usable"]
        return _Nodes(section, point_um, usable)

    def _volume(self) -> tuple[Volume, Arrays]:
        grid = self._voxels()
        kept = self.stages.of("volume", lambda: self._filled(grid))
        return Volume(kept["labels"], kept["known"], grid, float(kept["first_um"])), kept

    def _filled(self, grid: RasterGrid) -> Arrays:
        stack = self._stacked(grid)
        self.steps.between("repairing damage and filling between sections", 1)
        stack, repaired_voxels = repaired(stack)
        stack, masked = without_areas(stack, self.alignment, self.drawn)
        volume, small = without_small_pieces(filled(stack))
        voxels: Arrays = {"labels": volume.labels, "known": volume.known, "first_um": np.array(volume.first_um)}
        return {**voxels, "repaired": np.array(repaired_voxels), "removed": np.array(masked + small)}

    def _stacked(self, grid: RasterGrid) -> SectionStack:
        """All sections on one raster of voxels; one section's tissue classes are in memory at a time."""
        placed = []
        for index, number in enumerate(self.numbers):
            self.steps.tell(f"placing section {number}", index + 1)
            here = self.stages.of(f"placed-{number}", partial(self._placed, number, grid))
            placed.append((here["labels"], here["known"]))
        labels, known = (np.stack(each) for each in zip(*placed, strict=True))
        return SectionStack(self.numbers, self.positions_um, labels, known, grid)

    def _voxels(self) -> RasterGrid:
        brain, voxel_um = self.folder.brain, self.parameters.voxel_um
        to_base: list[Matrix] = [self._to_base(number) for number in self.numbers]
        grid = common_grid(_images(brain), to_base, voxel_um)
        planes = max(len(self.numbers), int((self.positions_um[-1] - self.positions_um[0]) / voxel_um))
        if planes * grid.width_px * grid.height_px > _MOST_VOXELS:
            raise MidsurfaceInputError(f"brain {brain.id} has too many voxels of {voxel_um:g} µm; choose larger ones")
        return grid

    def _to_base(self, number: int) -> Matrix:
        return transform_between(self.alignment, number, self.alignment.base_section)

    def _placed(self, number: int, grid: RasterGrid) -> Arrays:
        labels, known = on_grid(*_tissue(self.folder, number), self._to_base(number), grid)
        return {"labels": labels, "known": known}

    def _half(self, volume: Volume) -> Arrays:
        depth = self.stages.of("depth", lambda: self._depth(volume))
        self.steps.between("taking the surface at half depth", 3)
        half = half_surface(volume, depth["field"])
        return {"vertices": half.vertices, "triangles": half.triangles, "residual": depth["residual"]}

    def _depth(self, volume: Volume) -> Arrays:
        def tell(sweeps: int, residual: float) -> None:
            self.steps.between(f"solving for depth: {sweeps} sweeps, residual {residual:.0e}", 2)

        self.steps.between("solving for depth", 2)
        solution = depth_field(volume.labels == BACKGROUND, volume.labels == WHITE, tell)
        return {"field": solution.field, "residual": np.array(solution.residual)}

    def _moved(self, number: int, points_mm: NDArray[np.float64]) -> Arrays:
        from_base = transform_between(self.alignment, self.alignment.base_section, number)
        cortex = cortex_of(*_tissue(self.folder, number))
        moved = pushed(cortex, apply(from_base, points_mm * (1000.0, -1000.0)))
        return {"point_um": moved, "usable": tissue_share(cortex, moved) >= ENOUGH_TISSUE}


def _told(parameters: MidsurfaceParameters, folder: BrainFolder, alignment: Alignment, drawn: Drawn) -> object:
    """Everything the surface depends on, for JSON; tissue classes by the size and the time of their files."""
    brain, states = folder.brain, []
    for section in brain.sections:
        for name in (tissue_file(brain.id, section.number), tissue_correction_file(brain.id, section.number)):
            file = folder.path / name
            states.append([file.stat().st_size, file.stat().st_mtime_ns] if file.exists() else None)
    outlines = {area: {number: [ring.tolist() for ring in each] for number, each in of.items()} for area, of in drawn.items()}
    told = [each.model_dump(mode="json") for each in (parameters, alignment)]
    return [STAGES_VERSION, *told, folder.fingerprint(), states, outlines]


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


def _images(brain: Brain) -> list[RasterGrid]:
    """How far the image of each section reaches."""
    return [
        RasterGrid(pixel_size_um=brain.pixel_size_um, width_px=section.width_px, height_px=section.height_px)
        for section in brain.sections
    ]


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


def _doubts(work: _Work) -> list[str]:
    """What of the reconstruction may be wrong, in words."""
    ends = (work.numbers[0], work.numbers[-1])
    doubts = [doubt for end in ends if (doubt := doubt_between(work.alignment, end, work.alignment.base_section))]
    widest_mm = um_to_mm(float(np.diff(work.positions_um).max()))
    if widest_mm > um_to_mm(_WIDE_GAP_UM):
        doubts.append(f"sections lie up to {widest_mm:.1f} mm apart; the surface between those is a guess")
    lonely = [area for area, outlines in work.drawn.items() if len(outlines) == 1]
    return [*doubts, *(f"{area} is drawn on one section, so it is taken out on that one only" for area in lonely)]


def _unsolved(residual: float) -> list[str]:
    return [f"the depth field is not solved to the end (residual {residual:.1e})"] if residual > TOLERANCE else []
