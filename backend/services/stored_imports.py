"""What each import stored, and taking it back or doing it again: on all its sections, but for what was changed since.

One document tells of the import, and one of each of its parts (what one file holds of one section), with the version at which
the import, or taking it back, left each shape. A shape at another version was changed by somebody and stays as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from backend.domain.collections import IMPORTED, IMPORTS
from backend.domain.errors import ConflictError, InvalidError, NotFoundError
from backend.domain.keys import check_key
from backend.domain.permissions import Action
from backend.ports import Document, MissingDocumentError, Query, VersionConflictError
from backend.services.annotations import Annotations, Region
from backend.services.documents import read, write
from backend.services.projects import Projects
from backend.services.records import Records
from core.contracts.annotations import Annotation
from core.contracts.exchange import ImportRestored, ImportTakenBack, LeftAlone, StoredImport, StoredImportList
from core.contracts.projects import Project

MOST_LISTED = 20
Step = Callable[[Annotation], Annotation]


@dataclass(slots=True)
class Tally:
    """What the parts of an import came to."""

    sections: set[int]
    regions: int = 0
    lines: int = 0
    texts: int = 0

    def add(self, section: int, kinds: Iterable[str]) -> None:
        """A part that was stored."""
        self.sections.add(section)
        for kind in kinds:
            self.regions += kind == "region"
            self.lines += kind == "line"
            self.texts += kind == "note"


class StoredImports:
    """The imports of projects, each with what it takes to undo it."""

    def __init__(self, records: Records, projects: Projects, annotations: Annotations) -> None:
        self._store = records.store
        self._clock = records.clock
        self._projects = projects
        self._annotations = annotations

    def newest(self, user: str, project_id: str) -> StoredImportList:
        """At most 20 of a project, newest first."""
        self._projects.get(user, project_id)
        query = Query({"project": project_id}, order_by="created_at", descending=True, limit=MOST_LISTED)
        return StoredImportList(imports=tuple(read(StoredImport, one) for one in self._store.find(IMPORTS, query)))

    def begin(self, user: str, project_id: str, key: str) -> None:
        """Note an import before it stores anything; the same key again goes on. ConflictError once it was taken back."""
        started = StoredImport(key=key, project=project_id, author=user, created_at=self._clock.now())
        try:
            self._store.put(IMPORTS, _id(project_id, key), write(started), expected=0)
        except VersionConflictError:
            if self._header(project_id, key)["taken_back_at"]:
                raise ConflictError(
                    f"Import {key} was taken back. Restore it, or import the files under a new key.", code="import_taken_back"
                ) from None

    def note(self, project_id: str, key: str, number: int, section: int, uids: Iterable[str]) -> None:
        """Before a part is stored, so that what a crash leaves half done can be taken back too."""
        place = _id(project_id, key)
        part_id = f"{place}/{number}"
        part = {"id": part_id, "import": place, "section": section, "versions": dict.fromkeys(uids, 1)}
        try:
            self._store.put(IMPORTED, part_id, part, expected=0)
        except VersionConflictError:
            return  # noted in an earlier attempt with the same key

    def finish(self, project_id: str, key: str, tally: Tally) -> None:
        """Every part was stored or refused."""
        counts = {"regions": tally.regions, "lines": tally.lines, "texts": tally.texts}
        self._change(project_id, key, finished=True, sections=len(tally.sections), **counts)

    def take_back(self, user: str, project_id: str, key: str) -> ImportTakenBack:
        """Delete an import's shapes that nobody has changed since; NotFoundError for an unknown one."""
        self._checked(user, project_id, key)

        def delete(one: Annotation) -> Annotation:
            return self._annotations.delete(user, project_id, one.uid, one.version).annotation

        count, kept = self._step(project_id, key, delete, deleted=False)
        self._change(project_id, key, taken_back_at=self._clock.now().isoformat(), kept=len(kept))
        return ImportTakenBack(deleted=count, kept=kept)

    def restore(self, user: str, project_id: str, key: str) -> ImportRestored:
        """Draw again what taking the import back has deleted and nobody has touched since; NotFoundError."""
        project = self._checked(user, project_id, key)

        def draw(one: Annotation) -> Annotation:
            region = Region(one.uid, one.section, one, one.source)
            return self._annotations.save_region(user, project, region, one.version).annotation

        count, kept = self._step(project_id, key, draw, deleted=True)
        self._change(project_id, key, taken_back_at=None, kept=0)
        return ImportRestored(restored=count, kept=kept)

    def _step(self, project_id: str, key: str, step: Step, deleted: bool) -> tuple[int, tuple[LeftAlone, ...]]:
        """Take every shape that stands as the import left it, deleted or not, one step on."""
        count, kept = 0, list[LeftAlone]()
        for part in self._store.find(IMPORTED, Query({"import": _id(project_id, key)})):
            moved: dict[str, int] = {}
            for uid, version in part["versions"].items():
                current = self._annotations.current(project_id, uid)
                if current is None or current.deleted != deleted:
                    continue
                if current.version != version:
                    kept.append(_left_alone(current))
                    continue
                try:
                    moved[uid] = step(current).version
                except ConflictError:  # at this moment
                    kept.append(_left_alone(self._annotations.current(project_id, uid) or current))
                except InvalidError as error:  # of an area that the project no longer has
                    kept.append(_left_alone(current, error.message))
            self._left_at(part, moved)
            count += len(moved)
        return count, tuple(kept)

    def _left_at(self, part: Document, moved: dict[str, int]) -> None:
        """Note the new versions; where somebody else takes the same step at this moment theirs stand."""
        if moved:
            try:
                versions = {**part["versions"], **moved}
                self._store.put(IMPORTED, part["id"], {**part, "versions": versions}, part["version"])
            except VersionConflictError:
                return

    def _checked(self, user: str, project_id: str, key: str) -> Project:
        check_key(key, "An import")
        project = self._projects.get(user, project_id, Action.ANNOTATE)
        self._header(project_id, key)
        return project

    def _header(self, project_id: str, key: str) -> Document:
        try:
            return self._store.get(IMPORTS, _id(project_id, key))
        except MissingDocumentError:
            raise NotFoundError(f"Project {project_id} has no import {key}.") from None

    def _change(self, project_id: str, key: str, **fields: object) -> None:
        while True:
            header = self._header(project_id, key)
            try:
                self._store.put(IMPORTS, _id(project_id, key), {**header, **fields}, header["version"])
                return
            except VersionConflictError:
                continue


def _left_alone(one: Annotation, why: str = "") -> LeftAlone:
    why = why or f"{'deleted' if one.deleted else 'changed'} by {one.author}"
    return LeftAlone(uid=one.uid, section=one.section, area=one.area, why=why)


def _id(project_id: str, key: str) -> str:
    return f"{project_id}/{key}"
