"""Annotation files in: what they hold, and, once names are given areas, their shapes as annotations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from backend.domain import outlines
from backend.domain.annotation_files import section_named, unpacked
from backend.domain.area_names import proposed_area
from backend.domain.areas import areas_of
from backend.domain.errors import BackendError
from backend.domain.keys import derived_key
from backend.domain.permissions import Action
from backend.services.annotations import Annotations, Region
from backend.services.brains import find_section
from backend.services.projects import Projects
from backend.services.stored_imports import StoredImports, Tally
from core.contracts.annotations import Drawing, Imported
from core.contracts.datasets import Brain, Section
from core.contracts.exchange import (
    FoundName,
    FoundSection,
    FoundShape,
    ImportedSection,
    ImportResult,
    NewImport,
    RecognisedImport,
    RecogniseImport,
)
from core.contracts.projects import Project
from core.formats.recognise import read
from core.formats.shapes import FormatError, Found, Frame, Shape

LARGEST_KEPT = 65_536
_NAMELESS_NOTE = "a point"


@dataclass(frozen=True, slots=True)
class _Part:
    """What one file holds of one section; without a section, or with a problem, it cannot be imported."""

    file: str
    section: int | None
    found: Found
    problem: str = ""


class Imports:
    """Reads files part by part: only one is in memory at a time."""

    def __init__(self, projects: Projects, annotations: Annotations, stored: StoredImports) -> None:
        self._projects = projects
        self._annotations = annotations
        self._stored = stored

    def recognise(self, user: str, project_id: str, asked: RecogniseImport) -> RecognisedImport:
        """What the files hold, with areas proposed for the names; stores nothing. NotFoundError, InvalidError."""
        project = self._projects.get(user, project_id)
        brain = self._projects.brain(project)
        areas = areas_of(project, brain)
        sections, counts, outlined = [], dict[str, int](), set[str]()
        for part in _parts(brain, asked):
            sections.append(_told(part, asked.outlines))
            for shape in part.found.shapes:
                counts[shape.name] = counts.get(shape.name, 0) + 1
                outlined |= {shape.name} if shape.kind == "region" else set()
        names = tuple(
            FoundName(name=name, shapes=count, area=proposed_area(name, areas, only_beside=name not in outlined))
            for name, count in counts.items()
        )
        return RecognisedImport(sections=tuple(sections), names=names)

    def create(self, user: str, project_id: str, wanted: NewImport) -> ImportResult:
        """Store the shapes whose names have areas; of each section all or nothing, and the same key only once.

        A section that cannot be imported is told and does not hinder the others. InvalidError for an unknown area.
        """
        project = self._projects.get(user, project_id, Action.ANNOTATE)
        brain = self._projects.brain(project)
        for area in wanted.areas.values():
            outlines.check_place(project, area)
        sections, tally = list[ImportedSection](), Tally(set())
        self._stored.begin(user, project_id, wanted.key)
        for number, part in enumerate(_parts(brain, wanted)):
            regions = _regions(part, wanted, f"{project_id}/{number}")
            if not isinstance(regions, str):
                self._stored.note(project_id, wanted.key, number, regions[0].section, [region.uid for region in regions])
            told = self._store(user, project, part, regions)
            if not isinstance(regions, str) and not told.problem:
                tally.add(regions[0].section, [region.drawing.shape for region in regions])
            sections.append(told)
        self._stored.finish(project_id, wanted.key, tally)
        return ImportResult(key=wanted.key, sections=tuple(sections))

    def _store(self, user: str, project: Project, part: _Part, regions: list[Region] | str) -> ImportedSection:
        """All regions of a part, or none."""
        saved: list[str] = []
        if isinstance(regions, str):
            return _imported(part, regions)
        try:
            for region in regions:
                if self._annotations.current(project.id, region.uid) is None:
                    self._annotations.save_region(user, project, region, 0)
                    saved.append(region.uid)
        except BackendError as error:
            for uid in saved:
                self._annotations.delete(user, project.id, uid, 1)
            return _imported(part, error.message)
        return _imported(part, regions)


def _imported(part: _Part, regions: list[Region] | str) -> ImportedSection:
    if isinstance(regions, str):
        return ImportedSection(file=part.file, section=part.section, problem=regions)
    uids = tuple(region.uid for region in regions)
    return ImportedSection(file=part.file, section=part.section, uids=uids, left_out=len(part.found.shapes) - len(regions))


def _parts(brain: Brain, asked: RecogniseImport) -> Iterator[_Part]:
    """What the files hold, by section."""
    if asked.section is not None:
        find_section(brain, asked.section)
    for name, content in unpacked(asked.files):
        yield from _of_file(brain, asked, name, content)


def _of_file(brain: Brain, asked: RecogniseImport, name: str, content: bytes) -> Iterator[_Part]:
    named = asked.section if asked.section is not None else section_named(name, brain)
    any_section = brain.sections[0].number if named is None else named
    try:
        found = read(name, content, _frame(brain, brain.section(any_section)), asked.coordinates)
        places = {place: section_named(place, brain) for place in dict.fromkeys(shape.place for shape in found.shapes)}
        if len(places) <= 1:
            said = next(iter(places.values()), None)
            by_section = {named if asked.section is not None or said is None else said: None}
        else:  # of several sections: each shape where its document says
            by_section = dict.fromkeys(places.values())
        for section in by_section:
            frame = _frame(brain, brain.section(any_section if section is None else section))
            whole = read(name, content, frame, asked.coordinates) if section not in (None, any_section) else found
            here = tuple(shape for shape in whole.shapes if len(by_section) == 1 or places[shape.place] == section)
            yield _placed(brain, asked, _Part(name, section, _with(whole, here)))
    except FormatError as error:
        yield _Part(name, named, Found("", "", ()), str(error))


def _placed(brain: Brain, asked: RecogniseImport, part: _Part) -> _Part:
    if asked.section is not None and part.section != asked.section:
        words = f"{part.file} holds shapes of another section too ({part.section}). Import the file on the project's page."
        return _Part(part.file, part.section, part.found, words)
    if part.section is None:
        first, last = brain.sections[0].number, brain.sections[-1].number
        words = (
            f"Neither name nor content of {part.file} says which section of {brain.id} ({first} to {last}) it is about. "
            f"Give the file a name like {brain.id}_{first:04d}, or import it on the section's page."
        )
        return _Part(part.file, None, part.found, words)
    return part


def _with(found: Found, shapes: tuple[Shape, ...]) -> Found:
    return Found(found.format, found.words, shapes, found.notes, found.coordinates)


def _frame(brain: Brain, section: Section) -> Frame:
    return Frame(brain.pixel_size_um, section.width_px, section.height_px)


def _told(part: _Part, with_outlines: bool) -> FoundSection:
    kinds = [shape.kind for shape in part.found.shapes]
    shapes = [_shown(shape) for shape in part.found.shapes] if with_outlines and not part.problem else []
    return FoundSection.model_validate(
        {
            "file": part.file,
            "section": part.section,
            "format": part.found.format,
            "words": part.found.words,
            "coordinates": part.found.coordinates,
            "shapes": shapes,
            "regions": kinds.count("region"),
            "lines": kinds.count("line"),
            "texts": kinds.count("note"),
            "notes": part.found.notes,
            "problem": part.problem,
        }
    )


def _shown(shape: Shape) -> FoundShape:
    return FoundShape.model_validate({"name": shape.name, "shape": shape.kind, "paths": shape.paths, "text": shape.text})


def _regions(part: _Part, wanted: NewImport, place: str) -> list[Region] | str:
    """The annotations that a part's shapes become, or why none does."""
    if part.problem or part.section is None:
        return part.problem
    regions = []
    try:
        for number, shape in enumerate(part.found.shapes):
            if shape.name in wanted.areas:
                uid = derived_key("import", wanted.key, place, part.section, number)
                drawing = _drawing(shape, wanted.areas[shape.name], number)
                outlines.check_size(drawing.paths)
                source = Imported(format=part.found.format, name=shape.name, kept=_kept(shape.extra))
                regions.append(Region(uid, part.section, drawing, source))
    except ValidationError as error:
        return f"{part.file}: shape {number + 1} ({shape.name}): {error.errors()[0]['msg']}. Correct it in the file."
    except BackendError as error:
        return f"{part.file}: shape {number + 1} ({shape.name}): {error.message}"
    return regions or f"{part.file}: no name in it was given an area, so there is nothing to import."


def _drawing(shape: Shape, area: str, number: int) -> Drawing:
    text = shape.text.strip() or shape.name or _NAMELESS_NOTE if shape.kind == "note" else shape.text
    return Drawing.model_validate({"area": area, "paths": shape.paths, "shape": shape.kind, "text": text, "order": number})


def _kept(extra: Mapping[str, object]) -> str:
    """The file's other fields as text; none where they are too many, which the geometry does not suffer from."""
    text = json.dumps(extra, ensure_ascii=False) if extra else ""
    return text if len(text) <= LARGEST_KEPT else ""
