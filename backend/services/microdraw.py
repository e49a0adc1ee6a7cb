"""Microdraw's projects, regions and uploads on our model, for its Python client and its old links."""

import json
from dataclasses import dataclass, replace

from pydantic import ValidationError

from backend.domain.area_names import proposed_area
from backend.domain.areas import areas_of
from backend.domain.drawn_shapes import annotation_shape
from backend.domain.errors import BackendError, InvalidError, NotFoundError
from backend.domain.keys import derived_key
from backend.domain.microdraw_places import check_source, section_at, source_name
from backend.domain.outlines import check_size
from backend.domain.permissions import Action
from backend.services.annotations import Annotations, Region
from backend.services.imports import LARGEST_KEPT
from backend.services.projects import Projects
from core.contracts.annotations import Annotation, Drawing, Imported
from core.contracts.datasets import Brain, Section
from core.contracts.projects import Project
from core.formats.microdraw import write_paris
from core.formats.recognise import read
from core.formats.shapes import FormatError, Frame, Shape

_ACCESS = {"viewer": "view", "annotator": "add", "manager": "remove"}
_SAVE, _APPEND = "save", "append"
_ROUNDING_UM = 0.01


class Microdraw:
    """Every route needs a project, as nothing here belongs to nobody."""

    def __init__(self, projects: Projects, annotations: Annotations) -> None:
        self._projects = projects
        self._annotations = annotations

    def section(self, user: str, project_id: str, source: str, slice_: str) -> tuple[Project, Brain, Section]:
        """What a link means; without a project the first of the user's that is about the source. NotFoundError."""
        if not project_id:
            name = source_name(source)
            mine = (one.project for one in self._projects.all(user).projects)
            project_id = next((one.id for one in mine if one.brain == name), "")
        if not project_id:
            raise NotFoundError(
                f"None of your projects is about {source_name(source)[:64] or 'no source'}. Add ?project= to the link."
            )
        project = self._projects.get(user, project_id)
        check_source(source, project)
        brain = self._projects.brain(project)
        return project, brain, section_at(brain, slice_ or "0")

    def regions(self, user: str, place: dict[str, str], with_backups: bool) -> list[dict[str, object]]:
        """The documents of a slice, superseded revisions among them if asked for."""
        project, brain, section = self.section(user, place["project"], place["source"], place["slice"])
        drawn = list(self._annotations.drawn(project.id, section=section.number))
        found = [self._document(one, project, brain, place) for one in drawn]
        if with_backups:
            for one in drawn:
                for revision in self._annotations.revisions(user, project.id, one.uid).revisions[1:]:
                    old = one.model_copy(
                        update={name: getattr(revision, name) for name in ("area", "paths", "author", "version")}
                    )
                    found.append(self._document(old, project, brain, place) | {"backup": True})
        return found

    def save(self, user: str, place: dict[str, str], text: str) -> dict[str, object]:
        """What Microdraw's page posts: regions by uid, changed, new and to remove; the others on the slice stay."""
        found = self._read(user, place, text.encode())
        removed = _removed(text) - {shape.uid for shape in found.shapes}
        gone = [one for one in self._drawn(found) if one.uid in removed]
        return self._store(user, found, gone)

    def upload(self, user: str, place: dict[str, str], action: str, content: bytes) -> dict[str, object]:
        """A file of regions whose names are areas: `append` adds them, `save` replaces the user's own on the slice."""
        if action not in (_SAVE, _APPEND):
            raise InvalidError(f"There is no action {action[:40]!r}. There are save and append.", code="unknown_action")
        found = self._read(user, place, content)
        mine = [one for one in self._drawn(found) if one.author == user and action == _SAVE]
        nameless = [replace(shape, uid="") for shape in found.shapes]
        return self._store(user, replace(found, shapes=tuple(nameless)), mine)

    def _drawn(self, found: "_Upload") -> tuple[Annotation, ...]:
        return self._annotations.drawn(found.project.id, section=found.section.number)

    def _read(self, user: str, place: dict[str, str], content: bytes) -> "_Upload":
        project, brain, section = self.section(user, place["project"], place["source"], place["slice"])
        self._projects.get(user, project.id, Action.ANNOTATE)
        frame = Frame(brain.pixel_size_um, section.width_px, section.height_px)
        try:
            shapes = read("upload", content, frame, "units").shapes
        except FormatError as error:
            raise InvalidError(str(error), code="unreadable_upload") from error
        return _Upload(project, brain, section, shapes)

    def _store(self, user: str, found: "_Upload", gone: list[Annotation]) -> dict[str, object]:
        """Everything is checked before anything is stored; the same again changes nothing."""
        before = {one.uid: one for one in self._drawn(found)}
        wanted, kept = [], set()
        for number, shape in enumerate(found.shapes):
            place = (found.project.id, found.section.number, number, shape.name, repr(shape.paths), shape.text)
            uid = shape.uid if shape.uid in before else derived_key("microdraw", user, *place)
            known = before.get(uid) or self._annotations.current(found.project.id, uid)
            drawing = _drawing(shape, found, known)
            kept.add(uid)
            if known is None or known.deleted or not _same(known, drawing):
                wanted.append((Region(uid, found.section.number, drawing, _source(shape)), known.version if known else 0))
        self._save_all(user, found.project, wanted)
        gone = [one for one in gone if one.uid not in kept]
        for one in gone:
            self._annotations.delete(user, found.project.id, one.uid, one.version)
        return {"success": True, "saved": len(wanted), "removed": len(gone)}

    def _save_all(self, user: str, project: Project, wanted: list[tuple[Region, int]]) -> None:
        """All or, of what is new, nothing."""
        made: list[str] = []
        try:
            for region, version in wanted:
                self._annotations.save_region(user, project, region, version)
                made += [region.uid] if version == 0 else []
        except BackendError:
            for uid in made:
                self._annotations.delete(user, project.id, uid, 1)
            raise

    def project(self, user: str, project_id: str, host: str) -> dict[str, object]:
        """A project as Microdraw describes one."""
        project = self._projects.get(user, project_id)
        brain = self._projects.brain(project)
        labels = [
            {"name": area.name, "value": value, "color": list(bytes.fromhex(area.colour[1:])), "visible": True}
            for value, area in enumerate(areas_of(project, brain), start=1)
        ]
        people = [
            {"username": one.user, "access": dict.fromkeys(("collaborators", "annotations", "files"), _ACCESS[one.role])}
            for one in project.members
        ]
        owner = next((one.user for one in project.members if one.role == "manager"), "")
        return {
            "name": project.title,
            "shortname": project.id,
            "created": project.created_at.isoformat(),
            "owner": owner,
            "collaborators": {"list": people},
            "files": {"list": [{"source": f"{host}microdraw/{brain.id}.json", "name": brain.title}]},
            "annotations": {"list": [{"type": "vectorial", "name": "areas", "values": {"name": "areas", "labels": labels}}]},
        }

    def names(self, user: str) -> list[str]:
        """The user's projects."""
        return [one.project.id for one in self._projects.all(user).projects]

    def source(self, user: str, brain_id: str) -> dict[str, object]:
        """A brain as the JSON that Microdraw calls a source: which slices there are. For members of a project on it."""
        project, brain, _ = self.section(user, "", f"{brain_id}.json", "0")
        return {
            "pixelsPerMeter": 1e6 / brain.pixel_size_um,
            "tileSources": [f"/api/brains/{brain.id}/sections/{one.number}/pyramid" for one in brain.sections],
            "fileID": brain.id,
            "project": project.id,
        }

    def _document(self, one: Annotation, project: Project, brain: Brain, place: dict[str, str]) -> dict[str, object]:
        section = brain.section(one.section)
        frame = Frame(brain.pixel_size_um, section.width_px, section.height_px)
        shape = annotation_shape(one, areas_of(project, brain))
        (document,) = write_paris([shape], frame)
        own = {"fileID": f"{place['source']}&slice={place['slice']}", "project": project.id, "user": one.author, "_id": one.uid}
        return document | own


@dataclass(frozen=True, slots=True)
class _Upload:
    """What somebody sends for a slice."""

    project: Project
    brain: Brain
    section: Section
    shapes: tuple[Shape, ...]


def _removed(text: str) -> set[str]:
    document = json.loads(text)  # was read before
    removed = document.get("RegionsToRemove") if isinstance(document, dict) else None
    return {uid for uid in removed if isinstance(uid, str)} if isinstance(removed, list) else set()


def _drawing(shape: Shape, found: _Upload, known: Annotation | None) -> Drawing:
    """InvalidError for a name that is no area, and for what cannot be stored."""
    areas = areas_of(found.project, found.brain)
    area = proposed_area(shape.name, areas, only_beside=shape.kind != "region")
    if area is None:
        name = shape.name or "A region without name"
        raise InvalidError(
            f"{name} is no area of project {found.project.id}. Rename it, or import in the browser.", code="unknown_area"
        )
    text = shape.text.strip() or shape.name or "a point" if shape.kind == "note" else shape.text
    try:
        drawing = Drawing.model_validate(
            {"area": area, "paths": shape.paths, "shape": shape.kind, "text": text, "order": known.order if known else 0}
        )
    except ValidationError as error:
        raise InvalidError(f"{shape.name}: {error.errors()[0]['msg']}.", code="unreadable_upload") from error
    check_size(drawing.paths)
    return drawing


def _source(shape: Shape) -> Imported:
    kept = json.dumps(shape.extra, ensure_ascii=False)
    return Imported(format="microdraw-paris", name=shape.name, kept=kept if len(kept) <= LARGEST_KEPT else "")


def _same(known: Annotation, drawing: Drawing) -> bool:
    """Whether a region came back as it was sent, but for the rounding of the file."""
    if (known.area, known.shape, known.text) != (drawing.area, drawing.shape, drawing.text):
        return False
    shapes = [[[len(node) for node in path] for path in one.paths] for one in (known, drawing)]
    if shapes[0] != shapes[1]:
        return False
    values = [[value for path in one.paths for node in path for value in node] for one in (known, drawing)]
    return all(abs(one - other) < _ROUNDING_UM for one, other in zip(*values, strict=True))
