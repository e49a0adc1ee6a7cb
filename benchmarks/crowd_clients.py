"""Scripted people for benchmarks.crowd: they draw, edit, delete, restore, conflict and reload on one section, and keep a log.

What the log says is compared with what the server holds in the end: an acknowledged edit that no revision shows is lost, an
edit that two revisions show is doubled.
"""

import http.client
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

SECTION = 901
PROJECT = "/api/projects/crowd"
NODES = 120  # of an outline
SHARED = 6  # regions that everybody edits
MOST_REGIONS = 300  # as benchmarks.editor has on a section; then they are edited, and none is added
REST_S = (0.2, 1.0)  # between two edits of one person, at random
# One answer in this many is thrown away as if the network had lost it: the client asks again with the same words.
LOST_ANSWERS = 20
PATIENCE_S = 60.0
OK, CONFLICT = 200, 409

Json = dict[str, Any]


@dataclass(slots=True)
class Log:
    """What one person did and was told."""

    acknowledged: list[tuple[str, int, float]] = field(default_factory=list)  # region, version, mark in its outline
    times_ms: list[float] = field(default_factory=list)
    conflicts: int = 0
    reloads: int = 0
    repeated: int = 0
    told: int | None = 0  # changes that came by the event stream; None where no stream was free


def outline(mark: float, random_: random.Random) -> list[list[list[float]]]:
    """A ring whose first node carries a number that no other edit has."""
    x, y = 1000 + 200 * random_.random(), 1000 + 200 * random_.random()
    return [[[mark, y], *([round(x + step, 2), round(y + (step * 7) % 13, 2)] for step in range(1, NODES))]]


class Person:
    """One client: a connection, a session, and what its page knows of the section."""

    def __init__(self, port: int, name: str, password: str, number: int) -> None:
        self.log = Log()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._stream = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._wire: socket.socket | None = None
        self._random = random.Random(number)
        self._number = number
        self._marks = 0
        self._hung_up = False
        self._headers: dict[str, str] = {"Content-Type": "application/json"}
        self._known: dict[str, int] = {}
        cookie, token = self._log_in(name, password)
        self._headers |= {"Cookie": cookie, "X-CSRF-Token": token}

    def listen(self) -> None:
        """The event stream that a page keeps open; as a browser does, it comes again where it left off, until it is closed."""
        seen = "0"
        while not self._hung_up:
            self._stream.connect()
            self._wire = self._stream.sock  # the connection lets go of it when the answer has no end
            self._stream.request("GET", f"{PROJECT}/events?after=0", headers=self._headers | {"Last-Event-ID": seen})
            answer = self._stream.getresponse()
            if answer.status != OK:  # the page asks for the list of changes instead
                self.log.told = None
                return
            with suppress(OSError, http.client.HTTPException, AttributeError):  # closed below our feet
                while line := answer.readline():
                    if line.startswith(b"id: "):
                        seen = line[4:].decode().strip()
                    elif line == b"event: annotation\n":
                        self.log.told = (self.log.told or 0) + 1
            self._stream.close()

    def hang_up(self) -> None:
        """Close the stream and the connection."""
        self._hung_up = True
        if self._wire:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        self._connection.close()

    def work(self, shared: list[str], until: float) -> None:
        """Edits until the time is over; what was asked for is brought to its end."""
        self._reload()
        while time.monotonic() < until:
            deed = self._random.random()
            if deed < 0.1:
                self._reload()
            elif deed < 0.3 and len(self._known) < MOST_REGIONS:
                self._save(uuid4().hex, 0)
            elif deed < 0.4 and self._known:
                self._delete_and_restore(self._random.choice(list(self._known)))
            else:
                uid = self._random.choice(shared if deed < 0.7 or not self._known else list(self._known))
                self._save(uid, self._known.get(uid, 0))
            time.sleep(self._random.uniform(*REST_S))

    def read(self, path: str) -> Json:
        """The JSON there."""
        status, answer = self._ask("GET", path)
        if status != OK:
            raise RuntimeError(f"GET {path} answered {status}: {answer}")
        return answer

    def _log_in(self, name: str, password: str) -> tuple[str, str]:
        self._connection.request("POST", "/api/session", json.dumps({"name": name, "password": password}), self._headers)
        answer = self._connection.getresponse()
        cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
        return cookie, str(json.loads(answer.read())["csrf_token"])

    def _ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def _change(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """One timed change; now and then its answer is lost, and it is sent again."""
        started = time.perf_counter()
        status, answer = self._ask(method, path, body)
        self.log.times_ms.append(1000 * (time.perf_counter() - started))
        if self._random.randrange(LOST_ANSWERS):
            return status, answer
        self.log.repeated += 1
        again, second = self._ask(method, path, body)
        # Somebody else may have gone on from it meanwhile; then the second answer is a conflict, and the first one stands.
        return (status, answer) if again == CONFLICT else (again, second)

    def _save(self, uid: str, version: int, tries: int = 5) -> None:
        """Like the page: after a conflict the person keeps their own state and sends it on top of the other one."""
        self._marks += 1
        mark = float(self._number * 100_000 + self._marks)
        body = {"section": SECTION, "area": "hOc1", "paths": outline(mark, self._random), "version": version}
        for _ in range(tries):
            status, answer = self._change("PUT", f"{PROJECT}/annotations/{uid}", body)
            if status == OK:
                self._acknowledged(answer, mark)
                return
            body["version"] = self._conflict(status, answer)

    def _delete_and_restore(self, uid: str) -> None:
        status, answer = self._change("DELETE", f"{PROJECT}/annotations/{uid}?version={self._known[uid]}")
        if status == OK:
            self._save(uid, int(answer["annotation"]["version"]))
        else:
            self._known[uid] = self._conflict(status, answer)

    def _acknowledged(self, answer: Json, mark: float) -> None:
        saved = answer["annotation"]
        self.log.acknowledged.append((saved["uid"], int(saved["version"]), mark))
        self._known[saved["uid"]] = int(saved["version"])

    def _conflict(self, status: int, answer: Json) -> int:
        """The version the other one made."""
        if status != CONFLICT or "current" not in answer["error"]["details"]:
            raise RuntimeError(f"the backend answered {status}: {answer}")
        self.log.conflicts += 1
        return int(answer["error"]["details"]["current"]["version"])

    def _reload(self) -> None:
        self.log.reloads += 1
        found = self.read(f"{PROJECT}/sections/{SECTION}/annotations")["annotations"]
        self._known = {one["uid"]: int(one["version"]) for one in found}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    lost: int
    doubled: int
    untold: int
    saves: int
    conflicts: int
    repeated: int
    times_ms: list[float]


def crowd(port: int, people: dict[str, str], seconds: float) -> Outcome:
    """Everybody works at once; then every region's history is compared with what everybody was told."""
    crew = [Person(port, name, password, number) for number, (name, password) in enumerate(people.items(), 1)]
    shared = [uuid4().hex for _ in range(SHARED)]
    listeners = ThreadPoolExecutor(len(crew))
    listening = [listeners.submit(person.listen) for person in crew]
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(crew)) as workers:
        for work in [workers.submit(person.work, shared, until) for person in crew]:
            work.result()
    logs = [person.log for person in crew]
    untold = _untold(logs, len(list(_changes(crew[0]))))
    histories = dict(_histories(crew[0], {uid for log in logs for uid, _, _ in log.acknowledged}))
    for person in crew:
        person.hang_up()
    for each in listening:
        each.result()
    listeners.shutdown()
    return account(logs, histories, untold)


def _changes(reader: Person) -> Iterator[Json]:
    """The project's changes, which come in pieces."""
    after = 0
    while found := reader.read(f"{PROJECT}/changes?after={after}")["changes"]:
        yield from found
        after = found[-1]["seq"]


def _untold(logs: list[Log], changes: int) -> int:
    """Changes that did not come, or came twice, to those who listened; the streams are given a moment to end with them."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        missing = sum(abs(changes - log.told) for log in logs if log.told is not None)
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(0.1)


def _histories(reader: Person, uids: set[str]) -> Iterator[tuple[str, list[Json]]]:
    for uid in uids:
        yield uid, reader.read(f"{PROJECT}/annotations/{uid}/revisions")["revisions"]


def account(logs: list[Log], histories: dict[str, list[Json]], untold: int) -> Outcome:
    """Lost: acknowledged and not at its version in the history, or a gap in it. Doubled: one edit as two versions."""
    states = {
        (uid, one["version"]): one["paths"][0][0][0]
        for uid, found in histories.items()
        for one in found
        if one["action"] != "deleted"
    }
    acknowledged = [edit for log in logs for edit in log.acknowledged]
    gaps = sum(len(found) != max(one["version"] for one in found) for found in histories.values())
    times = Counter((uid, mark) for (uid, _), mark in states.items())
    return Outcome(
        lost=gaps + sum(states.get((uid, version)) != mark for uid, version, mark in acknowledged),
        doubled=sum(count - 1 for count in times.values()),
        untold=untold,
        saves=len(acknowledged),
        conflicts=sum(log.conflicts for log in logs),
        repeated=sum(log.repeated for log in logs),
        times_ms=[time_ms for log in logs for time_ms in log.times_ms],
    )
