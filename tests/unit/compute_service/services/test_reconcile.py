from datetime import UTC, datetime

import pytest

from compute_service.ports import JobPaths, QueueState, SchedulerUnavailableError, SubmissionRefusedError
from core.contracts.jobs import JobState
from tests.fakes.jobs import prediction_job, training_job
from tests.unit.compute_service.world import POLICY, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_job_is_handed_to_the_scheduler_with_its_command(world):
    key = world.submitted()
    world.look()
    submission = world.scheduler.submissions[world.queue_id(key)]
    assert submission.argv == ("run", str(world.store.folder(key)))
    assert (world.report(key).state, world.report(key).attempts) == (JobState.SUBMITTED, 1)


def test_a_queued_job_says_what_it_waits_for_and_a_running_one_does_not(world):
    key = world.submitted()
    world.look(2)
    assert world.report(key).reason == "Waits for free processors."
    world.look()
    assert world.report(key).state is JobState.RUNNING
    assert world.report(key).reason == ""
    assert world.report(key).started_at == world.clock.now()


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_an_outcome_is_believed(world, state):
    key = world.running()
    world.leaves_outcome(key, state, details="traceback")
    world.look()
    report = world.report(key)
    assert report.state == state
    assert (report.reason, report.details) == (f"it {state}", "traceback")
    assert report.finished_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_an_outcome_counts_more_than_the_schedulers_word(world):
    key = world.running()
    world.leaves_outcome(key, "succeeded")
    world.scheduler.end(world.queue_id(key), QueueState.FAILED)
    world.look()
    assert world.report(key).state is JobState.SUCCEEDED


def test_a_job_may_end_before_it_was_seen_running(world):
    key = world.submitted()
    world.look()
    world.leaves_outcome(key, "succeeded")
    world.look()
    assert world.report(key).state is JobState.SUCCEEDED


def test_a_completed_job_without_outcome_gets_time_and_then_is_a_failure(world):
    key = world.running()
    world.scheduler.end(world.queue_id(key), QueueState.COMPLETED)
    world.look()
    world.clock.advance(POLICY.outcome_grace_s - 1)
    world.look()
    assert world.report(key).state is JobState.RUNNING
    world.clock.advance(1)
    world.look()
    assert world.report(key).state is JobState.FAILED
    assert "without saying how" in world.report(key).reason


def test_an_outcome_that_comes_late_is_in_time(world):
    key = world.running()
    world.ends_at_the_scheduler(key, QueueState.COMPLETED)
    world.leaves_outcome(key, "succeeded")
    world.look()
    assert world.report(key).state is JobState.SUCCEEDED


def test_a_killed_job_is_queued_again_and_says_why(world):
    key = world.running()
    first = world.queue_id(key)
    world.ends_at_the_scheduler(key, reason="it was killed by signal SIGKILL")
    world.look()
    assert world.report(key).state is JobState.SUBMITTED
    assert "SIGKILL" in world.report(key).reason
    assert "attempt 2 of 3" in world.report(key).reason
    world.look(3)
    assert world.report(key).state is JobState.RUNNING
    assert world.report(key).attempts == 2
    assert world.queue_id(key) != first


def test_a_job_killed_before_it_was_seen_running_is_queued_again_too(world):
    key = world.submitted()
    world.look()
    world.ends_at_the_scheduler(key)
    world.look(2)
    assert (world.report(key).state, world.report(key).attempts) == (JobState.SUBMITTED, 2)


def test_a_job_killed_again_and_again_fails_with_a_remedy(world):
    key = world.running()
    for _ in range(POLICY.max_attempts):
        world.ends_at_the_scheduler(key, reason="it was killed")
        world.look(4)
    report = world.report(key)
    assert report.state is JobState.FAILED
    assert report.attempts == POLICY.max_attempts
    assert "3 times" in report.reason
    assert "smaller preset" in report.reason
    assert len(world.scheduler.submissions) == POLICY.max_attempts


def test_a_job_interrupted_for_no_fault_of_its_own_goes_on_however_often(world):
    key = world.running()
    for _ in range(POLICY.max_attempts + 1):
        world.scheduler.end(world.queue_id(key), QueueState.INTERRUPTED, "it was told to stop")
        world.look(4)
    assert world.report(key).state is JobState.RUNNING
    assert world.report(key).attempts == 1


def test_the_start_of_the_first_attempt_stays_the_start(world):
    key = world.running()
    started_at = world.report(key).started_at
    world.ends_at_the_scheduler(key)
    world.look(4)
    assert world.report(key).started_at == started_at


class TestUnknown:
    def test_changes_nothing(self, world):
        key = world.running()
        world.scheduler.forget(world.queue_id(key))
        world.look(3)
        assert world.report(key).state is JobState.RUNNING

    def test_fails_after_its_limit_with_a_message(self, world):
        key = world.running()
        world.scheduler.forget(world.queue_id(key))
        world.look()
        world.clock.advance(POLICY.unknown_limit_s)
        world.look()
        assert world.report(key).state is JobState.FAILED
        assert "10 minutes" in world.report(key).reason

    def test_the_limit_starts_anew_after_a_word_from_the_scheduler(self, world):
        key = world.running()
        submission = world.scheduler.submissions.pop(world.queue_id(key))
        world.look()
        world.clock.advance(POLICY.unknown_limit_s - 1)
        world.scheduler.submissions[world.queue_id(key)] = submission
        world.look()
        world.scheduler.forget(world.queue_id(key))
        world.look()
        world.clock.advance(2)
        world.look()
        assert world.report(key).state is JobState.RUNNING

    def test_an_outcome_is_believed_all_the_same(self, world):
        key = world.running()
        world.scheduler.forget(world.queue_id(key))
        world.leaves_outcome(key, "succeeded")
        world.look()
        assert world.report(key).state is JobState.SUCCEEDED


class TestSchedulerAway:
    def test_nothing_changes_while_it_does_not_answer(self, world):
        key = world.running()
        world.scheduler.is_away = True
        with pytest.raises(SchedulerUnavailableError):
            world.look()
        assert world.report(key).state is JobState.RUNNING

    def test_a_submission_is_tried_again(self, world, monkeypatch):
        key = world.submitted()

        def away(*_):
            raise SchedulerUnavailableError("the controller does not answer")

        with monkeypatch.context() as broken:
            broken.setattr(world.scheduler, "submit", away)
            world.look()
        assert world.report(key).state is JobState.CREATED
        assert "does not answer" in world.report(key).reason
        world.look()
        assert world.report(key).state is JobState.SUBMITTED
        assert world.report(key).reason == ""

    def test_a_refusal_is_final_and_says_why(self, world, monkeypatch):
        key = world.submitted()

        def refuse(*_):
            raise SubmissionRefusedError("asks for more than there is")

        monkeypatch.setattr(world.scheduler, "submit", refuse)
        world.look()
        assert (world.report(key).state, world.report(key).reason) == (JobState.FAILED, "asks for more than there is")


class TestDependencies:
    @pytest.fixture
    def pair(self, world):
        train = training_job(title="the training")
        predict = prediction_job(train)
        return world.submitted(train), world.submitted(predict)

    def test_a_job_waits_for_the_one_before_it_and_says_so(self, world, pair):
        train, predict = pair
        world.look(4)
        assert world.report(train).state is JobState.RUNNING
        assert world.report(predict).state is JobState.CREATED
        assert "the training" in world.report(predict).reason

    def test_it_starts_when_that_one_has_succeeded(self, world, pair):
        train, predict = pair
        world.look(3)
        world.leaves_outcome(train, "succeeded")
        world.look()
        assert world.report(predict).state is JobState.SUBMITTED
        assert world.report(predict).reason == ""

    @pytest.mark.parametrize(("state", "word"), [("failed", "failed"), ("cancelled", "was cancelled")])
    def test_it_is_cancelled_with_a_message_when_that_one_has_not(self, world, pair, state, word):
        train, predict = pair
        world.look(3)
        world.leaves_outcome(train, state)
        world.look()
        report = world.report(predict)
        assert report.state is JobState.CANCELLED
        assert "the training" in report.reason
        assert word in report.reason
        assert f"it {state}" in report.reason

    def test_a_chain_is_cancelled_to_its_end(self, world, pair):
        train, predict = pair
        last = world.submitted(training_job(after=(predict,)))
        world.look(3)
        world.leaves_outcome(train, "failed")
        world.look()
        assert world.report(last).state is JobState.CANCELLED


class TestCancel:
    def test_a_job_not_yet_handed_over_is_cancelled(self, world):
        key = world.submitted()
        assert world.jobs.cancel(key).reason == "Being stopped."
        world.look()
        assert (world.report(key).state, world.report(key).reason) == (JobState.CANCELLED, "Stopped on request.")
        assert world.scheduler.submissions == {}

    def test_a_running_job_is_cancelled_at_the_scheduler(self, world):
        key = world.running()
        world.jobs.cancel(key)
        world.look(2)
        world.clock.advance(POLICY.outcome_grace_s)
        world.look()
        assert world.scheduler.submissions[world.queue_id(key)].status.state is QueueState.CANCELLED
        assert (world.report(key).state, world.report(key).reason) == (JobState.CANCELLED, "Stopped on request.")

    def test_a_job_that_dies_while_it_is_stopped_is_not_started_again(self, world):
        key = world.running()
        world.jobs.cancel(key)
        world.ends_at_the_scheduler(key)
        world.look(2)
        assert world.report(key).state is JobState.CANCELLED
        assert len(world.scheduler.submissions) == 1

    def test_a_job_waiting_for_its_next_attempt_is_not_started_again(self, world):
        key = world.running()
        world.ends_at_the_scheduler(key)
        world.look()
        world.jobs.cancel(key)
        world.look(2)
        assert world.report(key).state is JobState.CANCELLED
        assert len(world.scheduler.submissions) == 1

    def test_a_job_that_finished_first_has_succeeded(self, world):
        key = world.running()
        world.jobs.cancel(key)
        world.leaves_outcome(key, "succeeded")
        world.look()
        assert world.report(key).state is JobState.SUCCEEDED

    def test_cancelled_by_someone_else_at_the_scheduler_says_so(self, world):
        key = world.running()
        world.ends_at_the_scheduler(key, QueueState.CANCELLED)
        world.look()
        assert world.report(key).state is JobState.CANCELLED
        assert "at the scheduler" in world.report(key).reason


class TestRestart:
    def test_a_submission_cut_off_before_it_was_recorded_is_not_doubled(self, world):
        key = world.submitted()
        before = world.store.record(key)
        world.look()
        world.store.save(key, before)  # As if the process had died right after the scheduler's answer.
        world.restart()
        world.look(3)
        assert len(world.scheduler.submissions) == 1
        assert world.report(key).state is JobState.RUNNING

    def test_a_job_that_ended_while_its_submission_was_cut_off_is_not_run_again(self, world):
        key = world.submitted()
        before = world.store.record(key)
        world.look()
        world.scheduler.end(world.queue_id(key), QueueState.COMPLETED)
        world.leaves_outcome(key, "succeeded")
        world.store.save(key, before)
        world.restart()
        world.look()
        assert world.report(key).state is JobState.SUCCEEDED
        assert len(world.scheduler.submissions) == 1


def test_checkpoints_go_when_the_job_has_ended_and_not_before(world):
    key = world.running()
    checkpoints = JobPaths(world.store.folder(key)).checkpoints
    world.ends_at_the_scheduler(key)
    world.look()
    assert checkpoints.exists()
    world.leaves_outcome(key, "succeeded")
    world.look()
    assert not checkpoints.exists()


class TestDamage:
    def test_a_damaged_outcome_is_a_failure_that_names_the_file(self, world):
        key = world.running()
        JobPaths(world.store.folder(key)).outcome.write_text("{")
        world.look()
        assert world.report(key).state is JobState.FAILED
        assert "outcome.json" in world.report(key).reason

    def test_a_damaged_record_does_not_stop_the_others_and_is_logged_once(self, world, caplog):
        damaged, other = world.submitted(), world.submitted()
        JobPaths(world.store.folder(damaged)).record.write_text("{")
        world.look(3)
        assert world.report(other).state is JobState.RUNNING
        assert [record.message for record in caplog.records if damaged in record.message and "state.json" in record.message]
        assert len(caplog.records) == 1
