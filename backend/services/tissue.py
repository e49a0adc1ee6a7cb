"""Tissue classes of a section as they are shown, and the strokes painted over them."""

import hashlib
from dataclasses import dataclass

from backend.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from backend.services.brain_lock import changing, readable
from backend.services.brains import Brains
from backend.services.projects import Projects
from core.contracts.anatomy import TissueCorrection
from core.contracts.api import SaveTissueCorrection, TissueView
from core.contracts.datasets import Brain, RasterGrid, Section
from core.datasets import BrainFolder, MissingFileError, write_tissue_correction
from core.datasets.tissue import Labels, encode_tissue_palette
from core.geometry.strokes import paint

MOST_POINTS = 200_000


@dataclass(frozen=True, slots=True)
class _Tissue:
    """What was computed and what was painted, read once, so that version and picture belong together."""

    labels: Labels
    grid: RasterGrid
    correction: TissueCorrection

    def version(self) -> str:
        """Depends on nothing but what is seen: the computed classes, their place and the strokes."""
        digest = hashlib.sha256(self.labels.tobytes())
        digest.update(self.grid.model_dump_json().encode())
        for stroke in self.correction.strokes:
            digest.update(stroke.model_dump_json().encode())
        return digest.hexdigest()[:16]

    def view(self) -> TissueView:
        return TissueView(version=self.version(), grid=self.grid, correction=self.correction)


class Tissue:
    """Reads the brain folder each time: other processes publish there."""

    def __init__(self, brains: Brains, projects: Projects) -> None:
        self._brains = brains
        self._projects = projects

    def view(self, brain_id: str, number: int) -> TissueView:
        """What a viewer needs to show them; NotFoundError while they are not computed."""
        return self._read(brain_id, number).view()

    def raster(self, brain_id: str, number: int, version: str) -> bytes:
        """Palette PNG of this version; NotFoundError when it is another one by now."""
        tissue = self._read(brain_id, number)
        if version != tissue.version():
            raise NotFoundError(
                f"The tissue classes of section {number} of {brain_id} have changed; their version is {tissue.version()}, "
                f"not {version}. Load the section again."
            )
        return encode_tissue_palette(paint(tissue.labels, tissue.grid, tissue.correction.strokes))

    def correct(self, user: str, brain_id: str, number: int, wanted: SaveTissueCorrection) -> TissueView:
        """Replace the strokes; ConflictError with the classes as they stand in `details.current` when somebody was faster.

        The same strokes sent again by the same person, after an answer that got lost, are answered as the first time.
        """
        folder = self._brains.newest(brain_id)
        self._projects.require_on_brain(user, brain_id)
        _check_strokes(folder.brain, self._brains.section(brain_id, number), wanted)
        with changing(folder):
            before = self._read(brain_id, number)
            saved = TissueCorrection(section=number, version=wanted.version + 1, strokes=wanted.strokes, author=user)
            if before.correction == saved:
                return before.view()
            if before.correction.version != wanted.version:
                raise ConflictError(
                    f"The tissue classes of section {number} were corrected by {before.correction.author or 'nobody any more'} "
                    f"meanwhile; the correction is at version {before.correction.version}, not {wanted.version}. "
                    "Look at both and save again from that version.",
                    {"current": before.view().model_dump(mode="json")},
                    code="version_conflict",
                )
            write_tissue_correction(folder.path, brain_id, saved)
        return _Tissue(before.labels, before.grid, saved).view()

    def _read(self, brain_id: str, number: int) -> _Tissue:
        folder = self._brains.folder(brain_id)
        self._brains.section(brain_id, number)
        with readable(folder):
            return _tissue(folder, number)


def _tissue(folder: BrainFolder, number: int) -> _Tissue:
    try:
        labels, grid = folder.computed_tissue(number)
    except MissingFileError:
        raise NotFoundError(
            f"Section {number} has no tissue classes yet. Compute them on the page of brain {folder.brain.id}.",
            code="tissue_missing",
        ) from None
    return _Tissue(labels, grid, folder.tissue_correction(number))


def _check_strokes(brain: Brain, section: Section, wanted: SaveTissueCorrection) -> None:
    """InvalidError names the first stroke that leaves the section by more than its own radius, TooLargeError too many."""
    points = sum(len(stroke.points) for stroke in wanted.strokes)
    if points > MOST_POINTS:
        raise TooLargeError(f"The strokes have {points} points, more than {MOST_POINTS} on one section. Paint less finely.")
    width_um, height_um = section.width_px * brain.pixel_size_um, section.height_px * brain.pixel_size_um
    for place, stroke in enumerate(wanted.strokes, 1):
        reach = stroke.radius_um
        for x_um, y_um in stroke.points:
            if not (-reach <= x_um <= width_um + reach and -reach <= y_um <= height_um + reach):
                raise InvalidError(
                    f"Stroke {place} leaves section {section.number}: ({x_um:.0f}, {y_um:.0f}) µm, while the section has "
                    f"{width_um:.0f} x {height_um:.0f} µm."
                )
