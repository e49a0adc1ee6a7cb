"""The compute service as it runs in production, on loopback: what happens to jobs when anything dies."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compute_service.schedulers.processes import session_members
from core.contracts.api import ErrorResponse, JobLog, JobProgress
from core.contracts.jobs import JobState, ResultState
from core.contracts.training import PredictParameters, SectionPrediction
from tests.fakes.brain_folder import NUMBERS
from tests.fakes.jobs import prediction_job, training_job
from tests.integration.compute_service.installation import PATIENCE_S, Installation, await_that, kill


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("compute"))
    yield installation
    installation.stop()


def prediction_after(training):
    parameters = PredictParameters(model_job=training.key, sections=NUMBERS[1:2])
    return prediction_job(training, inputs=training.inputs).model_copy(update={"parameters": parameters})


def session_of(pid: int) -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and in_session(int(name), pid)]


def in_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session
    except ProcessLookupError:
        return False


def loads_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()


def test_training_and_prediction_run_one_after_the_other_to_their_results(service):
    training = service.training(iterations=2)
    prediction = prediction_after(training)
    assert [service.submit(each).status_code for each in (training, prediction)] == [201, 201]

    trained = service.await_end(training.key)
    assert (trained.state, trained.result_state, trained.attempts) == (JobState.SUCCEEDED, ResultState.READY, 1), trained
    assert {"model.safetensors", "model.json"} <= set(trained.results)
    model = service.call("GET", f"/jobs/{training.key}/results/model.safetensors")
    assert model.content == (service.jobs / training.key / "results" / "model.safetensors").read_bytes()
    lines = JobProgress.model_validate_json(service.call("GET", f"/jobs/{training.key}/progress").content).lines
    assert [line for line in lines if line.phase == "training" and line.loss is not None]

    predicted = service.await_end(prediction.key)
    assert (predicted.state, predicted.result_state) == (JobState.SUCCEEDED, ResultState.READY), predicted
    assert predicted.started_at >= trained.finished_at
    content = service.call("GET", f"/jobs/{prediction.key}/results/predictions/{NUMBERS[1]}_hOc1.json").content
    assert SectionPrediction.model_validate_json(content).section == NUMBERS[1]


def test_a_job_on_a_brain_that_is_not_here_fails_with_the_remedy_and_takes_its_followers_along(service):
    training = training_job()
    prediction = prediction_job(training)
    service.submit(training)
    service.submit(prediction)
    failed = service.await_end(training.key)
    assert (failed.state, failed.result_state, failed.attempts) == (JobState.FAILED, ResultState.UNAVAILABLE, 1)
    assert "Brain NOWHERE is not on the compute machine" in failed.reason
    assert "Traceback" in failed.details
    assert "BrainMissingError" in JobLog.model_validate_json(service.call("GET", f"/jobs/{training.key}/log").content).text
    follower = service.await_end(prediction.key)
    assert follower.state is JobState.CANCELLED
    assert training.title in follower.reason


def test_a_cancelled_job_leaves_no_process_and_only_the_runner_ever_loads_torch(service):
    training = service.training()
    service.submit(training)
    service.await_training(training.key)
    session = service.supervisor(training.key).identity
    web, poller, runner = session_of(service.web.pid), session_of(service.poller.pid), service.runner_pid(training.key)
    assert len(web) >= 2
    assert [pid for pid in (*web, *poller, session.pid, runner) if loads_torch(pid)] == [runner]

    assert service.call("POST", f"/jobs/{training.key}/cancel").json()["reason"] == "Being stopped."
    report = service.await_end(training.key)
    assert (report.state, report.reason, report.attempts) == (JobState.CANCELLED, "Stopped on request.", 1)
    await_that(lambda: session_members(session) == [], "the end of all the job's processes")


def test_a_killed_job_is_started_again_and_an_interrupted_one_goes_on_from_its_checkpoint(service):
    key = (training := service.training()).key
    service.submit(training)
    service.await_training(key)
    os.kill(service.runner_pid(key), signal.SIGKILL)
    killed = service.await_training(key, attempt=2)
    assert (killed.state, killed.attempts) == (JobState.RUNNING, 2)

    os.kill(service.runner_pid(key), signal.SIGTERM)
    resumed = service.await_training(key, attempt=3)
    assert (resumed.state, resumed.attempts) == (JobState.RUNNING, 3)
    assert resumed.progress.step > killed.progress.step
    service.call("POST", f"/jobs/{key}/cancel")
    assert service.await_end(key).state is JobState.CANCELLED


def test_services_killed_while_a_job_runs_lose_and_double_nothing(service):
    key = (training := service.training(iterations=25)).key
    service.submit(training)
    service.await_training(key)
    runner = service.runner_pid(key)
    kill(service.poller)
    await_that(lambda: service.call("GET", "/health").json()["status"] == "degraded", "health to miss the poller")
    kill(service.web)
    assert in_session(runner, service.supervisor(key).pid)

    service.start_web()
    again = service.submit(training)
    assert (again.status_code, again.json()["key"], again.json()["attempts"]) == (200, key, 1)
    service.start_poller()
    report = service.await_end(key)
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 1), report
    assert service.call("GET", "/health").json()["status"] == "ok"


def test_two_pollers_run_a_job_once(service):
    first, second = service.poller, service.start_poller()
    training = service.training(iterations=1)
    service.submit(training)
    report = service.await_end(training.key)
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 1)
    kill(first)
    await_that(lambda: service.call("GET", "/health").json()["status"] == "ok", "the poller standing by to take over")
    assert second.poll() is None


def test_a_body_over_the_limit_is_answered_while_it_is_still_being_sent(service):
    response = service.call("POST", "/jobs", data=b" " * (80 << 20))
    assert response.status_code == 413
    assert "64 MiB" in ErrorResponse.model_validate_json(response.content).error.message


def test_many_callers_at_once_with_one_key_make_one_job(service):

    definition = training_job()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: service.submit(definition).status_code, range(16)))
    assert sorted(statuses) == [200] * 15 + [201]
    assert json.loads((service.jobs / definition.key / "job.json").read_text())["key"] == definition.key


def test_a_poller_told_to_stop_ends_well(service):
    service.poller.terminate()
    assert service.poller.wait(PATIENCE_S) == 0
    service.start_poller()
