"""What is drawn on a section, as JSON. Many pages ask for a section again and again, of which little has changed."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.domain.collections import ANNOTATIONS
from backend.domain.errors import InvalidError
from backend.ports import Document, DocumentStore, Query
from backend.services.brains import find_section
from backend.services.documents import read
from backend.services.projects import Projects
from core.contracts.annotations import Annotation, AnnotationVersions

MOST_KEPT_BYTES = 64 << 20  # in each process
MOST_NAMED = 100
# From so many on, reading the whole section is quicker than reading one by one what changed.
MANY = 50

Place = tuple[int, datetime, str]
Section = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """One state of a region: it never changes, because a change makes another version."""

    version: int
    place: Place
    json: bytes


class SectionLists:
    """Lists of what is drawn on sections.

    What was sent before is kept; the store is asked each time for the versions, which tell what must be read again. So an
    answer is as true as one that was read whole.
    """

    def __init__(self, store: DocumentStore, projects: Projects, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._store = store
        self._projects = projects
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Section, Mapping[str, _Kept]] = OrderedDict()

    def versions(self, user: str, project_id: str, section: int) -> AnnotationVersions:
        """The versions of the regions, lines and notes of a section, without the deleted ones."""
        self._check(user, project_id, section)
        found = self._versions((project_id, section))
        return AnnotationVersions(versions={name.partition("/")[2]: version for name, version in found.items()})

    def whole(self, user: str, project_id: str, section: int) -> bytes:
        """An `AnnotationList` of a section, without the deleted ones, the lowest first."""
        self._check(user, project_id, section)
        place = project_id, section
        with self._lock:
            known = self._kept.get(place, {})
        versions = self._versions(place)
        changed = [name for name, version in versions.items() if name not in known or known[name].version != version]
        if len(changed) > MANY:
            now = self._drawn_there(self._store.find(ANNOTATIONS, Query(_equal(place))), place)
        else:
            # What was deleted between the two questions is in neither.
            same = {name: known[name] for name in versions.keys() - set(changed)}
            now = same | self._drawn_there(self._store.many(ANNOTATIONS, changed), place)
        self._keep(place, now)
        return _json(now.values())

    def some(self, user: str, project_id: str, section: int, uids: Iterable[str]) -> bytes:
        """Of a list the ones named; those that are not drawn on the section are left out. InvalidError beyond 100."""
        self._check(user, project_id, section)
        names = [f"{project_id}/{uid}" for uid in dict.fromkeys(uids)]
        if len(names) > MOST_NAMED:
            raise InvalidError(f"{len(names)} regions are named, at most {MOST_NAMED} can be. Ask for the whole section.")
        return _json(self._drawn_there(self._store.many(ANNOTATIONS, names), (project_id, section)).values())

    def _check(self, user: str, project_id: str, section: int) -> None:
        project = self._projects.get(user, project_id)
        find_section(self._projects.brain(project), section)

    def _versions(self, place: Section) -> dict[str, int]:
        return self._store.versions(ANNOTATIONS, _equal(place))

    @staticmethod
    def _drawn_there(found: Iterable[Document], place: Section) -> dict[str, _Kept]:
        annotations = (read(Annotation, document) for document in found)
        return {
            f"{one.project}/{one.uid}": _Kept(one.version, stacked(one), one.model_dump_json().encode())
            for one in annotations
            if not one.deleted and (one.project, one.section) == place
        }

    def _keep(self, place: Section, now: Mapping[str, _Kept]) -> None:
        """Keep this section; those that were not asked for the longest go until the rest fits."""
        with self._lock:
            self._kept[place] = now
            self._kept.move_to_end(place)
            sizes = {one: sum(len(kept.json) for kept in section.values()) for one, section in self._kept.items()}
            while sum(sizes.values()) > self._most_bytes:
                oldest, _ = self._kept.popitem(last=False)
                del sizes[oldest]


def stacked(annotation: Annotation) -> Place:
    """The place in the stack of a section, the lowest first."""
    return annotation.order, annotation.created_at, annotation.uid


def _equal(place: Section) -> dict[str, str | int]:
    return {"project": place[0], "state": "live", "section": place[1]}


def _json(kept: Iterable[_Kept]) -> bytes:
    return b'{"annotations":[' + b",".join(one.json for one in sorted(kept, key=lambda one: one.place)) + b"]}"
