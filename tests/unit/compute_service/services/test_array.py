from datetime import UTC, datetime, timedelta

import pytest

from compute_service.ports import JobRecord
from compute_service.services.array import joined, summed, together
from core.contracts.jobs import JobState, Outcome, Progress

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RECORD = JobRecord(created_at=NOW)


def element(state, **more):
    return JobRecord(created_at=NOW, state=state, attempts=1, queue_id="q", **more)


def line(step, of, after_s=0.0):
    return Progress(at=NOW + timedelta(seconds=after_s), phase=f"predicted section {step}", step=step, of=of)


class TestTogether:
    @pytest.mark.parametrize(
        ("states", "state"),
        [
            (("created", "created"), "created"),
            (("submitted", "submitted"), "submitted"),
            (("submitted", "running"), "running"),
            (("succeeded", "submitted"), "running"),
            (("succeeded", "running"), "running"),
        ],
    )
    def test_an_array_runs_while_any_element_does_or_some_wait_behind_others(self, states, state):
        assert together(RECORD, [element(JobState(one)) for one in states], NOW).state == state

    def test_an_array_whose_elements_all_wait_for_their_next_attempt_waits(self):
        running = RECORD.model_copy(update={"state": JobState.RUNNING, "started_at": NOW})
        found = together(running, [element(JobState.SUBMITTED)] * 2, NOW + timedelta(hours=1))
        assert (found.state, found.started_at) == (JobState.SUBMITTED, NOW)

    def test_a_waiting_array_says_what_for_and_a_running_one_which_part_was_interrupted(self):
        waiting = element(JobState.SUBMITTED, reason="Waits for free processors.")
        assert together(RECORD, [waiting, waiting], NOW).reason == "Waits for free processors."
        runs = element(JobState.RUNNING)
        assert together(RECORD, [runs, waiting], NOW).reason == ""
        again = waiting.model_copy(update={"attempts": 2, "reason": "Interrupted."})
        found = together(RECORD, [runs, again], NOW)
        assert (found.reason, found.attempts) == ("Part 2 of 2: Interrupted.", 2)


class TestSummed:
    def test_steps_add_up_and_the_newest_line_gives_the_phase(self):
        found = summed([line(3, 10, 5), line(1, 9, 7)], NOW)
        assert (found.step, found.of, found.phase, found.at) == (4, 19, "predicted section 1", NOW + timedelta(seconds=7))
        assert found.eta_s == pytest.approx(7 / 4 * 15)

    def test_a_silent_element_has_as_much_to_do_as_the_others(self):
        found = summed([line(10, 10), None, line(8, 8), None], NOW)
        assert (found.step, found.of) == (18, 36)

    def test_without_any_word_there_is_no_progress(self):
        assert summed([None, None], NOW) is None

    def test_before_the_first_step_nobody_knows_how_long_it_takes(self):
        assert summed([line(0, 10, 5)], NOW).eta_s is None


class TestJoined:
    def test_results_are_those_of_all_and_the_end_is_the_last_one_s(self):
        later = NOW + timedelta(seconds=3)
        ends = [element(JobState.SUCCEEDED, reason="Done.", finished_at=at) for at in (later, NOW)]
        outcomes = [Outcome(state="succeeded", message="Done.", results=(name,), finished_at=NOW) for name in ("b", "a")]
        found = joined(ends, outcomes, NOW)
        assert (found.state, found.message, found.results, found.finished_at) == ("succeeded", "Done.", ("a", "b"), later)

    def test_the_first_failure_speaks_for_the_array_whatever_became_of_the_others(self):
        ends = [
            element(JobState.CANCELLED, reason="stopped"),
            element(JobState.FAILED, reason="no tissue", details="traceback"),
            element(JobState.FAILED, reason="another"),
            element(JobState.SUCCEEDED),
        ]
        found = joined(ends, [None] * 4, NOW)
        assert (found.state, found.message, found.details, found.results) == ("failed", "no tissue", "traceback", ())

    def test_an_array_with_a_cancelled_element_has_not_succeeded(self):
        found = joined([element(JobState.SUCCEEDED), element(JobState.CANCELLED, reason="stopped")], [None] * 2, NOW)
        assert (found.state, found.message) == ("cancelled", "stopped")
