"""Sessions end by themselves and are forgotten then."""

import pytest

from backend.domain.collections import SESSIONS
from backend.domain.errors import NotLoggedInError
from backend.ports import Query
from backend.services import sessions as module
from backend.services.sessions import LIFETIME, Sessions
from core.contracts.projects import User
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore


def test_ended_sessions_are_forgotten_however_many_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMOVED_AT_ONCE", 2)
    store, clock = MemoryStore(), FakeClock()
    sessions = Sessions(store, clock, b"s" * 32)
    ended = [sessions.open(User(name="ada", display_name="Ada"))[0] for _ in range(5)]
    clock.advance(LIFETIME.total_seconds() / 2)
    living, _ = sessions.open(User(name="bo", display_name="Bo"))
    clock.advance(LIFETIME.total_seconds() / 2 + 1)
    sessions.forget_expired()
    assert len(store.find(SESSIONS, Query())) == 1
    assert sessions.user(living).name == "bo"
    with pytest.raises(NotLoggedInError, match="has ended"):
        sessions.user(ended[0])


def test_all_sessions_of_a_user_end_but_the_one_that_is_kept_and_nobody_elses() -> None:
    sessions = Sessions(MemoryStore(), FakeClock(), b"s" * 32)
    ada, bo = User(name="ada", display_name="Ada"), User(name="bo", display_name="Bo")
    (kept, _), (other, _), (others, _) = sessions.open(ada), sessions.open(ada), sessions.open(bo)
    assert sessions.user(other).name == "ada"  # and remembered
    sessions.end_all("ada", but=kept)
    assert (sessions.user(kept).name, sessions.user(others).name) == ("ada", "bo")
    with pytest.raises(NotLoggedInError):
        sessions.user(other)
    sessions.end_all("ada")
    with pytest.raises(NotLoggedInError):
        sessions.user(kept)
