"""Build a phantom brain as a brain dataset on disk: images, and apart from them the truth about them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from core.contracts.annotations import Outline, SectionOutlines
from core.contracts.datasets import Alignment, AlignmentStep, Area, Brain, Section
from core.contracts.jobs import Progress
from core.datasets import BrainFolder, fingerprint_file, write_alignment, write_brain, write_tissue, write_truth
from core.datasets.files import TRUTH_FOLDER
from core.geometry.polygons import Ring, area_um2, simplify, to_paths
from core.imaging.writer import PyramidOptions, write_pyramid
from core.phantom.anatomy import Surface, load_block, near_planes, subdivide, tilt
from core.phantom.atlas import write_atlas
from core.phantom.cytoarchitecture import PROFILES
from core.phantom.maps import SectionMaps, section_maps
from core.phantom.presets import PRESETS, PhantomSpec
from core.phantom.render import Renderer
from core.phantom.variation import SectionState, between, residual_um, section_state

Report = Callable[[Progress], None]

PROVENANCE = (
    "Synthetic tissue on real anatomy. The cortical surfaces are those of one real subject (pycortex S1), the areas are "
    "Brodmann's of 1909 carried onto them; layers, cells and staining are drawn by the phantom and calibrated to "
    "summary statistics of the BigBrain. No image here shows real tissue."
)
_SMALLEST_PIECE_UM2 = 20_000.0  # smaller specks of an area are no one's annotation
_OUTLINE_TOLERANCE_UM = 4.0
_SERIAL_MEGAPIXELS = 100.0  # below this, starting workers takes longer than it saves


def build(folder: Path, preset: str, report: Report | None = None, workers: int = 2) -> None:
    """Build one of the preset brains in `folder`; ValueError names the presets there are."""
    if preset not in PRESETS:
        raise ValueError(f"no phantom preset called {preset!r}; there are {', '.join(PRESETS)}")
    build_brain(folder, PRESETS[preset], report, workers)


def build_brain(folder: Path, spec: PhantomSpec, report: Report | None = None, workers: int = 2) -> None:
    """Build any phantom brain in `folder`; `brain.json` comes last, so a folder that has one is complete.

    Raises ValueError when the folder already holds another brain.
    """
    _refuse_other_brain(folder, spec)
    for name in ("sections", TRUTH_FOLDER):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "brain.json").unlink(missing_ok=True)
    sections: dict[int, Section] = {}
    started = monotonic()
    for section in _make_sections(folder, spec, workers):
        sections[section.number] = section
        if report is not None:
            report(_progress(len(sections), len(spec.numbers), monotonic() - started))
    write_atlas(folder, spec, {number: state_of(spec, number).warp for number in spec.numbers})
    write_alignment(folder / TRUTH_FOLDER, alignment(spec))
    write_brain(folder, _brain(spec, [sections[number] for number in spec.numbers]))


def alignment(spec: PhantomSpec) -> Alignment:
    """The true rigid transforms between neighbours; what deformation leaves over is each step's residual."""
    states = {number: state_of(spec, number) for number in spec.numbers}
    steps = tuple(
        AlignmentStep(
            section=a,
            successor=b,
            transform=between(states[a].placement, states[b].placement),
            residual_um=residual_um(states[a], states[b], spec.window),
        )
        for a, b in zip(spec.numbers[:-1], spec.numbers[1:], strict=True)
    )
    return Alignment(base_section=spec.numbers[len(spec.numbers) // 2], steps=steps)


def state_of(spec: PhantomSpec, number: int) -> SectionState:
    """What is particular to one section."""
    return section_state(spec.seed, number, spec.variation, spec.window, dict(spec.damage).get(number))


def maps_of(spec: PhantomSpec, number: int) -> SectionMaps:
    """The maps of one section."""
    return section_maps(list(_surfaces(spec)), spec.plane_mm(number), state_of(spec, number), spec.window)


def renderer_of(spec: PhantomSpec, number: int) -> Renderer:
    """What draws the pixels of one section."""
    return Renderer(maps_of(spec, number), spec.pixel_size_um, state_of(spec, number).cell_seed)


def outlines_of(maps: SectionMaps, number: int) -> SectionOutlines:
    """The true outline of every area on a section, as rings between pixels, holes included."""
    areas = [profile.area.name for profile in PROFILES.values()]
    outlines = ((name, _rings(maps.area_mask(name), maps.grid.pixel_size_um)) for name in areas)
    return SectionOutlines(section=number, outlines=tuple(Outline(area=name, paths=to_paths(r)) for name, r in outlines if r))


def _rings(mask: NDArray[np.bool_], pixel_size_um: float) -> list[Ring]:
    """Half-way contours of the slightly smoothed mask: neighbours share them, and no step of the pixels is left."""
    if not mask.any():
        return []
    soft = cv2.GaussianBlur(mask.astype(np.float64), (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    limit = np.array(mask.shape[::-1]) * pixel_size_um
    contours: list[Ring] = find_contours(np.pad(soft, 1), 0.5)  # type: ignore[no-untyped-call]
    rings = (np.clip((contour[:-1, ::-1] - 0.5) * pixel_size_um, 0, limit) for contour in contours)
    return [simplify(ring, _OUTLINE_TOLERANCE_UM) for ring in rings if len(ring) > 3 and area_um2([ring]) > _SMALLEST_PIECE_UM2]


@cache
def _surfaces(spec: PhantomSpec) -> tuple[Surface, ...]:
    planes = [spec.plane_mm(number) for number in spec.numbers]
    turned = (tilt(load_block(block), spec.tilt_centre_mm, spec.pitch_deg, spec.yaw_deg) for block in spec.blocks)
    return tuple(subdivide(subdivide(near_planes(surface, min(planes) - 2, max(planes) + 2))) for surface in turned)


def _make_sections(folder: Path, spec: PhantomSpec, workers: int) -> Iterator[Section]:
    if workers <= 1 or spec.megapixels < _SERIAL_MEGAPIXELS:
        yield from (_make_section(folder, spec, number) for number in spec.numbers)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), cv2.setNumThreads, (1,))
    try:
        waiting = [pool.submit(_make_section, folder, spec, number) for number in spec.numbers]
        for done in as_completed(waiting):
            yield done.result()
    finally:  # after an error or Ctrl-C nothing new is begun
        pool.shutdown(cancel_futures=True)


def _make_section(folder: Path, spec: PhantomSpec, number: int) -> Section:
    renderer = renderer_of(spec, number)
    maps = renderer.maps
    file = f"sections/{spec.brain_id}_{number:04d}.tif"
    options = PyramidOptions(
        pixel_size_um=spec.pixel_size_um, jpeg_quality=spec.jpeg_quality, description=f"{spec.brain_id} {number}: {PROVENANCE}"
    )
    write_pyramid(folder / file, renderer.rows, renderer.width_px, renderer.height_px, options)
    write_tissue(folder / TRUTH_FOLDER, spec.brain_id, number, maps.classes, maps.grid)
    write_truth(folder, spec.brain_id, outlines_of(maps, number))
    return Section(
        number=number,
        file=file,
        width_px=renderer.width_px,
        height_px=renderer.height_px,
        fingerprint=fingerprint_file(folder / file),
        flags=tuple(crack.kind for crack in state_of(spec, number).cracks),
    )


def _progress(step: int, of: int, elapsed_s: float) -> Progress:
    eta_s = elapsed_s / step * (of - step)
    return Progress(at=datetime.now(UTC), phase="rendering sections", step=step, of=of, eta_s=eta_s)


def _brain(spec: PhantomSpec, sections: list[Section]) -> Brain:
    return Brain(
        id=spec.brain_id,
        title=spec.title,
        provenance=PROVENANCE,
        synthetic=True,
        pixel_size_um=spec.pixel_size_um,
        section_thickness_um=spec.section_thickness_um,
        areas=_areas(spec),
        sections=tuple(sections),
    )


def _areas(spec: PhantomSpec) -> tuple[Area, ...]:
    """The areas of the pieces of anatomy the brain is cut from."""
    present = {name for block in spec.blocks for name in load_block(block).names}
    return tuple(profile.area for name, profile in PROFILES.items() if name in present)


def _refuse_other_brain(folder: Path, spec: PhantomSpec) -> None:
    if not (folder / "brain.json").exists():
        return
    there = BrainFolder(folder).brain.id
    if there != spec.brain_id:
        raise ValueError(f"{folder} holds the brain {there}; build {spec.brain_id} in another folder")
