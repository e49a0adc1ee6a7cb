import shutil
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from compute_service.ports import (
    JobNotFoundError,
    JobPaths,
    KeyConflictError,
    ResultNotFoundError,
    UnknownDependencyError,
)
from compute_service.services.jobs import JobService
from compute_service.stores.job_folder import JobFolderStore
from core.contracts.jobs import JobState, Outcome, Progress, ResultState
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import prediction_job, training_job

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    (tmp_path / "jobs").mkdir()
    return JobFolderStore(tmp_path / "jobs")


@pytest.fixture
def jobs(store):
    return JobService(store, FakeClock())


@pytest.fixture
def key(jobs):
    return jobs.submit(training_job())[0].key


def end(store, key, state, results=()):
    """Put the job into an ended state with the results named, all of them on disk."""
    paths = JobPaths(store.folder(key))
    for name in results:
        (paths.results / name).parent.mkdir(exist_ok=True)
        (paths.results / name).write_bytes(b"content")
    outcome = Outcome(state=state, message="", results=results, finished_at=NOW)
    paths.outcome.write_text(outcome.model_dump_json())
    store.save(key, store.record(key).model_copy(update={"state": JobState(state), "finished_at": NOW}))
    return paths


def test_a_new_job_is_created_and_waits(jobs):
    definition = training_job()
    report, is_new = jobs.submit(definition)
    assert is_new
    assert (report.key, report.kind, report.title) == (definition.key, "train", definition.title)
    assert (report.state, report.result_state, report.attempts) == (JobState.CREATED, ResultState.WAITING, 0)


def test_the_same_definition_twice_is_the_same_job(jobs):
    definition = training_job()
    first, _ = jobs.submit(definition)
    assert jobs.submit(definition) == (first, False)


def test_the_same_key_with_another_definition_is_a_conflict(jobs):
    definition = training_job()
    jobs.submit(definition)
    with pytest.raises(KeyConflictError, match=definition.key):
        jobs.submit(training_job(key=definition.key, title="another"))


def test_a_job_cannot_wait_for_one_that_does_not_exist(jobs):
    train = training_job()
    with pytest.raises(UnknownDependencyError, match=train.key):
        jobs.submit(prediction_job(train))


def test_a_job_cannot_wait_for_itself(jobs):
    key = uuid4().hex
    with pytest.raises(UnknownDependencyError):
        jobs.submit(training_job(key=key, after=(key,)))


def test_a_list_has_each_existing_job_once_in_the_order_asked(jobs):
    first, second = (jobs.submit(training_job())[0].key for _ in range(2))
    asked = [second, uuid4().hex, first, second]
    assert [report.key for report in jobs.reports(asked)] == [second, first]


def test_a_damaged_job_does_not_hide_the_others_of_a_list(jobs, store):
    damaged, other = (jobs.submit(training_job())[0].key for _ in range(2))
    JobPaths(store.folder(damaged)).record.write_text("{")
    assert [report.key for report in jobs.reports([damaged, other])] == [other]


def test_the_newest_progress_is_in_the_report(jobs, store, key):
    progress = Progress(at=NOW, phase="training", step=3, of=10, loss=0.5)
    JobPaths(store.folder(key)).progress.write_text(progress.model_dump_json() + "\n")
    assert jobs.report(key).progress == progress


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_cancelling_an_ended_job_changes_nothing(jobs, store, key, state):
    end(store, key, state)
    before = jobs.report(key)
    assert jobs.cancel(key) == before
    assert not store.cancel_requested(key)


def test_cancelling_a_job_that_does_not_exist_is_an_error(jobs):
    with pytest.raises(JobNotFoundError):
        jobs.cancel(uuid4().hex)


class TestResults:
    NAMES = ("model.json", "predictions/911.json")

    def test_a_succeeded_job_with_all_files_is_ready(self, jobs, store, key):
        end(store, key, "succeeded", self.NAMES)
        report = jobs.report(key)
        assert (report.result_state, report.results) == (ResultState.READY, self.NAMES)

    def test_a_succeeded_job_whose_files_were_deleted_is_unavailable(self, jobs, store, key):
        paths = end(store, key, "succeeded", self.NAMES)
        shutil.rmtree(paths.results / "predictions")
        assert jobs.report(key).result_state is ResultState.UNAVAILABLE

    def test_partial_results_of_a_stopped_job_are_incomplete(self, jobs, store, key):
        paths = end(store, key, "cancelled", self.NAMES)
        report = jobs.report(key)
        assert (report.result_state, report.results) == (ResultState.INCOMPLETE, self.NAMES)
        assert jobs.result_file(key, self.NAMES[0]) == paths.results / self.NAMES[0]

    def test_a_failed_job_whose_outcome_cannot_be_read_is_told_all_the_same(self, jobs, store, key):
        end(store, key, "failed").outcome.write_text("{")
        assert (jobs.report(key).state, jobs.report(key).results) == (JobState.FAILED, ())

    def test_a_failed_job_without_files_has_none(self, jobs, store, key):
        end(store, key, "failed")
        assert jobs.report(key).result_state is ResultState.UNAVAILABLE

    @pytest.mark.parametrize("name", NAMES)
    def test_a_named_file_is_found(self, jobs, store, key, name):
        paths = end(store, key, "succeeded", self.NAMES)
        assert jobs.result_file(key, name) == paths.results / name

    @pytest.mark.parametrize("name", ["", ".", "predictions", "other.json", "../job.json", "/etc/passwd", "a\x00b"])
    def test_anything_else_is_not(self, jobs, store, key, name):
        paths = end(store, key, "succeeded", self.NAMES)
        (paths.results / "other.json").write_text("not named in the outcome")
        with pytest.raises(ResultNotFoundError):
            jobs.result_file(key, name)

    def test_a_named_path_that_leads_out_of_the_results_is_not_followed(self, jobs, store, key):
        paths = end(store, key, "succeeded", ("link.json", "../job.json"))
        (paths.results / "link.json").unlink()
        (paths.results / "link.json").symlink_to(paths.record)
        for name in ("link.json", "../job.json"):
            with pytest.raises(ResultNotFoundError):
                jobs.result_file(key, name)

    def test_before_the_end_there_are_none(self, jobs, key):
        with pytest.raises(ResultNotFoundError):
            jobs.result_file(key, "model.json")
