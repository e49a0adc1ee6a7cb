"""The HTTP client against the real compute service, directly and through SSH; no poller runs, so jobs stay where they are."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from backend.clients.compute import HttpCompute
from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError, ResultAlteredError
from backend.settings import Settings, from_environment
from backend.wiring import compute_client
from brodmann.lab.sshd import SshdLab, sshd_missing
from compute_service.ports import JobPaths
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


@pytest.fixture(scope="module")
def ssh_settings(
    url: str, token_file: Path, brains_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("ssh")
    with SshdLab(folder / "lab") as lab:
        lab.allow('restrict,port-forwarding,command="/bin/false"')
        yield from_environment(
            {
                "BRODMANN_BRAINS": str(brains_folder),
                "BRODMANN_STORE": str(folder / "store"),
                "BRODMANN_COMPUTE_TOKEN_FILE": str(token_file),
                "BRODMANN_COMPUTE_URL": f"ssh://{lab.user}@{lab.host}:{lab.port}?to={url.removeprefix('http://')}",
                "BRODMANN_SSH_KEY_FILE": str(lab.key_file),
                "BRODMANN_SSH_KNOWN_HOSTS": str(lab.known_hosts),
            }
        )


THROUGH_SSH = pytest.param("through ssh", marks=pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing()))


@pytest.fixture(scope="module", params=["directly", THROUGH_SSH])
def compute(request: pytest.FixtureRequest, url: str, token_file: Path) -> Iterator[HttpCompute]:
    directly = request.param == "directly"
    with closing(
        HttpCompute(url, token_file) if directly else compute_client(request.getfixturevalue("ssh_settings"))
    ) as client:
        yield client


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


def test_a_result_arrives_as_it_is(compute: HttpCompute, inputs: JobInputs, jobs_folder: Path) -> None:
    job = training_job(inputs=inputs)
    compute.submit(job)
    content = bytes(range(256)) * 10_000
    paths = JobPaths(jobs_folder / job.key)
    (paths.results / "deep").mkdir(parents=True)
    (paths.results / "deep" / "raster.png").write_bytes(content)
    paths.outcome.write_text(
        '{"state": "succeeded", "message": "Done.", "results": ["deep/raster.png"], "finished_at": "2026-01-31T12:00:00Z"}'
    )
    assert compute.result(job.key, "deep/raster.png") == content


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


class Alterer(BaseHTTPRequestHandler):
    """Something on the way that cuts or alters what it hands on, as often as it is told."""

    content = b"a result" * 1000
    faults: list[str]

    def do_GET(self) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        digest = base64.b64encode(hashlib.sha256(self.content).digest()).decode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        if fault != "no digest":
            self.send_header("Repr-Digest", f"sha-256=:{digest}:")
        self.end_headers()
        sent = {"cut": self.content[:100], "altered": b"A" + self.content[1:]}.get(fault, self.content)
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def alterer() -> Iterator[tuple[HttpCompute, list[str]]]:
    faults: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Told", (Alterer,), {"faults": faults}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield HttpCompute(f"http://127.0.0.1:{server.server_port}", None), faults
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("fault", ["cut", "altered", "no digest"])
def test_a_result_cut_or_altered_on_the_way_is_fetched_again(alterer: tuple[HttpCompute, list[str]], fault: str) -> None:
    compute, faults = alterer
    faults.extend([fault, fault])
    assert compute.result("a" * 32, "raster.png") == Alterer.content
    assert faults == []


def test_a_result_that_stays_altered_is_refused(alterer: tuple[HttpCompute, list[str]]) -> None:
    compute, faults = alterer
    faults.extend(["altered"] * 10)
    with pytest.raises(ResultAlteredError, match=r"raster\.png"):
        compute.result("a" * 32, "raster.png")


def test_a_result_that_stays_cut_is_an_unreachable_service(alterer: tuple[HttpCompute, list[str]]) -> None:
    compute, faults = alterer
    faults.extend(["cut"] * 10)
    with pytest.raises(ComputeUnreachableError) as unreachable:
        compute.result("a" * 32, "raster.png")
    assert unreachable.value.details["sent"] is True


def test_a_result_larger_than_asked_for_is_refused(alterer: tuple[HttpCompute, list[str]]) -> None:
    compute, _ = alterer
    assert compute.result("a" * 32, "surface", len(Alterer.content)) == Alterer.content
    with pytest.raises(ComputeRefusedError, match=r"surface of job a+ is larger than 0 MB"):
        compute.result("a" * 32, "surface", len(Alterer.content) - 1)


def test_nobody_there_says_that_nothing_was_sent(token_file: Path) -> None:
    with pytest.raises(ComputeUnreachableError) as unreachable:
        HttpCompute(f"http://127.0.0.1:{free_port()}", token_file).scheduler()
    assert unreachable.value.details == {"sent": False, "hop": "service"}


@pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())
def test_a_hop_that_fails_is_named(ssh_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").touch()
    compute = compute_client(replace(ssh_settings, ssh_known_hosts=tmp_path / "known_hosts"))
    with pytest.raises(ComputeUnreachableError, match="ssh-keyscan") as unreachable:
        compute.scheduler()
    assert unreachable.value.details == {"sent": False, "hop": "host_key"}
