"""A project's changes: as a list to poll, and, with who is there, as server-sent events."""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from flask import Response, current_app, request

from backend.domain.errors import BusyError
from backend.routes.binding import Views, current_user, user
from backend.services.changes import LONGEST_LIST, Changes
from backend.services.presence import Presence
from backend.services.projects import Projects
from core.contracts.api import ChangeList
from core.contracts.presence import Here, PresenceList
from core.contracts.projects import Change

Alive = Callable[[], bool]
T = TypeVar("T")
# A stream holds one thread of its worker; the others stay free for tiles and saves.
MOST_STREAMS = 16
LIFE_S = 300.0
POLL_S = 0.5
PRESENCE_S = 2.0
HEARTBEAT_S = 10.0
RETRY_MS = 2000
ALIVE = "brodmann_alive"
"""Key in `app.extensions` of a function that says whether the worker goes on; streams end when it does not."""


def change_views(changes: Changes, presence: Presence, projects: Projects) -> Views:
    """Views of the stream of changes and of who is there."""
    free = threading.BoundedSemaphore(MOST_STREAMS)
    tail = Tail(changes, POLL_S / 2)
    people = Recent(presence.people, PRESENCE_S / 2)

    def list_changes(project: str, after: int | None) -> ChangeList:
        projects.get(user(), project)
        return changes.after(project, after or 0)

    def stream_changes(project: str, after: int | None) -> Response:
        projects.get(user(), project)
        start = _start(after)
        if start is None:
            start = changes.latest(project)
        if not free.acquire(blocking=False):
            raise BusyError("Too many pages listen for changes. Ask for the list of changes now and then instead.")
        alive: Alive = current_app.extensions.get(ALIVE, lambda: True)
        news = News(partial(tail.after, project), partial(people.of, project))
        told = events(news, project, start, alive)
        response = Response(told, mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(free.release)
        return response

    def tell_presence(project: str, body: Here) -> PresenceList:
        return presence.tell(current_user(), project, body)

    def leave_presence(project: str, page: str) -> None:
        presence.leave(user(), project, page)

    return {
        "list_changes": list_changes,
        "stream_changes": stream_changes,
        "tell_presence": tell_presence,
        "leave_presence": leave_presence,
    }


class Recent(Generic[T]):
    """What is asked of the store for a project, shared for a moment by all streams of this process."""

    def __init__(self, ask: Callable[[str], T], age_s: float) -> None:
        self._ask = ask
        self._age_s = age_s
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, T]] = {}

    def of(self, project: str) -> T:
        """At most so old. One stream asks; the others wait for its answer."""
        with self._lock:
            asked, answer = self._known.get(project, (-math.inf, None))
            if answer is None or time.monotonic() - asked > self._age_s:
                answer = self._ask(project)
                self._known[project] = (time.monotonic(), answer)
            return answer


class Tail:
    """The newest changes of projects, read once for all streams of this process."""

    def __init__(self, changes: Changes, age_s: float) -> None:
        self._changes = changes
        self._age_s = age_s
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def after(self, project: str, seq: int) -> list[Change]:
        """Changes after a number, at most so long after they were told; a stream that is far behind gets them in pieces."""
        with self._lock:
            known = self._known.get(project)
            if known is None or seq > known.reached:
                known = self._known[project] = _Known(reached=seq)
            if time.monotonic() - known.asked > self._age_s:
                known.add(self._changes.after(project, known.reached).changes)
            if seq >= known.reached - len(known.changes):
                return [change for change in known.changes if change.seq > seq]
        return list(self._changes.after(project, seq).changes)


@dataclass(slots=True)
class _Known:
    """Changes without a gap, the last one being number `reached`."""

    reached: int
    asked: float = -math.inf
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=LONGEST_LIST))

    def add(self, newer: Sequence[Change]) -> None:
        self.asked = time.monotonic()
        self.changes.extend(newer)
        self.reached = newer[-1].seq if newer else self.reached


@dataclass(frozen=True, slots=True)
class News:
    """What a stream tells of a project: the changes after a number, and who is there."""

    after: Callable[[int], Sequence[Change]]
    people: Callable[[], PresenceList]


def events(news: News, project: str, after: int, alive: Alive) -> Iterator[str]:
    """Changes after a number as server-sent events, for five minutes; then the browser comes again by itself.

    Who is there is told at the start and whenever it is somebody else; these events have no number, nothing is missed.
    """
    end = time.monotonic() + LIFE_S
    spoke = time.monotonic()
    looked, seen = -math.inf, ""
    yield f"retry: {RETRY_MS}\n: changes of {project} after {after}\n\n"
    while alive() and time.monotonic() < end:
        for change in news.after(after):
            after = change.seq
            spoke = time.monotonic()
            yield f"id: {change.seq}\nevent: {change.kind}\ndata: {change.model_dump_json()}\n\n"
        if time.monotonic() - looked >= PRESENCE_S:
            looked = time.monotonic()
            if (now := news.people().model_dump_json()) != seen:
                seen = now
                yield f"event: presence\ndata: {now}\n\n"
        if time.monotonic() - spoke > HEARTBEAT_S:
            spoke = time.monotonic()
            yield ": still here\n\n"
        time.sleep(POLL_S)


def _start(after: int | None) -> int | None:
    """Where a browser that comes again left off; else what the address says."""
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if re.fullmatch(r"\d{1,15}", last) else after
