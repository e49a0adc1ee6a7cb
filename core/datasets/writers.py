"""Write the files of a brain dataset, each by temporary name and rename."""

from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from core.contracts.anatomy import TissueCorrection
from core.contracts.annotations import SectionOutlines
from core.contracts.base import Identifier
from core.contracts.datasets import Alignment, Brain, RasterGrid
from core.datasets.files import (
    ALIGNMENT_FILE,
    BRAIN_FILE,
    tissue_correction_file,
    tissue_file,
    truth_file,
    write_atomically,
)
from core.datasets.tissue import Labels, encode_tissue

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)


def write_brain(folder: Path, brain: Brain) -> None:
    """Write `brain.json`."""
    _write_json(folder / BRAIN_FILE, brain)


def write_alignment(folder: Path, alignment: Alignment) -> None:
    """Write `alignment.json`."""
    _write_json(folder / ALIGNMENT_FILE, alignment)


def write_tissue(folder: Path, brain_id: str, number: int, labels: Labels, grid: RasterGrid) -> None:
    """Write the tissue classes of a section, uint8 (height, width); ValueError for an unknown class or another shape."""
    write_atomically(folder / tissue_file(_IDENTIFIER.validate_python(brain_id), number), encode_tissue(labels, grid))


def write_tissue_correction(folder: Path, brain_id: str, correction: TissueCorrection) -> None:
    """Write the strokes painted over a section's computed tissue classes; the computed raster stays as it is."""
    _write_json(folder / tissue_correction_file(_IDENTIFIER.validate_python(brain_id), correction.section), correction)


def write_truth(folder: Path, brain_id: str, outlines: SectionOutlines) -> None:
    """Write the true outlines of a section."""
    _write_json(folder / truth_file(_IDENTIFIER.validate_python(brain_id), outlines.section), outlines)


def _write_json(path: Path, document: BaseModel) -> None:
    write_atomically(path, document.model_dump_json(indent=1).encode())
