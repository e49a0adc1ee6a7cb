"""What there is of a brain beside its images: quick to tell for thousands of sections."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from backend.domain.brain_work import lacking, steps_to_next, without_tissue
from backend.services.brain_lock import readable
from backend.services.brains import Brains, Signature, signature_of, thumbnail_url
from core.contracts.api import BrainSections, SectionFacts
from core.contracts.datasets import AlignmentStep, Brain, Section
from core.datasets import BrainFolder
from core.datasets.files import projection_file, tissue_correction_file, tissue_file
from core.units import um_to_mm


class Derived:
    """Looks at folders, not at files: one listing tells of all sections. Only strokes are read, when they changed."""

    def __init__(self, brains: Brains) -> None:
        self._brains = brains
        self._painted: dict[Path, tuple[Signature, bool]] = {}

    def folder(self, brain_id: str) -> BrainFolder:
        """The dataset of a brain as it is now; NotFoundError."""
        return self._brains.newest(brain_id)

    def with_tissue(self, brain_id: str) -> frozenset[int]:
        """The sections whose tissue classes are computed."""
        folder = self._brains.folder(brain_id)
        there = set(_files(folder.path / "tissue"))
        return frozenset(
            section.number for section in folder.brain.sections if _name(tissue_file(brain_id, section.number)) in there
        )

    def projected(self, brain_id: str) -> bool:
        """Whether a reference space was projected onto any section."""
        folder = self._brains.folder(brain_id)
        there = set(_files(folder.path / "atlas"))
        return any(_name(projection_file(brain_id, section.number)) in there for section in folder.brain.sections)

    def aligned(self, brain_id: str) -> dict[int, AlignmentStep]:
        """By section the step to the next one, where there is one."""
        return steps_to_next(self._brains.brain(brain_id), self._brains.alignment(brain_id))

    def lacking(self, brain: Brain, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, ...]]:
        """For each pair of sections what of them and those between has to be computed before training, in words."""
        with_tissue, aligned = self.with_tissue(brain.id), self.aligned(brain.id)
        return {pair: lacking(brain, pair, with_tissue, aligned) for pair in pairs}

    def without_tissue(self, brain: Brain, sections: Iterable[int]) -> tuple[str, ...]:
        """Which of the sections have no tissue classes yet, in words; empty when all have."""
        return without_tissue(brain, sections, self.with_tissue(brain.id))

    def sections(self, brain_id: str) -> BrainSections:
        """Every section with its state."""
        folder = self.folder(brain_id)
        if not folder.brain.sections:
            return BrainSections(sections=())
        steps = self.aligned(brain_id)
        images, tissue = set(_files(folder.path / "sections")), set(_files(folder.path / "tissue"))
        return BrainSections(
            sections=tuple(self._facts(folder, section, images, tissue, steps) for section in folder.brain.sections)
        )

    def _facts(
        self, folder: BrainFolder, section: Section, images: set[str], tissue: set[str], steps: dict[int, AlignmentStep]
    ) -> SectionFacts:
        brain = folder.brain
        state = "missing"
        if _name(tissue_file(brain.id, section.number)) in tissue:
            painted = _name(tissue_correction_file(brain.id, section.number)) in tissue and self._is_painted(folder, section)
            state = "corrected" if painted else "computed"
        lost = _name(section.file) not in images
        return SectionFacts(
            number=section.number,
            thumbnail_url=thumbnail_url(brain.id, section),
            width_mm=um_to_mm(section.width_px * brain.pixel_size_um),
            height_mm=um_to_mm(section.height_px * brain.pixel_size_um),
            flags=section.flags,
            problem=f"The image {section.file} is missing. Restore the file, or ingest the section again." if lost else "",
            tissue=state,
            step=steps.get(section.number),
        )

    def _is_painted(self, folder: BrainFolder, section: Section) -> bool:
        path = folder.path / tissue_correction_file(folder.brain.id, section.number)
        signature = signature_of(path)
        known = self._painted.get(path)
        if signature is None:
            return False
        if known is None or known[0] != signature:
            with readable(folder):
                known = signature, bool(folder.tissue_correction(section.number).strokes)
            self._painted[path] = known
        return known[1]


def _files(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file())
    except FileNotFoundError:
        return  # nothing was computed yet


def _name(file: str) -> str:
    return file.rsplit("/", 1)[-1]
