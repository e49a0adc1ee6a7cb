"""What hurts the poller itself: its clock, its disk, its scheduler, its own end in the middle of a step."""

from pathlib import Path

import pytest

from compute_service.ports import QueueState, SchedulerUnavailableError
from compute_service.stores.job_folder import JobFolderStore
from core.contracts.jobs import JobState
from tests.unit.compute_service.world import POLICY, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_a_clock_that_jumps_neither_loses_a_job_nor_lets_it_wait_for_ever(world, jump_s):
    key = world.running()
    world.scheduler.forget(world.queue_id(key))
    world.look()
    world.clock_jumps(jump_s)
    world.look()
    assert world.report(key).state is JobState.RUNNING
    world.clock.advance(POLICY.unknown_limit_s)
    world.look()
    assert world.report(key).state is JobState.FAILED


def test_a_clock_that_jumps_does_not_end_the_wait_for_an_outcome(world):
    key = world.running()
    world.scheduler.end(world.queue_id(key), QueueState.FAILED)
    world.look()
    world.clock_jumps(3600)
    world.look()
    world.leaves_outcome(key, "succeeded")
    world.look()
    assert (world.report(key).state, world.report(key).attempts) == (JobState.SUCCEEDED, 1)


def test_a_disk_that_fails_one_job_keeps_back_no_other(world, monkeypatch):
    first, second = world.submitted(), world.submitted()
    save = world.store.save

    def failing(key, record):
        if key == first:
            raise OSError(28, "No space left on device")
        save(key, record)

    monkeypatch.setattr(JobFolderStore, "save", lambda _self, key, record: failing(key, record))
    world.look()
    assert [world.report(key).state for key in (first, second)] == [JobState.CREATED, JobState.SUBMITTED]
    monkeypatch.undo()
    world.look(3)
    assert world.report(first).state is JobState.RUNNING


@pytest.mark.parametrize("name", ["job.json", "outcome.json", "state.json"])
def test_a_file_that_the_disk_does_not_give_now_concludes_nothing(world, monkeypatch, name):
    key = world.running()
    world.leaves_outcome(key, "succeeded")
    read_bytes = Path.read_bytes

    def stale(path):
        if path.name == name:
            raise OSError(116, "Stale file handle")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", stale)
    world.look()
    monkeypatch.undo()
    assert world.report(key).state in (JobState.RUNNING, JobState.SUCCEEDED)
    world.look()
    assert world.report(key).state is JobState.SUCCEEDED


def test_what_a_job_left_is_believed_while_the_scheduler_does_not_answer(world):
    ended, fresh = world.running(), world.submitted()
    world.leaves_outcome(ended, "succeeded")
    world.scheduler.is_away = True
    with pytest.raises(SchedulerUnavailableError):
        world.look()
    assert world.report(ended).state is JobState.SUCCEEDED
    assert world.report(fresh).reason.startswith("Waits for the scheduler: ")


def test_a_cancelled_job_whose_submission_was_never_recorded_does_not_run_on(world, monkeypatch):
    key = world.submitted()
    with monkeypatch.context() as dying:
        dying.setattr(JobFolderStore, "save", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        world.look()
    [submission] = world.scheduler.submissions.values()
    world.restart()
    world.jobs.cancel(key)
    world.look()
    assert (world.report(key).state, submission.status.state) == (JobState.CANCELLED, QueueState.CANCELLED)


def test_a_cancelled_job_waits_until_the_scheduler_can_be_told(world):
    key = world.submitted()
    world.jobs.cancel(key)
    world.scheduler.is_away = True
    with pytest.raises(SchedulerUnavailableError):
        world.look()
    assert world.report(key).state is JobState.CREATED
