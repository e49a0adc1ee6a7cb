"""The two phantom brains on which local models are measured: the demo brain, and one of other tissue, tilt and stain.

Both hold one interval of 2.4 mm with a section every 0.2 mm, drawn at 4 µm, the finest that the demo preset looks at.
Tissue classes and alignment are computed from the images by the same tasks as of any brain. Start weights were trained on
the left hemisphere; both brains are of the right one, and no setting was chosen by looking at the second but
the number of iterations (docs/reference/quality.md).

Which areas are tested follows from the outlines alone: those that have `LEAST_MM2` on every section of the interval. The
window shows a part of the hemisphere, and an area of which it holds only a corner is no test of anything. An area that the
window cuts is kept when what is in it is large enough.
"""

import os
from dataclasses import replace
from pathlib import Path

from brodmann.local_run import context
from brodmann.progress import TerminalProgress
from core.contracts.anatomy import AlignParameters, TissueParameters
from core.contracts.datasets import Alignment
from core.datasets import BrainFolder, write_alignment, write_tissue
from core.datasets.files import ALIGNMENT_FILE, tissue_file
from core.datasets.tissue import read_tissue
from core.geometry.polygons import area_um2, rings
from core.phantom.assemble import build_brain
from core.phantom.presets import PRESETS, PhantomSpec
from core.phantom.variation import Variation, Window
from core.tasks.align_sections import align_sections
from core.tasks.compute_tissue import FOLDER as TISSUE
from core.tasks.compute_tissue import compute_tissue
from core.tasks.run_here import definition
from core.units import um2_to_mm2

LEAST_MM2 = 15.0
ENDS = (901, 1021)
SECTIONS = tuple(range(ENDS[0], ENDS[1] + 1, 10))
PIXEL_SIZE_UM = 4.0

DEMO = replace(PRESETS["demo"], numbers=SECTIONS, pixel_size_um=PIXEL_SIZE_UM)
OTHER = replace(
    PRESETS["demo"],
    brain_id="Q31",
    title="Phantom for measuring local models",
    numbers=SECTIONS,
    origin_mm=-30.0 - 961 * 0.02,
    window=Window((15.0, 2.0), 28.0, 33.0),
    pixel_size_um=PIXEL_SIZE_UM,
    seed=3131,
    variation=Variation(deformation_rms_um=260.0, stain_gain_sd=0.08, stain_offset_sd=5.0),
    pitch_deg=8.0,
    yaw_deg=6.0,
    damage=((921, "folded"), (951, "torn")),
)


def extents_mm2(brain: BrainFolder) -> dict[str, tuple[float, ...]]:
    """How large each area is on each section of the interval, in the sections' order; 0 where it is not outlined."""
    outlines = [
        {outline.area: um2_to_mm2(area_um2(rings(outline.paths))) for outline in brain.truth(number).outlines}
        for number in SECTIONS
    ]
    names = (area.name for area in brain.brain.areas)
    return {name: tuple(found.get(name, 0.0) for found in outlines) for name in names}


def tested_areas(brain: BrainFolder) -> tuple[str, ...]:
    """The areas with at least `LEAST_MM2` on every section of the interval."""
    return tuple(name for name, extents in extents_mm2(brain).items() if min(extents) >= LEAST_MM2)


def prepared(spec: PhantomSpec, work: Path) -> BrainFolder:
    """The brain in the folder `work`, with tissue classes and alignment; what is there is not made again."""
    place, progress = work / "brains" / spec.brain_id, TerminalProgress()
    if not (place / "brain.json").exists():
        build_brain(place, spec, progress, workers=os.cpu_count() or 1)
    brain = BrainFolder(place)
    numbers = tuple(section.number for section in brain.brain.sections)
    if any(not (place / tissue_file(spec.brain_id, number)).exists() for number in numbers):
        with context([brain], work / f"{spec.brain_id}_tissue", work) as surroundings:
            compute_tissue(definition(brain, TissueParameters(sections=numbers)), surroundings)
        for number in numbers:
            labels, grid = read_tissue(surroundings.results / TISSUE / f"{number}.png")
            write_tissue(place, spec.brain_id, number, labels, grid)
    if not (place / ALIGNMENT_FILE).exists():
        with context([brain], work / f"{spec.brain_id}_align", work) as surroundings:
            align_sections(definition(brain, AlignParameters(sections=numbers)), surroundings)
        found = (surroundings.results / ALIGNMENT_FILE).read_bytes()
        write_alignment(place, Alignment.model_validate_json(found))
    progress.close()
    return BrainFolder(place)
