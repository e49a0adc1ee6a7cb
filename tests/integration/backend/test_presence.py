"""Who is in a project just now, on every store."""

from pathlib import Path
from uuid import uuid4

import pytest

from backend.domain.collections import PRESENCE
from backend.ports import DocumentStore, Query
from backend.services.presence import GONE_AFTER
from tests.fakes.clock import FakeClock
from tests.integration.backend.api import Backend, P, Person, error_of

Places = list[tuple[str, int | None]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def office(store: DocumentStore, tmp_path: Path, brains_folder: Path, clock: FakeClock) -> Backend:
    """A backend whose time is told."""
    return Backend(store, tmp_path, brains_folder, clock)


def tell(person: Person, page: str, section: int | None) -> Places:
    answer = person.send("PUT", f"{P}/presence", {"page": page, "section": section})
    assert answer.status_code == 200, answer.text
    return [(one["display_name"], one["section"]) for one in answer.json["people"]]


def test_pages_are_seen_where_they_are_until_they_leave_or_fall_silent(office: Backend, clock: FakeClock) -> None:
    ada, vera, pages = office.person("ada"), office.person("vera"), [uuid4().hex for _ in range(3)]
    assert tell(ada, pages[0], 921) == [("Ada", 921)]
    assert tell(vera, pages[1], None) == [("Ada", 921), ("Vera", None)]
    assert tell(vera, pages[1], 921) == [("Ada", 921), ("Vera", 921)]
    assert len(tell(vera, pages[2], 901)) == 3  # a second page of the same person
    assert vera.send("DELETE", f"{P}/presence/{pages[2]}").status_code == 204
    assert vera.send("DELETE", f"{P}/presence/{pages[0]}").status_code == 204  # that page is ada's: it stays
    assert tell(ada, pages[0], 921) == [("Ada", 921), ("Vera", 921)]
    clock.advance(GONE_AFTER.total_seconds() + 1)
    assert tell(ada, pages[0], 921) == [("Ada", 921)]
    clock.advance(2 * GONE_AFTER.total_seconds() + 1)
    tell(ada, pages[0], 921)
    assert len(office.services.store.find(PRESENCE, Query({"project": "demo"}))) == 1


def test_strangers_neither_see_nor_are_seen(office: Backend) -> None:
    body = {"page": uuid4().hex, "section": 921}
    error_of(office.person("max").send("PUT", f"{P}/presence", body), 404)
    assert tell(office.person("ada"), uuid4().hex, 921) == [("Ada", 921)]
