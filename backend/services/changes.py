"""A project's stream of changes."""

from datetime import datetime, timedelta
from typing import Literal

from backend.domain.collections import CHANGES, PROJECTS
from backend.ports import Clock, DocumentStore, Query, Range, place_in_stream
from backend.services.documents import read
from core.contracts.api import ChangeList
from core.contracts.projects import Change

LONGEST_LIST = 1000
# Longer than a session lives: whoever was away longer logs in again, and a page that starts anew reads everything.
KEPT = timedelta(days=30)
Kind = Literal["annotation", "job", "task", "prediction", "review"]


class Changes:
    """Tells what changed in a project, in order; readers ask for what came after the last one they know."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def tell(self, project: str, kind: Kind, object_id: str, section: int | None = None, author: str | None = None) -> None:
        """Append one change."""
        change = Change(seq=1, project=project, kind=kind, id=object_id, section=section, author=author, at=self._clock.now())
        self._store.append(CHANGES, change.model_dump(mode="json"), stream="project")

    def after(self, project: str, seq: int) -> ChangeList:
        """At most 1000 changes after `seq`, oldest first; `latest` is the newest number there is."""
        query = Query({"project": project}, within=Range("seq", above=seq), order_by="seq", limit=LONGEST_LIST)
        changes = tuple(read(Change, document) for document in self._store.find(CHANGES, query))
        latest = changes[-1].seq if 0 < len(changes) < LONGEST_LIST else self.latest(project)
        return ChangeList(changes=changes, latest=latest)

    def forget_old(self) -> None:
        """Remove the changes that no page can ask for any more; the newest of a project stays, from which numbers go on."""
        for project in self._store.find(PROJECTS, Query()):
            while self._forget_some(str(project["id"])):
                pass

    def last_at(self, project: str) -> datetime | None:
        """When the newest change was made; None when there is none."""
        query = Query({"project": project}, order_by="seq", descending=True, limit=1)
        return next((read(Change, document).at for document in self._store.find(CHANGES, query)), None)

    def _forget_some(self, project: str) -> bool:
        """Remove old changes, oldest first; whether there may be more."""
        oldest = Query({"project": project}, order_by="seq", limit=LONGEST_LIST)
        found = [read(Change, document) for document in self._store.find(CHANGES, oldest)]
        old = [change for change in found[:-1] if change.at < self._clock.now() - KEPT]
        for change in old:
            self._store.delete(CHANGES, place_in_stream(project, change.seq))
        return bool(old) and len(found) == LONGEST_LIST

    def latest(self, project: str) -> int:
        """The number of the newest change, 0 when there is none."""
        return self._store.newest(CHANGES, "project", project)
