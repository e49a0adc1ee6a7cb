"""A really running compute service on this machine: gunicorn, poller, runner; and a client that speaks its HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import requests

from compute_service.ports import JobPaths
from compute_service.schedulers.local_files import LocalPaths, Process, read_process
from compute_service.schedulers.processes import session_members
from core.contracts.annotations import FrozenAnnotation
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobReport, JobState
from core.contracts.presets import PRESETS
from core.contracts.training import TrainParameters
from core.datasets import BrainFolder, write_tissue
from tests.fakes.brain_folder import HEIGHT_PX, NUMBERS, PIXEL_SIZE_UM, WIDTH_PX, write_small_brain
from tests.fakes.jobs import training_job

T = TypeVar("T")
FOR_EVER = 100_000
ROOT = Path(__file__).parents[3]
TOKEN = "a-token-made-for-a-test-only-0123456789"
PATIENCE_S = 120
SQUARE_UM = ((2000.0, 1400.0), (3600.0, 1400.0), (3600.0, 2600.0), (2000.0, 2600.0))


def await_that(question: Callable[[], T], what: str) -> T:
    """Ask until the answer counts as true; fails with words otherwise."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := question()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.05)
    return answer


def make_brain(brains: Path, numbers: tuple[int, ...]) -> BrainFolder:
    """A brain of noise whose tissue has all three classes, so that training on it means nothing and works."""
    folder = write_small_brain(brains, numbers=numbers)
    width_px, height_px = (round(side_px * PIXEL_SIZE_UM / 64) for side_px in (WIDTH_PX, HEIGHT_PX))
    grid = RasterGrid(pixel_size_um=64, width_px=width_px, height_px=height_px)
    tissue = np.full((height_px, width_px), 2, np.uint8)
    tissue[:10], tissue[-10:] = 0, 1
    for number in numbers:
        write_tissue(folder, "SMALL", number, tissue, grid)
    return BrainFolder(folder)


def square(number: int) -> FrozenAnnotation:
    """The area on one of the annotated sections."""
    return FrozenAnnotation(uid=f"{number:032x}", version=1, section=number, area="hOc1", paths=(SQUARE_UM,))


class Installation:
    """Folders, token, web process and poller; each can be killed and started again."""

    def __init__(
        self, folder: Path, numbers: tuple[int, ...] = NUMBERS, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.jobs = folder / "jobs"
        self.ends = (numbers[0], numbers[-1])
        self.brain = make_brain(folder / "brains", numbers)
        (folder / "token").write_text(TOKEN)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._log = (folder / "services.log").open("a")
        self._environment = {
            **os.environ,
            "BRODMANN_BRAINS": str(folder / "brains"),
            "BRODMANN_JOBS": str(self.jobs),
            "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
            "BRODMANN_COMPUTE_SLOTS_CPUS": "2",
            "BRODMANN_COMPUTE_POLL_INTERVAL_S": "0.1",
            **environment,
        }
        self.web = self.start_web()
        self.poller = self.start_poller()

    def start_web(self) -> "subprocess.Popen[bytes]":
        """Gunicorn as in production, on loopback; returns when it answers."""
        options = ("--worker-class", "gthread", "--threads", "4", "--bind", self.address, "--log-level", "warning")
        self.web = self._start("gunicorn", *options, "compute_service.app:create_app()")
        await_that(self._answers, "the web process")
        return self.web

    def start_poller(self) -> "subprocess.Popen[bytes]":
        """The poller as in production."""
        self.poller = self._start("compute_service.poller")
        return self.poller

    def stop(self) -> None:
        """End services and jobs."""
        for path in self.jobs.glob("**/process.json"):
            process = newest_process(path)
            if process and session_members(process.identity):
                os.kill(process.pid, signal.SIGKILL)
                for pid in session_members(process.identity):
                    os.kill(pid, signal.SIGKILL)
        for service in (self.web, self.poller):
            kill(service)
        self._log.close()

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        """One request with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.request(method, f"http://{self.address}{path}", headers=headers, timeout=30, **options)

    def submit(self, definition: JobDefinition) -> requests.Response:
        """Send a definition."""
        return self.call("POST", "/jobs", data=definition.model_dump_json())

    def report(self, key: str) -> JobReport:
        """The job as the service tells it."""
        return JobReport.model_validate_json(self.call("GET", f"/jobs/{key}").content)

    def await_end(self, key: str) -> JobReport:
        """Until the job ended."""
        await_that(lambda: self.report(key).state.ended, f"the end of job {key}")
        return self.report(key)

    def await_training(self, key: str, attempt: int = 1) -> JobReport:
        """Until this attempt of the job has told a step of its training."""
        await_that(lambda: self.report(key).attempts >= attempt, f"attempt {attempt} of job {key}")
        await_that(lambda: self.report(key).state is JobState.RUNNING, f"attempt {attempt} of job {key} to run")
        seen = self.report(key).progress
        await_that(
            lambda: (now := self.report(key).progress) and now.phase == "training" and now != seen, f"training of job {key}"
        )
        return self.report(key)

    def supervisor(self, key: str, element: int | None = None) -> Process | None:
        """Who supervises the newest attempt of a job, or of an element of an array."""
        job = JobPaths(self.jobs / key)
        return newest_process(LocalPaths((job if element is None else job.element(element)).folder).process)

    def runner_pid(self, key: str, element: int | None = None) -> int:
        """The process id of the job's runner, or of an element's."""
        process = self.supervisor(key, element)
        assert process is not None
        return next(pid for pid in sorted(session_members(process.identity)) if pid != process.pid)

    def training(self, iterations: int = FOR_EVER) -> JobDefinition:
        """A training job on the brain of noise."""
        quick = {"iterations": iterations, "batch_size": 1, "halve_learning_rate_at": ()}
        settings = PRESETS["tiny"].settings.model_copy(update=quick)
        inputs = JobInputs(
            brain=BrainReference(id=self.brain.brain.id, fingerprint=self.brain.fingerprint()),
            annotations=tuple(square(number) for number in self.ends),
        )
        parameters = TrainParameters(areas=("hOc1",), sections=self.ends, settings=settings)
        return training_job(parameters=parameters, inputs=inputs)

    def _start(self, module: str, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            (sys.executable, "-m", module, *arguments),
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/health").ok
        except requests.ConnectionError:
            return False


def newest_process(path: Path) -> Process | None:
    """Who wrote this file."""
    text = path.read_text() if path.exists() else ""
    return read_process(path, text.split('"queue_id": "')[1].split('"')[0]) if text else None


def kill(service: "subprocess.Popen[bytes]") -> None:
    """KILL the service with all its workers, and wait until it is gone."""
    os.killpg(service.pid, signal.SIGKILL)
    service.wait()
