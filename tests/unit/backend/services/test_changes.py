"""The stream of changes forgets what no page can ask for any more."""

import pytest

from backend.domain.collections import CHANGES, PROJECTS
from backend.ports import Query
from backend.services import changes as module
from backend.services.changes import KEPT, Changes
from backend.services.sessions import LIFETIME
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore

KEPT_S = KEPT.total_seconds()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def changes(clock: FakeClock) -> Changes:
    store = MemoryStore()
    for project in ("p", "q"):
        store.put(PROJECTS, project, {"id": project}, expected=0)
    return Changes(store, clock)


def tell(changes: Changes, project: str, times: int) -> None:
    for _ in range(times):
        changes.tell(project, "annotation", "a" * 32)


def kept(changes: Changes, project: str) -> list[int]:
    return [change.seq for change in changes.after(project, 0).changes]


def test_changes_are_kept_longer_than_a_session_lives() -> None:
    assert KEPT > LIFETIME


def test_old_changes_go_and_the_newer_ones_stay(changes: Changes, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LIST", 4)
    tell(changes, "p", 10)
    clock.advance(KEPT_S / 2)
    tell(changes, "p", 2)
    changes.forget_old()
    assert len(changes._store.find(CHANGES, Query({"project": "p"}))) == 12
    clock.advance(KEPT_S / 2 + 1)
    changes.forget_old()
    assert kept(changes, "p") == [11, 12]


def test_the_newest_change_stays_and_numbers_go_on_from_it(changes: Changes, clock: FakeClock) -> None:
    tell(changes, "p", 3)
    tell(changes, "q", 1)
    last = changes.last_at("p")
    clock.advance(2 * KEPT_S)
    changes.forget_old()
    assert (kept(changes, "p"), kept(changes, "q"), changes.last_at("p")) == ([3], [1], last)
    tell(changes, "p", 1)
    assert changes.latest("p") == 4
