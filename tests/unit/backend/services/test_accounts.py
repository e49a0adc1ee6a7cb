"""Accounts: names, passwords, and what a bad one is told."""

import pytest
from argon2 import PasswordHasher

from backend.domain.errors import ConflictError, InvalidError, NotFoundError, NotLoggedInError
from backend.services.accounts import Accounts
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore
from tests.integration.backend.api import QUICK_HASHER


@pytest.fixture
def accounts() -> Accounts:
    return Accounts(MemoryStore(), FakeClock(), QUICK_HASHER)


def test_who_was_added_can_log_in(accounts: Accounts) -> None:
    added = accounts.add("ada", "Ada Lovelace", "correct horse")
    assert accounts.check("ada", "correct horse") == added == accounts.user("ada")
    assert accounts.exists("ada")
    assert not accounts.exists("max")


def test_a_name_belongs_to_one_person(accounts: Accounts) -> None:
    accounts.add("ada", "Ada", "correct horse")
    with pytest.raises(ConflictError, match="already an account named ada"):
        accounts.add("ada", "Another", "correct horse")
    assert accounts.user("ada").display_name == "Ada"


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 65, "ä"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidError, match="cannot be an account"):
        accounts.add(name, "Somebody", "correct horse")


def test_a_short_password_is_refused_with_the_rule(accounts: Accounts) -> None:
    with pytest.raises(InvalidError, match="at least 8 characters"):
        accounts.add("ada", "Ada", "short")


def test_a_new_password_takes_the_place_of_the_old(accounts: Accounts) -> None:
    accounts.add("ada", "Ada", "correct horse")
    accounts.set_password("ada", "battery staple")
    with pytest.raises(NotLoggedInError):
        accounts.check("ada", "correct horse")
    accounts.check("ada", "battery staple")
    with pytest.raises(NotFoundError, match="brodmann user add"):
        accounts.set_password("nobody", "battery staple")


def test_the_product_hashes_with_argon2id_at_the_librarys_strength() -> None:
    store = MemoryStore()
    Accounts(store, FakeClock(), PasswordHasher()).add("ada", "Ada", "correct horse")
    assert "$argon2id$v=19$m=65536" in str(store._documents["users"]["ada"])
