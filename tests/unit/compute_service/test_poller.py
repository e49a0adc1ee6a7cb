from threading import Event, Thread

import pytest

from compute_service.poller import alone, poll
from compute_service.ports import SchedulerUnavailableError
from compute_service.services.health import poller_is_there


class Looks:
    """Raises what it is told to, one after the other, then asks the poller to stop."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.stop = Event()

    def look(self):
        if self.errors:
            raise self.errors.pop(0)
        self.stop.set()


@pytest.mark.parametrize("error", [SchedulerUnavailableError("away"), OSError("disk full"), KeyError("a mistake")])
def test_a_bad_look_is_logged_and_the_next_one_follows(error, caplog, tmp_path):
    looks = Looks(error, error)
    poll(looks, 0.001, looks.stop, tmp_path / "note")
    assert looks.errors == []
    assert len(caplog.records) == 2


def test_a_scheduler_that_is_away_is_noted_until_it_answers(tmp_path):
    note, seen = tmp_path / "note", []
    looks = Looks(SchedulerUnavailableError("away"), SchedulerUnavailableError("away for long"))
    look = looks.look

    def watched():
        seen.append(note.read_text() if note.exists() else None)
        look()

    looks.look = watched
    poll(looks, 0.001, looks.stop, note)
    assert seen == [None, "away", "away for long"]
    assert not note.exists()


def test_one_poller_works_and_the_other_stands_by(tmp_path):
    entered, give_up = Event(), Event()

    def second():
        with alone(tmp_path, give_up):
            entered.set()

    assert not poller_is_there(tmp_path)
    waiting = Thread(target=second)
    with alone(tmp_path, Event()):
        assert poller_is_there(tmp_path)
        waiting.start()
        assert not entered.wait(0.1)
    assert entered.wait(30)
    waiting.join()
    assert not poller_is_there(tmp_path)
