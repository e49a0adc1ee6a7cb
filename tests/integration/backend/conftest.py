"""The MongoDB servers to test on, and databases that are gone after the test.

`MONGO_URI` adds a real server (its address must name no database: each test gets one of its own). Without the test
server and without `MONGO_URI` the MongoDB tests are skipped and say so.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from backend.ports import DocumentStore
from backend.stores.mongo import MongoStore
from backend.stores.sqlite import SqliteStore
from tests.fakes.brain_folder import write_small_brain
from tests.integration.backend.api import Backend
from tests.integration.backend.mongo_server import PROGRAM, test_server

SERVERS = ["test-server", *(["MONGO_URI"] if os.environ.get("MONGO_URI") else [])]
NewDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def new_database() -> Iterator[NewDatabase]:
    """Makes the address of a fresh database on a server of `SERVERS`; starts the test server when it is first needed."""
    with ExitStack() as stack:
        templates: dict[str, str] = {}
        made: list[tuple[str, str]] = []

        def new(server: str) -> str:
            if server not in templates:
                templates[server] = _template(server, stack)
            database = f"brodmann_test_{uuid4().hex[:12]}"
            uri = templates[server].format(database=database)
            made.append((uri, database))
            return uri

        yield new
        for uri, database in made:
            with MongoClient(uri) as client:
                client.drop_database(database)


def _template(server: str, stack: ExitStack) -> str:
    if server == "MONGO_URI":
        given = os.environ["MONGO_URI"]
        assert parse_uri(given)["database"] is None, "MONGO_URI must name no database here: each test gets one of its own"
        address, _, options = given.partition("?")
        return f"{address.rstrip('/')}/{{database}}?{options or 'w=1&journal=true'}"
    if not PROGRAM.exists():
        pytest.skip("THE MONGODB TESTS DID NOT RUN: install the extra `mongo-test`, or set MONGO_URI")
    return stack.enter_context(test_server())


@pytest.fixture(scope="session")
def brains_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small brain, `SMALL`."""
    root = tmp_path_factory.mktemp("brains")
    write_small_brain(root)
    return root


@pytest.fixture(params=["sqlite", *SERVERS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DocumentStore]:
    """An empty store of each kind there is."""
    opened: DocumentStore
    if request.param == "sqlite":
        opened = SqliteStore(tmp_path / "test.sqlite3")
    else:
        new_database: NewDatabase = request.getfixturevalue("new_database")
        opened = MongoStore(new_database(request.param))
    yield opened
    opened.close()


@pytest.fixture
def backend(store: DocumentStore, tmp_path: Path, brains_folder: Path) -> Backend:
    """A backend on each kind of store."""
    return Backend(store, tmp_path, brains_folder)
