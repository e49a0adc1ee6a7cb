from datetime import UTC, datetime, timedelta

import pytest

from compute_service.ports import ELEMENT_OPTION, JobPaths, QueueState, SchedulerUnavailableError, SubmissionRefusedError
from core.contracts.jobs import JobState, Progress, Resources, ResultState
from core.contracts.training import PredictParameters
from tests.fakes.jobs import training_job
from tests.unit.compute_service.world import POLICY, World

COUNT = 3


def array_job():
    parameters = PredictParameters(model_job="0" * 32, sections=tuple(range(902, 912)))
    return training_job(parameters=parameters, resources=Resources(cpus=1, array=COUNT))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def key(world):
    return world.running(array_job())


def states(world, key):
    return [one.state for one in world.store.record(key).elements]


def status(world, key, element):
    return world.scheduler.submissions[world.queue_id(key, element)].status.state


def succeeds(world, key, *elements):
    for element in elements:
        world.leaves_outcome(key, "succeeded", element, results=(f"{element}.json",))
        (JobPaths(world.store.folder(key)).results / f"{element}.json").touch()


def stopped(world):
    """Looks until all that are to be stopped have ended, without an outcome of their own."""
    world.look(2)
    world.clock.advance(POLICY.outcome_grace_s)
    world.look()


def away(*_):
    raise SchedulerUnavailableError("the controller does not answer")


def test_each_element_is_handed_over_with_its_own_command(world):
    key = world.submitted(array_job())
    world.look()
    folder = str(world.store.folder(key))
    assert [one.argv for one in world.scheduler.submissions.values()] == [
        ("run", folder, ELEMENT_OPTION, str(number)) for number in range(COUNT)
    ]
    assert (world.report(key).state, world.report(key).attempts) == (JobState.SUBMITTED, 1)


def test_an_array_runs_until_its_last_element_has_ended_and_then_has_the_results_of_all(world, key):
    succeeds(world, key, 0, 2)
    world.look(2)
    assert world.report(key).state is JobState.RUNNING
    succeeds(world, key, 1)
    world.look()
    report = world.report(key)
    assert (report.state, report.result_state) == (JobState.SUCCEEDED, ResultState.READY)
    assert report.results == ("0.json", "1.json", "2.json")


def test_a_killed_element_is_queued_again_alone(world, key):
    others = [world.queue_id(key, number) for number in (0, 2)]
    world.ends_at_the_scheduler(key, reason="it was killed by signal SIGKILL", element=1)
    world.look()
    assert world.report(key).state is JobState.RUNNING
    assert "Part 2 of 3: Interrupted (it was killed by signal SIGKILL)" in world.report(key).reason
    world.look(2)
    assert len(world.scheduler.submissions) == COUNT + 1
    assert [world.queue_id(key, number) for number in (0, 2)] == others
    assert [one.attempts for one in world.store.record(key).elements] == [1, 2, 1]
    assert (world.report(key).reason, world.report(key).attempts) == ("", 2)


def test_an_element_killed_too_often_fails_the_job_with_its_reason_and_ends_the_others(world, key):
    succeeds(world, key, 0)
    for _ in range(POLICY.max_attempts):
        world.ends_at_the_scheduler(key, reason="it was killed by signal SIGKILL", element=1)
        world.look(3)
    stopped(world)
    assert status(world, key, 2) is QueueState.CANCELLED
    report = world.report(key)
    assert report.state is JobState.FAILED
    assert "interrupted 3 times and is given up; the last time: it was killed by signal SIGKILL" in report.reason
    assert states(world, key) == [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED]
    assert report.results == ("0.json",)


def test_an_element_that_fails_of_itself_fails_the_job_with_its_own_words(world, key):
    world.leaves_outcome(key, "failed", 2, details="traceback")
    world.look()
    assert world.report(key).state is JobState.RUNNING
    stopped(world)
    report = world.report(key)
    assert (report.state, report.reason, report.details) == (JobState.FAILED, "it failed", "traceback")
    assert states(world, key) == [JobState.CANCELLED, JobState.CANCELLED, JobState.FAILED]


def test_cancel_stops_all_that_run_and_all_that_wait(world, key, monkeypatch):
    world.ends_at_the_scheduler(key, element=0)
    with monkeypatch.context() as broken:
        broken.setattr(world.scheduler, "submit_array", away)
        world.look()
    assert world.queue_id(key, 0) is None
    world.jobs.cancel(key)
    stopped(world)
    assert (world.report(key).state, world.report(key).reason) == (JobState.CANCELLED, "Stopped on request.")
    assert len(world.scheduler.submissions) == COUNT
    assert all(one.status.state is not QueueState.RUNNING for one in world.scheduler.submissions.values())


def test_elements_that_finished_before_they_could_be_stopped_have_succeeded(world, key):
    world.jobs.cancel(key)
    succeeds(world, key, 0, 1, 2)
    world.look()
    assert world.report(key).state is JobState.SUCCEEDED


def test_progress_of_all_elements_is_told_once_as_a_sum(world, key):
    at = datetime(2026, 2, 1, tzinfo=UTC)
    for number, step in enumerate((2, 1, 0)):
        folder = JobPaths(world.store.folder(key)).element(number).folder
        folder.mkdir(parents=True)
        line = Progress(at=at + timedelta(seconds=step), phase="predicted", step=step, of=4 - number)
        world.store.files(key, number).tell(line)
    world.look(3)
    lines = world.jobs.progress(key, 0).lines
    assert [(line.step, line.of) for line in lines] == [(3, 9)]
    assert world.report(key).progress == lines[0]


def test_the_log_is_that_of_all_parts(world, key):
    for number in (0, 2):
        paths = JobPaths(world.store.folder(key)).element(number)
        paths.folder.mkdir(parents=True)
        paths.log.write_text(f"said by {number}\n")
    assert world.jobs.log(key).text == "--- part 1 of 3\nsaid by 0\n\n--- part 3 of 3\nsaid by 2\n"


class TestRestart:
    def test_a_submission_cut_off_before_it_was_recorded_is_not_doubled(self, world):
        key = world.submitted(array_job())
        before = world.store.record(key)
        world.look()
        world.store.save(key, before)
        world.restart()
        world.look(3)
        assert len(world.scheduler.submissions) == COUNT
        assert world.report(key).state is JobState.RUNNING

    def test_an_element_that_ended_while_its_submission_was_cut_off_is_not_run_again(self, world):
        key = world.submitted(array_job())
        before = world.store.record(key)
        world.look()
        world.scheduler.end(world.queue_id(key, 1), QueueState.COMPLETED)
        succeeds(world, key, 1)
        world.store.save(key, before)
        world.restart()
        world.look(3)
        assert len(world.scheduler.submissions) == COUNT
        assert states(world, key)[1] is JobState.SUCCEEDED

    def test_an_end_that_was_written_but_not_recorded_is_believed(self, world, key):
        succeeds(world, key, 0, 1, 2)
        before = world.store.record(key)
        world.look()
        world.store.save(key, before)
        world.restart()
        world.look()
        assert (world.report(key).state, len(world.report(key).results)) == (JobState.SUCCEEDED, 3)

    def test_what_is_done_is_not_queued_again_and_the_rest_goes_on(self, world, key):
        """As when the machine was switched off."""
        succeeds(world, key, 0)
        for number in (1, 2):
            world.scheduler.end(world.queue_id(key, number), QueueState.INTERRUPTED, "it was told to stop")
        world.restart()
        world.look()
        world.clock.advance(POLICY.outcome_grace_s)
        world.look(4)
        assert world.report(key).state is JobState.RUNNING
        assert len(world.scheduler.submissions) == COUNT + 2
        assert [one.attempts for one in world.store.record(key).elements] == [1, 1, 1]


class TestScheduler:
    def test_a_submission_is_tried_again_while_it_does_not_answer(self, world, monkeypatch):
        key = world.submitted(array_job())
        with monkeypatch.context() as broken:
            broken.setattr(world.scheduler, "submit_array", away)
            world.look()
        assert world.report(key).state is JobState.CREATED
        assert "does not answer" in world.report(key).reason
        world.look()
        assert (world.report(key).state, world.report(key).reason) == (JobState.SUBMITTED, "")

    def test_a_refusal_is_final_and_says_why(self, world, monkeypatch):
        key = world.submitted(array_job())

        def refuse(*_):
            raise SubmissionRefusedError("asks for more than there is")

        monkeypatch.setattr(world.scheduler, "submit_array", refuse)
        world.look()
        assert (world.report(key).state, world.report(key).reason) == (JobState.FAILED, "asks for more than there is")

    def test_a_damaged_job_ends_all_its_elements(self, world, key):
        world.ends_at_the_scheduler(key, element=0)
        JobPaths(world.store.folder(key)).definition.write_text("{")
        world.look()
        assert world.store.record(key).state is JobState.FAILED
        assert [status(world, key, number) for number in (1, 2)] == [QueueState.CANCELLED] * 2

    def test_a_damaged_outcome_of_one_element_fails_the_job_and_ends_the_others(self, world, key):
        succeeds(world, key, 0)
        JobPaths(world.store.folder(key)).element(0).outcome.write_text("{")
        world.look()
        stopped(world)
        assert world.report(key).state is JobState.FAILED
        assert "outcome.json" in world.report(key).reason
        assert [status(world, key, number) for number in (1, 2)] == [QueueState.CANCELLED] * 2
