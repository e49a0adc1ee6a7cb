"""What SSH costs between backend and compute service, and how soon it is whole again after it broke.

The real client, a real sshd and the real compute service on this machine, asked directly and through SSH in turn.
Example: python -m benchmarks.tunnel --json benchmarks/results/tunnel.json
"""

import argparse
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import requests

from backend.addresses import ssh_address
from backend.clients.compute import HttpCompute
from backend.clients.ssh.adapter import BASE_URL, mount
from backend.clients.ssh.link import Credentials, Link
from backend.domain.errors import BackendError
from benchmarks.figures import Figure, run
from brodmann.lab.sshd import SshdLab
from compute_service.ports import JobPaths
from core.contracts.anatomy import TissueParameters
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Outcome, Resources
from tests.integration.backend.processes import web_process

PINGS, QUICK_PINGS = 400, 100
DOWNLOADS, QUICK_DOWNLOADS = 7, 3
RECONNECTS, QUICK_RECONNECTS = 10, 4
SILENCES, QUICK_SILENCES = 4, 1
THREADS, REQUESTS_EACH = 16, 50
RESULT, RESULT_MB = "raster.bin", 50
SERVED = ("--worker-class", "gthread", "--threads", str(THREADS + 1), "--keep-alive", "30")


@dataclass(frozen=True, slots=True)
class Ways:
    """The same service, reached in three ways; and the sshd in between."""

    direct: HttpCompute
    socket: HttpCompute
    port: HttpCompute
    lab: SshdLab
    links: tuple[Link, Link]
    job: str


@contextmanager
def ways(folder: Path) -> Iterator[Ways]:
    """The compute service with one finished job, a server before it, and clients for each way."""
    jobs, brains, token = folder / "jobs", folder / "brains", folder / "token"
    brains.mkdir()
    token.write_text("a token for a benchmark on loopback alone")
    environment = {
        "BRODMANN_BRAINS": str(brains),
        "BRODMANN_JOBS": str(jobs),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(token),
        "BRODMANN_COMPUTE_SLOTS_CPUS": "1",
    }
    options = (*SERVED, "--bind", f"unix:{folder / 'http.sock'}")
    with (
        SshdLab(folder / "ssh") as lab,
        web_process("compute_service.app", environment, folder / "compute.log", options, "/health") as (url, _),
    ):
        links = tuple(link_to(lab, target) for target in (str(folder / "http.sock"), f"?to={url.removeprefix('http://')}"))
        direct = HttpCompute(url, token)
        job = finished_job(direct, jobs)
        try:
            clients = [HttpCompute("ssh://", token, link) for link in links]
            yield Ways(direct, clients[0], clients[1], lab, (links[0], links[1]), job)
        finally:
            for link in links:
                link.close()


def link_to(lab: SshdLab, target: str) -> Link:
    """A connection of our own to the same server."""
    address = ssh_address(f"ssh://{lab.user}@{lab.host}:{lab.port}{target}")
    if address is None:
        raise ValueError(target)
    return Link(address, Credentials(lab.key_file, lab.known_hosts))


def finished_job(compute: HttpCompute, jobs: Path) -> str:
    """A job with a result of random bytes, put where a runner would leave it."""
    job = JobDefinition(
        key=uuid4().hex,
        title="A result to fetch",
        parameters=TissueParameters(sections=(1,)),
        inputs=JobInputs(brain=BrainReference(id="NOWHERE", fingerprint="0" * 64)),
        resources=Resources(cpus=1),
        code_version="benchmark",
        submitted_by="benchmark",
    )
    compute.submit(job)
    paths = JobPaths(jobs / job.key)
    (paths.results / RESULT).write_bytes(os.urandom(RESULT_MB * 1_000_000))
    outcome = Outcome(state="succeeded", message="Done.", results=(RESULT,), finished_at=datetime.now(UTC))
    paths.outcome.write_text(outcome.model_dump_json())
    return job.key


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def pings(asked: Ways, count: int) -> list[Figure]:
    """A short question, by each way in turn, so that all see the same load."""
    clients = (asked.direct, asked.socket, asked.port)
    times: list[list[float]] = [[], [], []]
    for round_number in range(count + 10):
        for client, found in zip(clients, times, strict=True):
            taken = 1000 * seconds(lambda client=client: client.log(asked.job))  # type: ignore[misc]
            if round_number >= 10:  # connections are made by then
                found.append(taken)
    direct, socket, port = (statistics.median(found) for found in times)
    return [
        Figure("tunnel.direct_ms", direct, "ms"),
        Figure("tunnel.added_ms", socket - direct, "ms", 2.0),
        Figure("tunnel.added_port_ms", port - direct, "ms", 2.0),
        Figure("tunnel.p95_ms", statistics.quantiles(times[1], n=20)[-1], "ms"),
        Figure("tunnel.direct_p95_ms", statistics.quantiles(times[0], n=20)[-1], "ms"),
    ]


def downloads(asked: Ways, count: int) -> list[Figure]:
    """A result of 50 MB with its checksum, made and compared, by each way in turn; the median of some after the first."""
    clients = (asked.direct, asked.socket, asked.port)
    times: list[list[float]] = [[], [], []]
    for _ in range(count + 1):
        for client, found in zip(clients, times, strict=True):
            found.append(seconds(lambda client=client: client.result(asked.job, RESULT)))  # type: ignore[misc]
    direct, socket, port = (RESULT_MB / statistics.median(found[1:]) for found in times)
    return [
        Figure("tunnel.download_mb_s", socket, "MB/s", 150.0, "at least"),
        Figure("tunnel.download_port_mb_s", port, "MB/s"),
        Figure("tunnel.download_direct_mb_s", direct, "MB/s"),
    ]


def parallel(asked: Ways) -> list[Figure]:
    """Sixteen threads that ask at once, over one SSH connection."""

    def ask(_: int) -> int:
        failed = 0
        for _number in range(REQUESTS_EACH):
            try:
                asked.socket.log(asked.job)
            except BackendError:
                failed += 1
        return failed

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        failed = sum(threads.map(ask, range(THREADS)))
    rate = THREADS * REQUESTS_EACH / (time.perf_counter() - started)
    return [Figure("tunnel.parallel_failed", failed, "of 800", 0.0), Figure("tunnel.parallel_per_s", rate, "1/s")]


def reconnects(asked: Ways, count: int) -> Figure:
    """From the kill of the session to the next answer; the longest of some."""
    taken = []
    for _ in range(count):
        asked.socket.log(asked.job)
        for pid in asked.lab.sessions():
            os.kill(pid, signal.SIGKILL)
        taken.append(seconds(lambda: asked.socket.log(asked.job)))
    return Figure("tunnel.reconnect_s", max(taken), "s", 1.0)


def silences(asked: Ways, count: int) -> Figure:
    """From the moment the session stands still to the error of a request on it; the longest of some."""
    return Figure("tunnel.silent_peer_s", max(silence(asked, 0.3 * number) for number in range(count)), "s", 5.0)


def silence(asked: Ways, wait_s: float) -> float:
    """One of them; after a wait, as the last sign of life may be a while ago."""
    link = asked.links[0]
    with requests.Session() as session:
        session.trust_env = False
        mount(session, link)
        session.get(BASE_URL + "/health", timeout=30)
        threading.Event().wait(wait_s)
        asked.lab.freeze_sessions()
        try:
            started = time.perf_counter()
            try:
                session.get(BASE_URL + "/health", timeout=60)
            except requests.ConnectionError:
                return time.perf_counter() - started
            raise RuntimeError("a session that stands still has answered")
        finally:
            asked.lab.stop_sessions()


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Everything, on one service and one server."""
    quick = options.quick
    with tempfile.TemporaryDirectory(prefix="tunnel-") as name, ways(Path(name)) as asked:
        return [
            *pings(asked, QUICK_PINGS if quick else PINGS),
            *downloads(asked, QUICK_DOWNLOADS if quick else DOWNLOADS),
            *parallel(asked),
            reconnects(asked, QUICK_RECONNECTS if quick else RECONNECTS),
            silences(asked, QUICK_SILENCES if quick else SILENCES),
            Figure("tunnel.load", os.getloadavg()[0], "jobs"),
        ]


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
