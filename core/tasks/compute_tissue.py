"""Compute the tissue classes of a brain's sections from their images (thesis 3.2)."""

import time
from datetime import UTC, datetime
from pathlib import Path

from core.anatomy.tissue import areas_mm2, section_classes
from core.contracts.anatomy import SectionTissue, TissueParameters
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import JobDefinition, Progress
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.datasets.tissue import Labels, encode_tissue
from core.tasks.context import JobContext, JobInterruptedError

FOLDER = "tissue"


class TissueInputError(Exception):
    """Tissue classes cannot be computed with what the job was given."""


def compute_tissue(definition: JobDefinition, context: JobContext) -> None:
    """Write `tissue/<section>.png` and then `tissue/<section>.json` for each section; sections already written are kept.

    TissueInputError, DatasetError, UnreadableImageError or TissueError say what is wrong and where; JobInterruptedError
    when asked to stop: finished sections stay.
    """
    parameters = definition.parameters
    if not isinstance(parameters, TissueParameters):
        raise TissueInputError(f"job {definition.key} is a {parameters.kind} job, not a tissue job")
    folder = BrainFolder(context.brain_folder)
    unknown = sorted(set(parameters.sections) - {section.number for section in folder.brain.sections})
    if unknown:
        raise TissueInputError(f"brain {folder.brain.id} has no sections {unknown[:20]}; choose among those it has")
    results = context.results / FOLDER
    results.mkdir(exist_ok=True)
    left = [number for number in parameters.sections if not (results / f"{number}.json").exists()]
    of, started = len(parameters.sections), time.monotonic()
    for done, number in enumerate(left):
        if context.stop_requested():
            raise JobInterruptedError(f"tissue classes were stopped after {of - len(left) + done} of {of} sections")
        write_section(results, number, *section_classes(folder, number))
        eta_s = (time.monotonic() - started) / (done + 1) * (len(left) - done - 1)
        step = of - len(left) + done + 1
        phase = f"computed tissue classes of section {number}"
        context.report(Progress(at=datetime.now(UTC), phase=phase, step=step, of=of, eta_s=eta_s))


def write_section(folder: Path, number: int, labels: Labels, grid: RasterGrid) -> None:
    """Write the raster, then the document: where it stands, the raster stands too."""
    white_mm2, gray_mm2 = areas_mm2(labels, grid)
    label_file = f"{number}.png"
    document = SectionTissue(section=number, grid=grid, label_file=label_file, gray_mm2=gray_mm2, white_mm2=white_mm2)
    write_atomically(folder / label_file, encode_tissue(labels, grid))
    write_atomically(folder / f"{number}.json", document.model_dump_json(indent=1).encode())
