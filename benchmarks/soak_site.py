"""Everything between a browser and a cluster on this one machine, to be hurt: backend, monitor, sshd, compute service, Slurm.

All are the real programs as real processes, on loopback. The backend reaches the compute service through sshd and a wire
(`soak_wire`) to its unix socket. Jobs of a cluster run by a Python that leaves marks outside the job folder: a lock that the
kernel holds as long as the run lives tells when two runs of one job overlap.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import requests
import yaml

from backend import settings, wiring
from backend.domain.collections import JOBS
from backend.ports import MissingDocumentError
from backend.wiring import Services
from benchmarks.soak_wire import Wire
from brodmann.lab import keeper
from brodmann.lab.slurm import SlurmLab
from brodmann.lab.sshd import SshdLab
from core.contracts.api import NewProject
from core.contracts.cluster import CheckParameters
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobReport, Resources
from core.datasets import BrainFolder
from tests.fakes.brain_folder import write_small_brain
from tests.integration.backend.processes import free_port

ROOT = Path(__file__).parents[1]
BRAINS, SECTIONS = ("B1", "B2", "B3"), tuple(range(901, 917))
PASSWORD, TOKEN = "correct horse", "a token that only the soak knows, and nobody else"
READY_S, LOOK_S, CALL_S = 60.0, 0.05, 30.0
PROFILE: dict[str, Any] = {
    "name": "lab",
    "partitions": [{"name": "batch", "nodes": 2, "cpus_per_node": 8, "memory_mb_per_node": 64_000, "longest_h": 1}],
    "poll_interval_s": 0.2,
    "longest_back_off_s": 1,
    "forgotten_after_s": 2,
    "heartbeat_s": 1,
    "outcome_grace_s": 1,
}
MARKING_PYTHON = """\
#!/bin/bash
# -m compute_service.runner FOLDER [--element N]
mark={marks}/$(basename "$3").${{SLURM_PROCID:-0}}.${{5:-job}}
exec 9>> "$mark.lock"
flock -n 9 || echo "two runs at once" >> "$mark.doubled"
[ -e "$3/outcome.json" ] && echo "a run after the end" >> "$mark.doubled"
echo begun >> "$mark.begun"
exec {python} "$@"
"""


@dataclass
class Site:
    """A context manager; `folder` must have a short name, for the unix sockets' sake."""

    folder: Path
    services: Services = field(init=False)
    _running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "marks").mkdir(parents=True)
        self.jobs = self.folder / "jobs"
        self.jobs.mkdir()
        self.has_own_disk = _mounted(self.jobs)
        self.slurm = SlurmLab(self.folder / "slurm", nodes=2, cpus=8, memory_mb=64_000, settings={"SlurmdTimeout": "5"})
        self.sshd = SshdLab(self.folder / "ssh", 'restrict,port-forwarding,command="/bin/false"')
        self.clock = self.folder / "clock"
        self._address = f"http://127.0.0.1:{free_port()}"

    def __enter__(self) -> Self:
        try:
            self._up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for name in list(self._running):
            self.kill(name)
        if hasattr(self, "services"):
            self.services.close()
            self.wire.close()
        self.sshd.down()
        self.slurm.down()
        if self.has_own_disk:
            subprocess.run(["umount", "-l", str(self.jobs)], check=False)

    # -- processes

    @property
    def names(self) -> tuple[str, ...]:
        """Of the processes that `start` knows."""
        return ("web", "poller", "backend", "monitor")

    def start(self, name: str, copy: str = "") -> None:
        """Start a process that does not run; a `copy` beside it has a name of its own."""
        gunicorn = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--log-level", "warning")
        command, environment = {
            "web": (
                (*gunicorn, "-m", "0077", "--bind", f"unix:{self._service}", "compute_service.app:create_app()"),
                self._far,
            ),
            "poller": (("-m", "benchmarks.soak_poller"), self._far),
            "backend": ((*gunicorn, "--bind", self._address.removeprefix("http://"), "backend.app:create_app()"), self.near),
            "monitor": (("-m", "backend.monitor"), self.near),
        }[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[copy or name] = subprocess.Popen(
                (sys.executable, *command), cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a process and all it started a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, number)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process, whatever it does."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number) if number != signal.SIGKILL else os.killpg(process.pid, number)
        try:
            process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def runners(self, key: str) -> list[int]:
        """Process ids of a job's runs."""
        found = []
        for pid in sorted(self.members()):
            with contextlib.suppress(OSError):  # It ended while we look.
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"compute_service.runner" in words and b"-m" in words[:2] and any(key.encode() in word for word in words):
                    found.append(pid)
        return found

    def resize_disk(self, free: int | None) -> None:
        """Leave so many bytes free on the jobs' own disk; None: as at the start."""
        disk = os.statvfs(self.jobs)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        size = "3g" if free is None else str(max(used + free, disk.f_frsize))
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.jobs)], check=free is None, capture_output=True)

    def members(self) -> set[int]:
        """Process ids of Slurm and all that it runs."""
        return keeper.members(self.slurm.place.cluster, self.slurm.folder)

    # -- what a person does

    def health(self) -> dict[str, Any]:
        """As the page asks for it."""
        answer: dict[str, Any] = requests.get(f"{self._address}/api/health", timeout=CALL_S).json()
        return answer

    def click(self, path: str, body: object = None) -> dict[str, Any]:
        """What a page does at a click: with the same key again until there is an answer."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                answer = self._person.post(f"{self._address}{path}", json=body, timeout=CALL_S)
                if answer.status_code < 500:
                    answer.raise_for_status()
                    return dict(answer.json())
            except (requests.ConnectionError, requests.Timeout):
                answer = None
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path}: {answer.text if answer is not None else 'no answer'}")
            time.sleep(0.2)

    def tissue(self, brain: str, section: int) -> str:
        """Click for the tissue classes of a section; the job's key."""
        body = {"key": uuid4().hex, "kind": "tissue", "sections": [section]}
        return str(self.click(f"/api/brains/{brain}/jobs", body)["report"]["key"])

    def check_job(self, processes: int = 2) -> JobDefinition:
        """A job of several processes over both nodes, as `brodmann cluster check --job` sends it."""
        return JobDefinition(
            key=uuid4().hex,
            title="Check",
            parameters=CheckParameters(),
            inputs=JobInputs(brain=self.brain),
            resources=Resources(cpus=1, memory_mb=2000, processes=processes, nodes=min(2, processes), time_limit_s=600),
            code_version="soak",
            submitted_by="soak",
        )

    def shown(self, brain: str, key: str) -> tuple[str, JobReport] | None:
        """Stage and report of a job as the backend has it."""
        try:
            job = self.services.store.get(JOBS, f"brain:{brain}/{key}")
        except MissingDocumentError:
            return None
        return job["stage"], JobReport.model_validate(job["report"])

    # -- making it

    def _up(self) -> None:
        for brain in BRAINS:
            write_small_brain(self.folder / "brains", brain, SECTIONS)
        first = BrainFolder(self.folder / "brains" / BRAINS[0])
        self.brain = BrainReference(id=first.brain.id, fingerprint=first.fingerprint())
        (self.folder / "token").write_text(TOKEN)
        python = self.folder / "python"
        python.write_text(MARKING_PYTHON.format(marks=self.folder / "marks", python=sys.executable))
        python.chmod(0o755)
        (self.folder / "profile.yaml").write_text(yaml.safe_dump({**PROFILE, "python": str(python)}))
        self.slurm.up()
        self.sshd.up()
        self._service = self.folder / "http.sock"
        self.wire = Wire(self.folder / "wire.sock", self._service)
        self._far = {
            "BRODMANN_BRAINS": str(self.folder / "brains"),
            "BRODMANN_JOBS": str(self.jobs),
            "BRODMANN_COMPUTE_TOKEN_FILE": str(self.folder / "token"),
            "BRODMANN_CLUSTER_PROFILE": str(self.folder / "profile.yaml"),
            "BRODMANN_COMPUTE_POLL_INTERVAL_S": "0.2",
            "BRODMANN_COMPUTE_STOP_GRACE_S": "10",
            "SOAK_CLOCK": str(self.clock),
            **self.slurm.environment,
        }
        self.near: Mapping[str, str] = {
            "BRODMANN_BRAINS": str(self.folder / "brains"),
            "BRODMANN_STORE": str(self.folder / "store"),
            "BRODMANN_COMPUTE_TOKEN_FILE": str(self.folder / "token"),
            "BRODMANN_COMPUTE_URL": f"ssh://{self.sshd.user}@{self.sshd.host}:{self.sshd.port}{self.folder}/wire.sock",
            "BRODMANN_SSH_KEY_FILE": str(self.sshd.key_file),
            "BRODMANN_SSH_KNOWN_HOSTS": str(self.sshd.known_hosts),
        }
        self.services = wiring.build(settings.from_environment(self.near))
        self.services.accounts.add("ada", "Ada", PASSWORD)
        for brain in BRAINS:
            self.services.projects.create("ada", NewProject(id=brain.lower(), title=brain, brain=brain, areas=("hOc1",)))
        for name in self.names:
            self.start(name)
        self.await_health()
        self._person = requests.Session()
        token = self._person.post(f"{self._address}/api/session", json={"name": "ada", "password": PASSWORD}, timeout=CALL_S)
        self._person.headers["X-CSRF-Token"] = token.json()["csrf_token"]

    def await_health(self) -> None:
        """Until the page says that everything is there."""
        deadline, found = time.monotonic() + READY_S, None
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout, ValueError):
                found = self.health()
                if found.get("status") == "ok":
                    return
            time.sleep(LOOK_S)
        raise RuntimeError(f"waited {READY_S:.0f} s for all to be well: {found}")


def _mounted(folder: Path) -> bool:
    """A small disk of its own, so that it can be filled; needs root."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3g", "brodmann-soak", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0
