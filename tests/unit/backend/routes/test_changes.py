"""Server-sent events end when the worker does."""

import json
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from backend.routes import changes as module
from backend.routes.changes import News, Recent, Tail, events
from backend.services.changes import Changes
from core.contracts.presence import PersonHere, PresenceList
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore


def nobody() -> PresenceList:
    return PresenceList(people=())


def news(changes: Changes, people: Callable[[], PresenceList] = nobody, project: str = "p") -> News:
    return News(partial(Tail(changes, age_s=-1.0).after, project), people)


@pytest.fixture
def changes() -> Changes:
    return Changes(MemoryStore(), FakeClock())


def test_a_stream_tells_what_came_after_and_ends_with_its_worker(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.0)
    for section in (901, 911, 921):
        changes.tell("p", "annotation", "a" * 32, section, "ada")
    rounds = iter([True, True, False])
    told = list(events(news(changes), "p", 1, lambda: next(rounds)))
    assert told[0].startswith("retry: ")
    assert [part.split("\n")[0] for part in told[1:]] == ["id: 2", "id: 3", "event: presence"]
    assert json.loads(told[2].split("data: ")[1])["section"] == 921


def test_a_silent_stream_says_that_it_is_there(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.0)
    monkeypatch.setattr(module, "HEARTBEAT_S", -1.0)
    rounds = iter([True, False])
    assert list(events(news(changes), "p", 0, lambda: next(rounds)))[2:] == [": still here\n\n"]


def test_a_stream_has_an_end_even_when_the_worker_lives(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIFE_S", 0.0)
    assert len(list(events(news(changes), "p", 0, lambda: True))) == 1


def test_who_is_there_is_told_at_first_and_when_it_is_somebody_else(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.0)
    monkeypatch.setattr(module, "PRESENCE_S", 0.0)
    ada = PersonHere(page="a" * 32, user="ada", display_name="Ada", section=901)
    there = iter([(), (ada,), (ada,), (), ()])
    rounds = iter([True] * 5 + [False])
    told = list(events(news(changes, lambda: PresenceList(people=next(there))), "p", 0, lambda: next(rounds)))
    people = [json.loads(part.split("data: ")[1])["people"] for part in told if part.startswith("event: presence")]
    assert [[one["user"] for one in seen] for seen in people] == [[], ["ada"], []]


def test_changes_of_other_projects_stay_with_them(changes: Changes) -> None:
    changes.tell("p", "task", "a" * 32)
    changes.tell("q", "task", "b" * 32)
    assert [change.project for change in changes.after("q", 0).changes] == ["q"]
    assert (changes.latest("p"), changes.latest("r")) == (1, 0)


def test_long_lists_come_in_pieces_that_join(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.services.changes.LONGEST_LIST", 2)
    for _ in range(5):
        changes.tell("p", "task", "a" * 32)
    first = changes.after("p", 0)
    assert ([change.seq for change in first.changes], first.latest) == ([1, 2], 5)
    last = changes.after("p", 4)
    assert ([change.seq for change in last.changes], last.latest) == ([5], 5)


def test_streams_at_different_places_get_each_change_once_from_one_reading() -> None:
    changes = Changes(MemoryStore(), FakeClock())
    tail = Tail(changes, age_s=-1.0)
    random = Random(7)
    told: dict[int, list[int]] = {start: [] for start in (0, 3, 40)}
    for _ in range(30):
        for _ in range(random.randrange(4)):
            changes.tell("p", "annotation", "a" * 32)
        start = random.choice(list(told))
        if (after := told[start][-1] if told[start] else start) <= changes.latest("p"):
            told[start] += [change.seq for change in tail.after("p", after)]
    for start, seqs in told.items():
        rest = [change.seq for change in tail.after("p", seqs[-1] if seqs else start)]
        assert [*seqs, *rest] == list(range(start + 1, changes.latest("p") + 1))


def test_streams_that_ask_within_a_moment_share_one_question_to_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes(MemoryStore(), FakeClock())
    for _ in range(5):
        changes.tell("p", "annotation", "a" * 32)
    tail, asked = Tail(changes, age_s=60.0), []
    monkeypatch.setattr(changes, "after", lambda project, seq, after=changes.after: asked.append(seq) or after(project, seq))
    assert [[change.seq for change in tail.after("p", seq)] for seq in (2, 2, 4, 5)] == [[3, 4, 5], [3, 4, 5], [5], []]
    assert asked == [2]
    assert [change.seq for change in tail.after("p", 0)] == [1, 2, 3, 4, 5]


def test_a_stream_ahead_of_a_tail_that_slept_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.services.changes.LONGEST_LIST", 3)
    changes = Changes(MemoryStore(), FakeClock())
    tail = Tail(changes, age_s=-1.0)
    tail.after("p", 0)
    for _ in range(20):
        changes.tell("p", "annotation", "a" * 32)
    assert [change.seq for change in tail.after("p", 19)] == [20]


def test_what_all_streams_ask_is_asked_once_in_a_while_for_each_project() -> None:
    asked: list[str] = []
    for age_s, times in ((60.0, 1), (-1.0, 3)):
        recent = Recent(lambda project: asked.append(project) or project, age_s)
        asked.clear()
        assert [recent.of(project) for project in "ppqp"] == list("ppqp")
        assert asked.count("p") == times
