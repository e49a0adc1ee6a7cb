"""Annotations: saved per region with compare-and-swap on the version; every state stays as a revision."""

from dataclasses import dataclass
from typing import Literal

from backend.domain import outlines
from backend.domain.collections import ANNOTATIONS, REVISIONS
from backend.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from backend.domain.keys import check_key
from backend.domain.permissions import Action
from backend.ports import (
    Document,
    DocumentTooLargeError,
    MissingDocumentError,
    Query,
    VersionConflictError,
)
from backend.services.brains import find_section
from backend.services.documents import read, write
from backend.services.projects import Projects
from backend.services.records import Records
from backend.services.section_lists import stacked
from core.contracts.annotations import Annotation, Drawing, Imported, Source
from core.contracts.api import (
    AnnotationList,
    AnnotationRevision,
    Conflict,
    RevisionList,
    SaveAnnotation,
    SavedAnnotation,
)
from core.contracts.projects import Project

MOST_DELETED = 200
Deed = Literal["saved", "deleted", "restored"]


@dataclass(frozen=True, slots=True)
class Region:
    """What a save wants a region to be."""

    uid: str
    section: int
    drawing: Drawing
    source: Source


class Annotations:
    """One document per region holds its current state.

    Before a state is replaced it is copied to the revisions (the copy is the same however often it is made), then the
    current document is swapped: that swap alone decides who was first, and a crash between the two loses nothing.
    """

    def __init__(self, records: Records, projects: Projects) -> None:
        self._store = records.store
        self._clock = records.clock
        self._changes = records.changes
        self._projects = projects

    def deleted(self, user: str, project_id: str, section: int) -> AnnotationList:
        """At most 200 deleted ones of a section, those deleted last first."""
        project = self._projects.get(user, project_id)
        find_section(self._projects.brain(project), section)
        found = self._store.find(ANNOTATIONS, Query({"project": project_id, "state": "deleted", "section": section}))
        annotations = sorted((read(Annotation, document) for document in found), key=lambda one: one.updated_at, reverse=True)
        return AnnotationList(annotations=tuple(annotations[:MOST_DELETED]))

    def live(self, project_id: str, **place: str | int) -> tuple[Annotation, ...]:
        """Regions that are not deleted, of a `section` and (or) an `area`, the lowest first; no lines, no notes."""
        return tuple(one for one in self.drawn(project_id, **place) if one.shape == "region")

    def drawn(self, project_id: str, **place: str | int) -> tuple[Annotation, ...]:
        """The same with lines and notes."""
        found = self._store.find(ANNOTATIONS, Query({"project": project_id, "state": "live", **place}))
        drawn = (read(Annotation, document) for document in found)
        return tuple(sorted(drawn, key=stacked))

    def annotated_sections(self, project_id: str, area: str) -> list[int]:
        """The sections where an area has a region that is not deleted, in order; outlines stay in the store."""
        query = Query({"project": project_id, "state": "live", "area": area}, only=("section", "shape"))
        return sorted({int(found["section"]) for found in self._store.find(ANNOTATIONS, query) if outlines.is_region(found)})

    def save(self, user: str, project_id: str, uid: str, wanted: SaveAnnotation) -> SavedAnnotation:
        """Create (version 0) or replace a region.

        ConflictError with the current state in `details.current` when it is not at `wanted.version`; the same content sent
        again by the same person, after an answer that got lost, is answered as the first time.
        """
        check_key(uid, "A region")
        project = self._projects.get(user, project_id, Action.ANNOTATE)
        region = Region(uid, wanted.section, wanted, wanted.source)
        return self.save_region(user, project, region, wanted.version)

    def save_region(self, user: str, project: Project, region: Region, version: int) -> SavedAnnotation:
        """As `save`, for a caller that has checked the user's role; the source may be a prediction."""
        brain = self._projects.brain(project)
        section = find_section(brain, region.section)
        drawing = region.drawing
        outlines.check_place(project, drawing.area)
        outlines.check_size(drawing.paths)
        before = self._stored(project.id, region.uid)
        now = self._clock.now()
        annotation = Annotation(
            uid=region.uid,
            project=project.id,
            section=region.section,
            area=drawing.area,
            paths=drawing.paths,
            shape=drawing.shape,
            text=drawing.text,
            order=drawing.order,
            author=user,
            version=version + 1,
            source=_lineage(before, region.source),
            created_at=before["created_at"] if before else now,
            updated_at=now,
        )
        if before and before["section"] != region.section:
            raise InvalidError(f"Region {region.uid} lies on section {before['section']} and stays there. Draw a new one.")
        stored = self._swap(before, annotation, "restored" if before and before["deleted"] else "saved")
        return SavedAnnotation(annotation=stored, problems=outlines.problems(stored, brain, section))

    def delete(self, user: str, project_id: str, uid: str, version: int) -> SavedAnnotation:
        """Delete a region; saving it again with the version of the deletion restores it."""
        self._projects.get(user, project_id, Action.ANNOTATE)
        before = self._stored(project_id, uid)
        if before is None:
            raise NotFoundError(f"Project {project_id} has no region {uid}.")
        if before["deleted"] and before["version"] == version:
            return SavedAnnotation(annotation=read(Annotation, before))
        update = {"deleted": True, "version": version + 1, "author": user, "updated_at": self._clock.now()}
        annotation = read(Annotation, before).model_copy(update=update)
        return SavedAnnotation(annotation=self._swap(before, annotation, "deleted"))

    def revisions(self, user: str, project_id: str, uid: str) -> RevisionList:
        """The history of a region, newest first."""
        self._projects.get(user, project_id)
        current = self._stored(project_id, uid)
        if current is None:
            raise NotFoundError(f"Project {project_id} has no region {uid}.")
        found = self._store.find(REVISIONS, Query({"annotation": _id(project_id, uid)}))
        by_version = {document["version_of_region"]: _revision(document["state_of_region"]) for document in found}
        by_version[current["version"]] = _revision(current)
        return RevisionList(revisions=tuple(by_version[version] for version in sorted(by_version, reverse=True)))

    def at_version(self, project_id: str, uid: str, version: int) -> Annotation:
        """The region as it was at a version; NotFoundError."""
        current = self._stored(project_id, uid)
        if current and current["version"] == version:
            return read(Annotation, current)
        try:
            archived = self._store.get(REVISIONS, f"{_id(project_id, uid)}/{version}")
        except MissingDocumentError:
            raise NotFoundError(f"Region {uid} of project {project_id} has no version {version}.") from None
        return read(Annotation, archived["state_of_region"])

    def current(self, project_id: str, uid: str) -> Annotation | None:
        """The region as it stands, deleted or not; None when there never was one."""
        stored = self._stored(project_id, uid)
        return read(Annotation, stored) if stored else None

    def _swap(self, before: Document | None, annotation: Annotation, deed: Deed) -> Annotation:
        """Replace the current state; the same state wanted again by the same person is given back as it stands."""
        expected = annotation.version - 1
        if (before["version"] if before else 0) != expected:
            return self._same_or_conflict(annotation, before)
        document_id = _id(annotation.project, annotation.uid)
        document = write(annotation, action=deed, state="deleted" if annotation.deleted else "live")
        try:
            if before:
                self._archive(document_id, before)
            self._store.put(ANNOTATIONS, document_id, document, expected)
        except VersionConflictError:
            return self._same_or_conflict(annotation, self._stored(annotation.project, annotation.uid))
        except DocumentTooLargeError as error:
            raise TooLargeError(f"Region {annotation.uid} is too large for the database: {error}. Simplify it.") from error
        self._changes.tell(annotation.project, "annotation", annotation.uid, annotation.section, annotation.author)
        return annotation

    @staticmethod
    def _same_or_conflict(wanted: Annotation, stored: Document | None) -> Annotation:
        if stored is None:
            raise ConflictError(
                f"Project {wanted.project} has no region {wanted.uid} at version {wanted.version - 1}. Save it as a new one."
            )
        current = read(Annotation, stored)
        times = {"created_at": current.created_at, "updated_at": current.updated_at}
        if wanted.model_copy(update=times) == current:
            return current
        raise ConflictError(
            f"Region {wanted.uid} was changed by {current.author} meanwhile and is at version {current.version}. "
            "Look at both and save again from that version.",
            Conflict(current=current).model_dump(mode="json"),
            code="version_conflict",
        )

    def _archive(self, document_id: str, before: Document) -> None:
        archived = {"annotation": document_id, "version_of_region": before["version"], "state_of_region": before}
        try:
            self._store.put(REVISIONS, f"{document_id}/{before['version']}", archived, expected=0)
        except VersionConflictError:
            return  # copied before a crash, or by somebody who saves at the same time: the same content

    def _stored(self, project_id: str, uid: str) -> Document | None:
        try:
            return self._store.get(ANNOTATIONS, _id(project_id, uid))
        except MissingDocumentError:
            return None


def _lineage(before: Document | None, source: Source) -> Source:
    """What was imported stays so when it is edited: its file's other fields are wanted when it is written again."""
    if before and source.kind == "drawn" and before["source"]["kind"] == "imported":
        return Imported.model_validate(before["source"])
    return source


def _id(project_id: str, uid: str) -> str:
    return f"{project_id}/{uid}"


def _revision(document: Document) -> AnnotationRevision:
    return read(AnnotationRevision, {**document, "at": document["updated_at"]})
