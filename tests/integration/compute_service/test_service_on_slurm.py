"""The compute service over a real Slurm: jobs come to their results, whatever is hurt on the way, and none runs twice."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from brodmann.lab import keeper
from brodmann.lab.slurm import SlurmLab
from compute_service.ports import JobPaths
from core.contracts.jobs import JobState, Resources, ResultState
from core.contracts.training import PredictParameters
from tests.fakes.jobs import prediction_job
from tests.integration.cluster import needs_slurm
from tests.integration.compute_service.installation import Installation, await_that

pytestmark = needs_slurm
NUMBERS = tuple(range(901, 914, 2))
ELEMENTS = 2
PROFILE = """\
name: lab
partitions:
  - {name: batch, nodes: 2, cpus_per_node: 4, memory_mb_per_node: 40000, longest_h: 1}
poll_interval_s: 0.2
longest_back_off_s: 1
forgotten_after_s: 2
heartbeat_s: 1
outcome_grace_s: 0.5
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with SlurmLab(tmp_path_factory.mktemp("slurm") / "lab", cpus=4, memory_mb=40_000) as lab:
        yield lab


@pytest.fixture(scope="module")
def service(tmp_path_factory, lab):
    folder = tmp_path_factory.mktemp("compute")
    (folder / "profile.yaml").write_text(PROFILE)
    environment = {"BRODMANN_CLUSTER_PROFILE": str(folder / "profile.yaml"), **lab.environment}
    installation = Installation(folder, NUMBERS, environment)
    yield installation
    installation.stop()


@pytest.fixture
def training(service):
    return service.training(iterations=10)


def begun(service, key):
    """How often a node began with the job."""
    logs = (service.jobs / key).rglob("log.txt")
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    return sum("begins as job" in line for line in lines) - sum("another submission" in line for line in lines)


def runners(lab, key):
    """Process ids of the job's runner."""
    found = []
    for pid in sorted(keeper.members(lab.place.cluster, lab.folder)):
        with contextlib.suppress(OSError):  # It ended while we look.
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"compute_service.runner" in words and any(key.encode() in word for word in words):
                found.append(pid)
    return found


def slurm_number(service, key):
    return (service.jobs / key / "slurm.json").read_text().split('"slurm_id": ')[1].split(",")[0]


def test_training_and_a_prediction_in_parts_come_to_their_results(service):
    training = service.training(iterations=2)
    parameters = PredictParameters(model_job=training.key, sections=NUMBERS[1:-1])
    resources = Resources(cpus=1, time_limit_s=600, array=ELEMENTS)
    prediction = prediction_job(training, inputs=training.inputs)
    prediction = prediction.model_copy(update={"parameters": parameters, "resources": resources})
    assert service.call("GET", "/health").json()["scheduler"] == "slurm"
    assert [service.submit(each).status_code for each in (training, prediction)] == [201, 201]
    for key in (training.key, prediction.key):
        report = service.await_end(key)
        assert (report.state, report.result_state, report.attempts) == (JobState.SUCCEEDED, ResultState.READY, 1), report
    assert begun(service, training.key) == 1
    assert begun(service, prediction.key) == ELEMENTS
    places = [JobPaths(service.jobs / prediction.key).element(number).folder for number in range(ELEMENTS)]
    await_that(lambda: all((place / "slurm.1.exit").exists() for place in places), "the scripts to say how they ended")
    assert [(place / "slurm.1.exit").read_text() for place in places] == ["0 0\n"] * ELEMENTS


def test_a_time_limit_becomes_a_checkpoint_and_a_further_attempt(service, lab, training):
    service.submit(training)
    service.await_training(training.key)
    # What Slurm does at the time given by --signal; waiting for a real limit of a minute has its own test.
    lab.call("scancel", "--batch", "--signal=TERM", slurm_number(service, training.key))
    report = service.await_end(training.key)
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 1), report
    assert begun(service, training.key) == 2
    assert (service.jobs / training.key / "slurm.1.exit").read_text() == "75 1\n"


def test_a_killed_runner_is_begun_again_and_goes_on(service, lab, training):
    service.submit(training)
    service.await_training(training.key)
    for pid in runners(lab, training.key):
        os.kill(pid, signal.SIGKILL)
    report = service.await_end(training.key)
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 2), report
    assert begun(service, training.key) == 2


def test_a_cancelled_job_leaves_no_process(service, lab):
    training = service.training()
    service.submit(training)
    service.await_training(training.key)
    service.call("POST", f"/jobs/{training.key}/cancel")
    report = service.await_end(training.key)
    assert (report.state, report.reason) == (JobState.CANCELLED, "Stopped on request.")
    await_that(lambda: not runners(lab, training.key), "the end of the runner")


@pytest.mark.parametrize("wait_s", [0.0, 0.3])
def test_a_controller_killed_just_after_a_submission_neither_loses_nor_doubles_a_job(service, lab, wait_s):
    training = service.training(iterations=2)
    service.submit(training)
    await_that((service.jobs / training.key / "slurm.json").exists, "the submission")
    time.sleep(wait_s)  # The moment is the fault's, not something to wait for.
    lab.stop("slurmctld", signal.SIGKILL)
    await_that(lambda: "scheduler" in _hops(service), "the service to notice that Slurm is away")
    lab.start("slurmctld")
    lab.await_nodes()
    report = service.await_end(training.key)
    assert report.state is JobState.SUCCEEDED, report
    outcomes = list((service.jobs / training.key).glob("outcome.json"))
    assert len(outcomes) == 1
    await_that(lambda: not runners(lab, training.key), "the end of every runner")


def _hops(service):
    """Names of the hops that do not hold."""
    return [hop["hop"] for hop in service.call("GET", "/check").json()["hops"] if not hop["holds"]]


def test_a_job_outlives_a_node_daemon(service, lab, training):
    service.submit(training)
    service.await_training(training.key)
    lab.stop("n1", signal.SIGKILL)
    lab.stop("n2", signal.SIGKILL)
    lab.start("n1")
    lab.start("n2")
    report = service.await_end(training.key)
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 1), report
    assert begun(service, training.key) == 1
    lab.await_nodes()
