"""A crash between any two writes neither loses nor doubles a task, a job or a prediction."""

from datetime import UTC, datetime

import pytest

from backend.domain.collections import JOBS, PREDICTIONS, TASKS
from backend.domain.errors import ComputeRefusedError
from backend.ports import Query
from backend.services.dispatch import NOT_KNOWN
from core.contracts.jobs import JobReport, JobState, Progress, ResultState
from tests.fakes.predictions import disc, prediction_files
from tests.unit.backend.installation import Installation


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


def test_progress_is_told_by_whole_percents_and_stored_whole(installation: Installation) -> None:
    assert installation.train()
    key = report(installation, "train").key

    def seen_at(step: int) -> int:
        progress = Progress(at=datetime(2026, 1, 1, tzinfo=UTC), phase="training", step=step, of=1000)
        installation.compute.set(key, JobState.RUNNING, progress=progress)
        assert installation.monitor()
        assert report(installation, "train").progress == progress
        return installation.services.changes.latest("demo")

    first = seen_at(100)
    assert seen_at(101) == first
    assert seen_at(110) == first + 1


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


def test_a_job_that_is_not_found_for_a_while_goes_on(installation: Installation) -> None:
    assert installation.train()
    assert installation.monitor()
    jobs = dict(installation.compute.jobs)
    installation.compute.jobs.clear()
    assert installation.monitor()
    away = report(installation, "train")
    assert (away.state.ended, away.reason) == (False, NOT_KNOWN)
    installation.compute.jobs.update(jobs)
    assert installation.monitor()
    assert report(installation, "train").reason == ""
