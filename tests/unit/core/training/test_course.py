import math
from types import SimpleNamespace

import pytest
import torch

from core.training import course
from core.training.course import Course, TrainingDivergedError, check_finite
from core.training.loss_watch import LossWatch
from core.training.peers import Peers
from tests.fakes.learning import RecordedSurroundings


class _WithOther(Peers):
    """Alone, but beside a process that counted as much, and that was asked to stop where `other_asked`."""

    other_asked = False

    def total(self, values):
        return 2 * values + torch.tensor([int(self.other_asked), *[0] * (len(values) - 1)])


class _WithAskedOther(_WithOther):
    other_asked = True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(course, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def started(tmp_path, steps=100, done=0, peers=Peers(), stop_after=None):  # noqa: B008 - frozen
    return Course(RecordedSurroundings(tmp_path, stop_after), peers, LossWatch(4, steps), done)


def stepped(going, clock, seconds, losses):
    """What was due after each step."""
    due = []
    for loss in losses:
        clock[0] += seconds
        going.step(loss)
        due.append((going.tells, going.saves, going.stops))
    return due


def test_it_tells_every_second_and_saves_every_twenty(tmp_path, clock):
    due = stepped(started(tmp_path), clock, 0.5, [1.0] * 81)
    assert [number for number, (tells, _, _) in enumerate(due, start=1) if tells] == list(range(2, 82, 2))
    assert [number for number, (_, saves, _) in enumerate(due, start=1) if saves] == [40, 80]


def test_the_loss_told_is_the_mean_since_the_last_report(tmp_path, clock):
    going = started(tmp_path)
    stepped(going, clock, 0.5, [9.0, 7.0])
    assert going.loss == 8.0
    stepped(going, clock, 0.5, [3.0, 1.0])
    assert going.loss == 2.0


def test_the_last_step_is_always_told_and_neither_saved_nor_stopped(tmp_path, clock):
    going = started(tmp_path, steps=3, stop_after=3)
    assert stepped(going, clock, 0.0, [1.0, 1.0]) == [(False, False, False)] * 2
    assert stepped(going, clock, 60.0, [1.0]) == [(True, False, False)]


def test_asked_to_stop_it_saves_and_stops(tmp_path, clock):
    assert stepped(started(tmp_path, stop_after=2), clock, 0.0, [1.0, 1.0]) == [(False, False, False), (False, True, True)]


def test_all_stop_when_any_process_is_asked_and_only_the_first_one_saves(tmp_path, clock):
    assert stepped(started(tmp_path, peers=_WithAskedOther(0, 2)), clock, 0.0, [1.0]) == [(False, True, True)]
    assert stepped(started(tmp_path, peers=_WithAskedOther(1, 2)), clock, 0.0, [1.0]) == [(False, False, True)]


def test_counts_are_those_of_all_processes(tmp_path):
    assert started(tmp_path, peers=_WithOther(0, 2)).step(1.0, [3, 4]) == [6, 8]


def test_the_time_left_is_at_the_speed_of_this_run_alone(tmp_path, clock):
    going = started(tmp_path, steps=10, done=4)
    stepped(going, clock, 2.0, [1.0, 1.0])
    going.tell(0.5, {"accuracy": 0.25})
    (told,) = going.surroundings.reports
    assert (told.step, told.of, told.loss, told.metrics, told.eta_s) == (6, 10, 0.5, {"accuracy": 0.25}, 8.0)
    assert told.phase == "training"


def test_a_loss_that_does_not_fall_is_in_the_phase(tmp_path, clock):
    going = started(tmp_path)
    stepped(going, clock, 0.1, [math.log(4)] * 60)
    going.tell(1.0, {})
    assert going.surroundings.reports[0].phase == "training (warning: the loss does not fall)"


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_named_with_place_and_remedy(loss):
    check_finite(1.0, "step 1")
    with pytest.raises(
        TrainingDivergedError, match=f"^the loss became {loss} at step 7; train again with a lower learning rate$"
    ):
        check_finite(loss, "step 7")
