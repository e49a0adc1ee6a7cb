"""A crash between any two writes neither loses nor doubles a task, a job or a prediction."""

from pathlib import Path
from uuid import uuid4

import pytest

from backend.domain.collections import JOBS, PREDICTIONS, TASKS, Collection
from backend.domain.errors import ComputeRefusedError
from backend.monitor import run_once
from backend.ports import Document, Query
from backend.services.clock import SystemClock
from backend.stores.blobs import FileBlobs
from backend.wiring import Outside, Services, assemble
from core.contracts.api import NewProject, NewTask, SaveAnnotation
from core.contracts.jobs import JobReport, JobState, ResultState
from tests.fakes.brain_folder import write_small_brain
from tests.fakes.compute_client import FakeComputeClient
from tests.fakes.memory_store import MemoryStore
from tests.fakes.predictions import disc, prediction_files
from tests.integration.backend.api import QUICK_HASHER, SQUARE

NEW = NewTask(key="a" * 32, area="hOc1", pairs=((901, 961),), preset="tiny")


class Crash(BaseException):
    """The process is gone."""


class CrashingStore(MemoryStore):
    """Dies at the n-th write from now on, before or after it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.dies_at: int | None = None
        self.after_writing = False

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        self.writes += 1
        dies = self.writes == self.dies_at
        if dies and not self.after_writing:
            raise Crash
        stored = super().put(collection, document_id, document, expected)
        if dies:
            raise Crash
        return stored


@pytest.fixture(scope="module")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("brains")
    write_small_brain(root)
    return root


class Installation:
    """Services that can be started again on the same store."""

    def __init__(self, brains: Path, folder: Path) -> None:
        self.store, self.compute = CrashingStore(), FakeComputeClient()
        self._brains, self._folder = brains, folder
        self.services = self.started()
        self.services.accounts.add("ada", "Ada", "correct horse")
        self.services.projects.create("ada", NewProject(id="demo", title="Demo", brain="SMALL", areas=("hOc1",)))
        for section in (901, 961):
            wanted = SaveAnnotation.model_validate({"section": section, "area": "hOc1", "paths": SQUARE, "version": 0})
            self.services.annotations.save("ada", "demo", uuid4().hex, wanted)

    def started(self) -> Services:
        blobs = FileBlobs(self._folder)
        return assemble(Outside(self.store, blobs, self.compute, SystemClock(), QUICK_HASHER), self._brains, b"s" * 32)

    def crash_at(self, write: int, after_writing: bool) -> None:
        self.store.dies_at, self.store.after_writing = self.store.writes + write, after_writing

    def train(self) -> bool:
        """False when the process died."""
        try:
            self.services.tasks.create("ada", "demo", NEW)
        except Crash:
            return False
        return True

    def monitor(self) -> bool:
        """Rounds until nothing is left to do; False when the process died."""
        try:
            for _ in range(4):
                run_once(self.services)
        except Crash:
            return False
        return True

    def count(self, collection: Collection) -> int:
        return len(self.store.find(collection, Query()))


@pytest.fixture
def installation(brains: Path, tmp_path: Path) -> Installation:
    return Installation(brains, tmp_path)


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("write", range(1, 12))
def test_a_task_asked_for_again_after_a_crash_is_one_task_with_two_jobs(
    installation: Installation, write: int, after_writing: bool
) -> None:
    installation.crash_at(write, after_writing)
    if not installation.train():
        installation.services = installation.started()
        assert installation.train()
    assert installation.monitor()
    assert [installation.count(collection) for collection in (TASKS, JOBS)] == [1, 2]
    assert len(installation.compute.jobs) == 2
    assert {job["stage"] for job in installation.store.find(JOBS, Query())} == {"watch"}


@pytest.mark.parametrize("write", range(2, 12))
def test_a_task_that_was_stored_starts_though_nobody_asks_again(installation: Installation, write: int) -> None:
    installation.crash_at(write, after_writing=True)
    installation.train()
    installation.services = installation.started()
    assert installation.monitor()
    assert [installation.count(collection) for collection in (TASKS, JOBS)] == [1, 2]
    assert len(installation.compute.jobs) == 2


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("write", range(1, 10))
def test_predictions_are_fetched_once_however_often_the_monitor_dies(
    installation: Installation, write: int, after_writing: bool
) -> None:
    assert installation.train()
    run = installation.services.tasks.all("ada", "demo").tasks[0].runs[0]
    installation.compute.set(run.train_job, JobState.SUCCEEDED, ResultState.READY)
    files = {**prediction_files(921, disc()), **prediction_files(941, disc())}
    installation.compute.finish(run.predict_job, files)
    installation.crash_at(write, after_writing)
    if not installation.monitor():
        installation.services = installation.started()
        assert installation.monitor()
    assert installation.count(PREDICTIONS) == 2
    assert {job["stage"] for job in installation.store.find(JOBS, Query())} == {"done"}


def report(installation: Installation, kind: str) -> JobReport:
    jobs = installation.services.jobs.all("ada", "demo").jobs
    return next(job.report for job in jobs if job.report.kind == kind)


def test_a_job_that_is_refused_fails_with_the_words_of_the_refusal(installation: Installation) -> None:
    installation.compute.refuses = ComputeRefusedError("this brain is not here", {"status": 422})
    assert installation.train()
    assert report(installation, "train").state == JobState.FAILED
    assert "this brain is not here" in report(installation, "train").reason


def test_a_refusal_that_may_pass_keeps_the_job_waiting(installation: Installation) -> None:
    installation.compute.refuses = ComputeRefusedError("wrong token", {"status": 401})
    assert installation.train()
    waiting = report(installation, "train")
    assert (waiting.state, waiting.reason) == (JobState.CREATED, "wrong token")
    installation.compute.refuses = None
    assert installation.monitor()
    assert report(installation, "train").state == JobState.SUBMITTED


def test_a_definition_worded_otherwise_by_an_older_release_stands(installation: Installation) -> None:
    installation.compute.reachable = False
    assert installation.train()
    installation.compute.reachable = True
    key = report(installation, "train").key
    installation.monitor()
    older = installation.compute.definitions[key].model_copy(update={"code_version": "0.0.1"})
    installation.compute.definitions[key] = older
    job = installation.store.get(JOBS, f"demo/{key}")
    installation.store.put(JOBS, job["id"], {**job, "stage": "submit"}, expected=job["version"])
    assert installation.monitor()
    assert report(installation, "train").state == JobState.SUBMITTED
    assert installation.compute.definitions[key] == older


def test_one_broken_job_does_not_stop_the_others(installation: Installation) -> None:
    installation.compute.reachable = False
    assert installation.train()
    run = installation.services.tasks.all("ada", "demo").tasks[0].runs[0]
    job = installation.store.get(JOBS, f"demo/{run.train_job}")
    broken = {**job, "task": "f" * 32, "id": "demo/broken", "created_at": "0"}
    installation.store.put(JOBS, "demo/broken", broken, expected=0)
    installation.compute.reachable = True
    assert installation.monitor()
    assert set(installation.compute.jobs) == {run.train_job, run.predict_job}
    assert "is gone" in installation.store.get(JOBS, "demo/broken")["report"]["reason"]
