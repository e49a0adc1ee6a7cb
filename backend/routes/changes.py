"""A project's changes: as a list to poll, and as server-sent events."""

import re
import threading
import time
from collections.abc import Callable, Iterator

from flask import Response, current_app, request

from backend.domain.errors import BusyError
from backend.routes.binding import Views, user
from backend.services.changes import Changes
from backend.services.projects import Projects
from core.contracts.api import ChangeList

# A stream holds one thread of its worker; the others stay free for tiles and saves.
MOST_STREAMS = 16
LIFE_S = 300.0
POLL_S = 0.5
HEARTBEAT_S = 10.0
RETRY_MS = 2000
ALIVE = "brodmann_alive"
"""Key in `app.extensions` of a function that says whether the worker goes on; streams end when it does not."""


def change_views(changes: Changes, projects: Projects) -> Views:
    """Views of the stream of changes."""
    free = threading.BoundedSemaphore(MOST_STREAMS)

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
        alive: Callable[[], bool] = current_app.extensions.get(ALIVE, lambda: True)
        response = Response(events(changes, project, start, alive), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(free.release)
        return response

    return {"list_changes": list_changes, "stream_changes": stream_changes}


def events(changes: Changes, project: str, after: int, alive: Callable[[], bool]) -> Iterator[str]:
    """Changes after a number as server-sent events, for five minutes; then the browser comes again by itself."""
    end = time.monotonic() + LIFE_S
    spoke = time.monotonic()
    yield f"retry: {RETRY_MS}\n: changes of {project} after {after}\n\n"
    while alive() and time.monotonic() < end:
        for change in changes.after(project, after).changes:
            after = change.seq
            spoke = time.monotonic()
            yield f"id: {change.seq}\nevent: {change.kind}\ndata: {change.model_dump_json()}\n\n"
        if time.monotonic() - spoke > HEARTBEAT_S:
            spoke = time.monotonic()
            yield ": still here\n\n"
        time.sleep(POLL_S)


def _start(after: int | None) -> int | None:
    """Where a browser that comes again left off; else what the address says."""
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if re.fullmatch(r"\d{1,15}", last) else after
