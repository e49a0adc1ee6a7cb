"""The brain folder: one specimen's sections with tissue classes, alignment and, where known, true outlines."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.contracts.anatomy import TissueCorrection
from core.contracts.annotations import SectionOutlines
from core.contracts.atlas import AtlasMapping
from core.contracts.datasets import Alignment, Brain, RasterGrid, Section
from core.datasets.files import (
    ALIGNMENT_FILE,
    BRAIN_FILE,
    MAPPING_FILE,
    TRUTH_FOLDER,
    DatasetError,
    MissingFileError,
    fingerprint_file,
    tissue_correction_file,
    tissue_file,
    truth_file,
)
from core.datasets.tissue import Labels, read_tissue
from core.geometry.strokes import paint
from core.imaging.errors import UnreadableImageError
from core.imaging.pyramid import Pyramid, open_pyramid

Document = TypeVar("Document", bound=BaseModel)
_MAX_JSON_BYTES = 256 << 20


class BrainFolder:
    """A brain dataset on disk. `brain.json` is read at once, everything else when asked for.

    Every reader raises DatasetError (MissingFileError where a file is absent) naming the file, and KeyError for a
    section that the brain does not have.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written_ns = self._modified_ns()
        """When `brain.json` was written, in ns since 1970; taken before it is read, so that a later change shows."""
        self.brain = _read_json(path / BRAIN_FILE, Brain)

    def is_newest(self) -> bool:
        """Whether `brain.json` is still the file that was read."""
        return self._modified_ns() == self.written_ns

    @cached_property
    def alignment(self) -> Alignment:
        """The rigid transforms between neighbouring sections."""
        path = self.path / ALIGNMENT_FILE
        alignment = _read_json(path, Alignment)
        known = {section.number for section in self.brain.sections}
        named = {alignment.base_section, *(number for step in alignment.steps for number in (step.section, step.successor))}
        if not named <= known:
            raise DatasetError(path, f"it names sections that the brain does not have: {sorted(named - known)[:10]}")
        return alignment

    @property
    def true_alignment(self) -> Alignment:
        """How the sections really moved; MissingFileError in brains where nobody knows it."""
        return _read_json(self.path / TRUTH_FOLDER / ALIGNMENT_FILE, Alignment)

    @property
    def atlas_mapping(self) -> AtlasMapping:
        """How the sections lie in a reference space; MissingFileError where that is not known."""
        return _read_json(self.path / MAPPING_FILE, AtlasMapping)

    def section_path(self, number: int) -> Path:
        """The image file of a section."""
        return self.path / self.brain.section(number).file

    def pyramid(self, number: int) -> Pyramid:
        """The open image of a section; UnreadableImageError when it cannot be read."""
        section, path = self.brain.section(number), self.section_path(number)
        pyramid = open_pyramid(path)
        found = (pyramid.width_px, pyramid.height_px)
        if found != (section.width_px, section.height_px):
            pyramid.close()
            told = f"{section.width_px} x {section.height_px}"
            raise DatasetError(path, f"it has {found[0]} x {found[1]} px, {BRAIN_FILE} says {told}; ingest it again")
        if abs(pyramid.pixel_size_um / self.brain.pixel_size_um - 1) > 1e-3:
            pyramid.close()
            told = f"{self.brain.pixel_size_um:g} µm"
            raise DatasetError(path, f"its pixels are {pyramid.pixel_size_um:g} µm, {BRAIN_FILE} says {told}; ingest it again")
        return pyramid

    def tissue(self, number: int) -> tuple[Labels, RasterGrid]:
        """Tissue classes (0 background, 1 white matter, 2 gray matter) and their raster, corrections by hand painted in."""
        labels, grid = self.computed_tissue(number)
        return paint(labels, grid, self.tissue_correction(number).strokes), grid

    def computed_tissue(self, number: int) -> tuple[Labels, RasterGrid]:
        """Tissue classes as they were computed, without corrections by hand."""
        return read_tissue(self.path / tissue_file(self.brain.id, self.brain.section(number).number))

    def true_tissue(self, number: int) -> tuple[Labels, RasterGrid]:
        """The true tissue classes of a section; MissingFileError in brains where nobody knows them."""
        return read_tissue(self.path / TRUTH_FOLDER / tissue_file(self.brain.id, self.brain.section(number).number))

    def tissue_correction(self, number: int) -> TissueCorrection:
        """The strokes painted over a section's computed classes; version 0 without any where nobody painted."""
        path = self.path / tissue_correction_file(self.brain.id, self.brain.section(number).number)
        try:
            correction = _read_json(path, TissueCorrection)
        except MissingFileError:
            return TissueCorrection(section=number)
        if correction.section != number:
            raise DatasetError(path, f"it is about section {correction.section}")
        return correction

    def truth(self, number: int) -> SectionOutlines:
        """The true outlines of a section; MissingFileError in brains where nobody knows them."""
        path = self.path / truth_file(self.brain.id, self.brain.section(number).number)
        outlines = _read_json(path, SectionOutlines)
        if outlines.section != number:
            raise DatasetError(path, f"it is about section {outlines.section}")
        return outlines

    def fingerprint(self) -> str:
        """SHA-256 over what identifies the brain's images: two folders with the same one hold the same images."""
        brain = self.brain
        identity = [brain.id, brain.pixel_size_um, brain.section_thickness_um, brain.shrinkage_factor]
        sections = [[each.number, each.width_px, each.height_px, each.fingerprint] for each in brain.sections]
        return hashlib.sha256(json.dumps([identity, sections]).encode("ascii")).hexdigest()

    def check(self) -> list[str]:
        """Everything that is wrong with the dataset, in words; reads every file once."""
        problems = []
        try:
            _ = self.alignment
        except MissingFileError:
            pass  # a brain that was never aligned can be looked at and annotated
        except DatasetError as error:
            problems.append(str(error))
        for section in self.brain.sections:
            problems += self._section_problems(section)
        return problems

    def _modified_ns(self) -> int:
        try:
            return (self.path / BRAIN_FILE).stat().st_mtime_ns
        except OSError:
            return 0  # what is wrong is told by whoever reads it

    def _section_problems(self, section: Section) -> list[str]:
        problems = []
        try:
            self.pyramid(section.number).close()
            if fingerprint_file(self.section_path(section.number)) != section.fingerprint:
                problems.append(
                    f"{self.section_path(section.number)}: its content changed since it was ingested; ingest it again"
                )
        except (DatasetError, UnreadableImageError) as error:
            problems.append(str(error))
        for read in (self.computed_tissue, self.tissue_correction, self.truth):
            try:
                read(section.number)
            except MissingFileError:
                continue  # neither is needed to look at and annotate a section
            except DatasetError as error:
                problems.append(str(error))
        return problems


def find_brains(root: Path) -> tuple[list[BrainFolder], list[str]]:
    """All brains in the folders directly below `root`, by name, and what is wrong with those that cannot be read."""
    brains, problems = [], []
    if not root.is_dir():
        return [], [f"{root}: there is no such folder; create it or set another one"]
    for path in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            folder = BrainFolder(path)
            if folder.brain.id != path.name:
                raise DatasetError(path, f"the folder must be called like its brain, {folder.brain.id}; rename it")
            brains.append(folder)
        except MissingFileError:
            continue  # a folder of something else
        except DatasetError as error:
            problems.append(str(error))
    return brains, problems


def _read_json(path: Path, model: type[Document]) -> Document:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise DatasetError(path, f"it is larger than {_MAX_JSON_BYTES >> 20} MB; it cannot be what its name says")
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingFileError(path, "there is no such file") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DatasetError(path, f"it is not a valid {model.__name__}: {place or 'document'}: {first['msg']}") from error
    except OSError as error:
        raise DatasetError(path, f"it cannot be read ({error.strerror}); check its permissions") from error
