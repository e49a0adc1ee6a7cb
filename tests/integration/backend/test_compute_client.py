"""The HTTP client against the real compute service; no poller runs, so jobs stay where they were put."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from backend.clients.compute import HttpCompute
from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from core.contracts.jobs import BrainReference, JobInputs, JobState
from core.datasets import BrainFolder
from tests.fakes.jobs import prediction_job, training_job
from tests.integration.backend.processes import free_port, web_process


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("token") / "token"
    path.touch(mode=0o600)
    path.write_text("t" * 40)
    return path


@pytest.fixture(scope="module")
def jobs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def url(brains_folder: Path, token_file: Path, jobs_folder: Path) -> Iterator[str]:
    environment = {
        "BRODMANN_BRAINS": str(brains_folder),
        "BRODMANN_JOBS": str(jobs_folder),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(token_file),
        "BRODMANN_COMPUTE_SLOTS_CPUS": "2",
    }
    with web_process("compute_service.app", environment, jobs_folder.parent / "compute.log", health="/health") as (url, _):
        yield url


@pytest.fixture
def compute(url: str, token_file: Path) -> HttpCompute:
    return HttpCompute(url, token_file)


@pytest.fixture
def inputs(brains_folder: Path) -> JobInputs:
    return JobInputs(brain=BrainReference(id="SMALL", fingerprint=BrainFolder(brains_folder / "SMALL").fingerprint()))


def test_it_names_its_scheduler(compute: HttpCompute) -> None:
    assert compute.scheduler() == "local"


def test_the_same_job_twice_is_one_job(compute: HttpCompute, inputs: JobInputs) -> None:
    job = training_job(inputs=inputs)
    assert compute.submit(job) == compute.submit(job)
    assert [report.key for report in compute.reports([job.key, uuid4().hex])] == [job.key]


def test_another_job_under_the_same_key_is_refused_as_a_conflict(compute: HttpCompute, inputs: JobInputs) -> None:
    job = training_job(inputs=inputs)
    compute.submit(job)
    with pytest.raises(ComputeRefusedError) as refusal:
        compute.submit(job.model_copy(update={"title": "another"}))
    assert refusal.value.details["status"] == 409


def test_a_job_after_an_unknown_one_is_refused(compute: HttpCompute, inputs: JobInputs) -> None:
    with pytest.raises(ComputeRefusedError) as refusal:
        compute.submit(prediction_job(training_job(), inputs=inputs))
    assert refusal.value.details["status"] == 422


def test_progress_log_and_cancel_of_a_waiting_job(compute: HttpCompute, inputs: JobInputs) -> None:
    job = training_job(inputs=inputs)
    compute.submit(job)
    assert compute.progress(job.key, 0).lines == ()
    assert compute.log(job.key).text == ""
    compute.cancel(job.key)
    assert compute.reports([job.key])[0].state in (JobState.CREATED, JobState.SUBMITTED, JobState.CANCELLED)


def test_only_named_results_are_given(compute: HttpCompute, inputs: JobInputs) -> None:
    job = training_job(inputs=inputs)
    compute.submit(job)
    for path in ("model.json", "../job.json", "%2e%2e/job.json"):
        with pytest.raises(ComputeRefusedError) as refusal:
            compute.result(job.key, path)
        assert refusal.value.details["status"] == 404


def test_another_token_is_refused(url: str, tmp_path: Path) -> None:
    other = tmp_path / "token"
    other.write_text("x" * 40)
    with pytest.raises(ComputeRefusedError) as refusal:
        HttpCompute(url, other).reports([uuid4().hex])
    assert refusal.value.details["status"] == 401


def test_nobody_there_is_told_by_address(token_file: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ComputeUnreachableError, match=url):
        HttpCompute(url, token_file).scheduler()


def test_a_token_that_is_away_is_told_by_file(url: str, tmp_path: Path) -> None:
    with pytest.raises(ComputeUnreachableError, match="gone"):
        HttpCompute(url, tmp_path / "gone").scheduler()


class Stranger(BaseHTTPRequestHandler):
    """Something else that listens on the port."""

    def do_GET(self) -> None:
        answers = {"health": (200, b"[]"), "a/log": (200, b"<html>"), "b/log": (302, b""), "c/log": (500, b"oops")}
        status, body = answers.get(self.path.removeprefix("/").removeprefix("jobs/"), (200, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "http://192.0.2.1/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_answers_of_something_else_are_refused_not_believed(stranger: str) -> None:
    compute = HttpCompute(stranger, None)
    for ask in (compute.scheduler, lambda: compute.reports(["a"]), *(lambda key=key: compute.log(key) for key in "abc")):
        with pytest.raises(ComputeRefusedError):
            ask()
