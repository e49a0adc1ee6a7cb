"""Tiles over HTTP for benchmarks.tiles: the backend as it is delivered, and clients that cost as little as they can.

Clients share the processor with what they measure, so all are one thread over non-blocking sockets, with requests that
are bytes already. Each asks for the next random tile as soon as it has the last byte of the one before.
"""

import http.client
import json
import os
import secrets
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backend import settings, wiring
from benchmarks.figures import Figure
from core.contracts.datasets import TilePyramid
from core.datasets import BrainFolder

CLIENTS = 8
WARM_UP_S, PATIENCE_S = 1.0, 60.0
SECTIONS = 8
USER = "benchmark"
END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class Client:
    """One connection that is kept open, and the answer it waits for."""

    connection: socket.socket
    asked_at: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    length: int | None = None

    def ask(self, request: bytes) -> None:
        """Send the next request."""
        self.answer, self.length, self.asked_at = bytearray(), None, time.perf_counter()
        self.connection.sendall(request)

    def receive(self) -> bool:
        """Take what has come; whether the answer is whole. RuntimeError for any answer but a tile."""
        part = self.connection.recv(1 << 17)
        self.answer += part
        if self.length is None and (head_end := self.answer.find(END_OF_HEAD)) >= 0:
            head = bytes(self.answer[:head_end]).lower()
            if not head.startswith(b"http/1.1 200 "):
                raise RuntimeError(f"the backend answered {self.answer[:300]!r}")
            self.length = head_end + len(END_OF_HEAD) + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if not part:
            raise RuntimeError(f"the backend closed the connection after {self.answer[:300]!r}")
        return self.length is not None and len(self.answer) >= self.length


@contextmanager
def served(brains: Path, store: Path) -> Iterator[tuple[int, int, str]]:
    """The backend under gunicorn on a free port: its process, the port, and the cookie of a logged-in user."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {"BRODMANN_BRAINS": str(brains), "BRODMANN_STORE": str(store)}
    password = secrets.token_urlsafe(9)
    services = wiring.build(settings.from_environment(environment))
    services.accounts.add(USER, "Benchmark", password)
    services.close()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:backend.gunicorn_conf", "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "backend.app:create_app()"], env={**os.environ, **environment}
    )
    try:
        yield process.pid, port, _log_in(process, port, password)
    finally:
        process.terminate()
        process.wait(30)


def _log_in(process: subprocess.Popen[bytes], port: int, password: str) -> str:
    """Wait until the backend answers; the cookie."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            body = json.dumps({"name": USER, "password": password})
            connection.request("POST", "/api/session", body, {"Content-Type": "application/json"})
            return str(connection.getresponse().headers["Set-Cookie"]).partition(";")[0]
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        finally:
            connection.close()


def workers_cpu_s(parent: int) -> float:
    """CPU time that the processes below this one have taken so far."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    # The 14th and 15th field are ticks as user and in the kernel; the second is a name in brackets.
    fields = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def tile_requests(folder: BrainFolder, port: int, cookie: str) -> list[bytes]:
    """Requests for every tile of every level of some sections, in random order."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    addresses = []
    for section in folder.brain.sections[:SECTIONS]:
        base = f"/api/brains/{folder.brain.id}/sections/{section.number}"
        connection.request("GET", f"{base}/pyramid", headers={"Cookie": cookie})
        pyramid = TilePyramid.model_validate_json(connection.getresponse().read())
        for level in pyramid.levels:
            columns, rows = (-(-side // pyramid.tile_size_px) for side in (level.width_px, level.height_px))
            tiles = [(column, row) for column in range(columns) for row in range(rows)]
            addresses += [f"{base}/tiles/{pyramid.version}/{level.level}/{column}/{row}" for column, row in tiles]
    connection.close()
    order = np.random.default_rng(0).permutation(len(addresses))
    return [f"GET {addresses[index]} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode() for index in order]


def ask_for(seconds: float, port: int, requests: Sequence[bytes]) -> tuple[float, list[float]]:
    """Tiles per second that all clients together get, and the time of each tile in ms."""
    clients = [Client(socket.create_connection(("127.0.0.1", port))) for _ in range(CLIENTS)]
    selector = selectors.DefaultSelector()
    times_ms: list[float] = []
    started = time.perf_counter()
    asked = 0
    for client in clients:
        client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(client.connection, selectors.EVENT_READ, client)
        client.ask(requests[asked])
        asked += 1
    while (now := time.perf_counter()) < started + seconds:
        for key, _ in selector.select(PATIENCE_S):
            client = key.data
            if client.receive():
                times_ms.append(1000 * (time.perf_counter() - client.asked_at))
                client.ask(requests[asked % len(requests)])
                asked += 1
    for client in clients:
        client.connection.close()
    selector.close()
    return len(times_ms) / (now - started), times_ms


def http_figures(folder: BrainFolder, work: Path, seconds: float) -> list[Figure]:
    """Rate and times with all clients at once, after a moment in which files are opened."""
    with served(folder.path.parent, work / "store") as (pid, port, cookie):
        requests = tile_requests(folder, port, cookie)
        ask_for(WARM_UP_S, port, requests)
        cpu_before_s = workers_cpu_s(pid)
        rate, times_ms = ask_for(seconds, port, requests)
        cpu_s = workers_cpu_s(pid) - cpu_before_s
    return [
        Figure("tile.http_per_s", rate, "1/s", 1000, "at least"),
        Figure("tile.http_backend_cpu_ms", 1000 * cpu_s / len(times_ms), "ms"),
        Figure("tile.http_p50_ms", float(np.percentile(times_ms, 50)), "ms"),
        Figure("tile.http_p95_ms", float(np.percentile(times_ms, 95)), "ms", 20.0),
    ]
