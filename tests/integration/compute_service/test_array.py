"""A prediction shared out over processes that really run, one of which dies."""

import os
import signal

import pytest

from compute_service.ports import JobPaths
from compute_service.schedulers.processes import session_members
from compute_service.stores.job_folder import JobFolderStore
from core.contracts.api import JobLog, JobProgress
from core.contracts.jobs import JobState, Resources, ResultState
from core.contracts.training import PredictParameters
from tests.fakes.jobs import prediction_job
from tests.integration.compute_service.installation import Installation, await_that

NUMBERS = tuple(range(901, 924, 2))
BETWEEN, ELEMENTS = NUMBERS[1:-1], 2


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("compute"), NUMBERS)
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def trained(service):
    training = service.training(iterations=1)
    service.submit(training)
    assert service.await_end(training.key).state is JobState.SUCCEEDED
    return training


def submitted(service, trained):
    parameters = PredictParameters(model_job=trained.key, sections=BETWEEN)
    resources = Resources(cpus=1, time_limit_s=600, array=ELEMENTS)
    job = prediction_job(trained, inputs=trained.inputs)
    assert service.submit(job.model_copy(update={"parameters": parameters, "resources": resources})).status_code == 201
    return job.key


def written(service, key, element):
    """When each section of an element's share was written."""
    folder = JobPaths(service.jobs / key).results / "predictions"
    files = [folder / f"{number}_hOc1.json" for number in BETWEEN[element::ELEMENTS]]
    return {file.name: file.stat().st_mtime_ns for file in files if file.exists()}


def test_a_killed_element_goes_on_alone_and_the_results_are_complete_and_none_is_doubled(service, trained):
    key = submitted(service, trained)
    await_that(lambda: written(service, key, 1), "the first section of the second element")
    victim = service.runner_pid(key, 1)
    os.kill(victim, signal.SIGSTOP)  # Nothing more is written while we look.
    before = written(service, key, 1)
    assert len(before) < len(BETWEEN[1::ELEMENTS])
    os.kill(victim, signal.SIGKILL)
    report = service.await_end(key)
    assert (report.state, report.result_state, report.attempts) == (JobState.SUCCEEDED, ResultState.READY, 2), report
    assert [one.attempts for one in JobFolderStore(service.jobs).record(key).elements] == [1, 2]
    assert before.items() <= written(service, key, 1).items()
    kinds = ("json", "label.png", "confidence.png", "probability.png", "entropy.png")
    names = {f"predictions/{number}_hOc1{'.' if kind == 'json' else '_'}{kind}" for number in BETWEEN for kind in kinds}
    assert set(report.results) == names
    assert len(report.results) == len(names)
    assert (report.progress.step, report.progress.of) == (len(BETWEEN), len(BETWEEN))
    steps = [line.step for line in JobProgress.model_validate_json(service.call("GET", f"/jobs/{key}/progress").content).lines]
    assert steps[-1] == len(BETWEEN)
    log = JobLog.model_validate_json(service.call("GET", f"/jobs/{key}/log").content).text
    assert all(f"--- part {number} of {ELEMENTS}\n" in log for number in (1, 2))


def test_a_cancelled_array_leaves_no_process(service, trained):
    key = submitted(service, trained)
    await_that(lambda: all(service.supervisor(key, number) for number in range(ELEMENTS)), "both elements to run")
    sessions = [service.supervisor(key, number).identity for number in range(ELEMENTS)]
    service.call("POST", f"/jobs/{key}/cancel")
    report = service.await_end(key)
    assert (report.state, report.reason, report.attempts) == (JobState.CANCELLED, "Stopped on request.", 1)
    await_that(lambda: not any(session_members(one) for one in sessions), "the end of all the job's processes")
