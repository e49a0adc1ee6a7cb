"""Who is where in a project just now."""

from contextlib import suppress
from datetime import datetime, timedelta

from backend.domain.collections import PRESENCE
from backend.ports import Clock, DocumentStore, MissingDocumentError, Query, VersionConflictError
from backend.services.documents import read, write
from backend.services.projects import Projects
from core.contracts.presence import Here, PersonHere, PresenceList
from core.contracts.projects import User

GONE_AFTER = timedelta(seconds=45)
"""A page tells every 15 s that it is there; one that was cut off is gone after the third time it did not."""


class Presence:
    """One document for each open page; the page says that it is still there, and that it leaves."""

    def __init__(self, store: DocumentStore, clock: Clock, projects: Projects) -> None:
        self._store = store
        self._clock = clock
        self._projects = projects

    def tell(self, user: User, project_id: str, here: Here) -> PresenceList:
        """This page is here; the answer says who else is."""
        self._projects.get(user.name, project_id)
        now = self._clock.now()
        person = PersonHere(page=here.page, user=user.name, display_name=user.display_name, section=here.section)
        document = write(person, project=project_id, seen_at=now.isoformat())
        page = _id(project_id, user.name, here.page)
        try:
            before = int(self._store.get(PRESENCE, page)["version"])
        except MissingDocumentError:
            before = 0
        with suppress(VersionConflictError):  # the same page asked twice at once: the other request has told it
            self._store.put(PRESENCE, page, document, before)
        self._forget_gone(project_id, now)
        return self.people(project_id)

    def leave(self, user: str, project_id: str, page: str) -> None:
        """This page goes."""
        self._projects.get(user, project_id)
        self._store.delete(PRESENCE, _id(project_id, user, page))

    def people(self, project_id: str) -> PresenceList:
        """Everybody who is there, for a caller that has checked the user; in order of names, so that equal lists are equal."""
        oldest = self._clock.now() - GONE_AFTER
        found = self._store.find(PRESENCE, Query({"project": project_id}))
        there = (document for document in found if datetime.fromisoformat(document["seen_at"]) > oldest)
        people = (read(PersonHere, document) for document in there)
        return PresenceList(people=tuple(sorted(people, key=lambda one: (one.display_name, one.user, one.page))))

    def _forget_gone(self, project_id: str, now: datetime) -> None:
        for document in self._store.find(PRESENCE, Query({"project": project_id})):
            if datetime.fromisoformat(document["seen_at"]) < now - 2 * GONE_AFTER:
                self._store.delete(PRESENCE, _id(project_id, document["user"], document["page"]))


def _id(project_id: str, user: str, page: str) -> str:
    return f"{project_id}/{user}/{page}"
