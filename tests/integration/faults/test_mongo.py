"""MongoDB that is killed, and one that stands still."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from backend.domain.errors import StoreUnavailableError
from backend.stores import mongo
from backend.stores.mongo import MongoStore
from tests.contract.document_store_contract import COLLECTIONS, REGIONS, region
from tests.integration.backend.mongo_server import OPTIONS, PROGRAM, running
from tests.integration.backend.processes import free_port

REASON = "NOT TESTED: no MongoDB test server: pip install 'brodmann[mongo-test]'"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=REASON)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def store(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoStore]:
    monkeypatch.setattr(mongo, "TIMEOUT_MS", 500)
    with running(tmp_path, port):
        store = MongoStore(f"mongodb://127.0.0.1:{port}/faults?{OPTIONS}", COLLECTIONS)
        store.put(REGIONS, "a", region(1), expected=0)
    yield store
    store.close()


def test_what_was_acknowledged_is_there_again_after_a_servers_end(tmp_path: Path, port: int, store: MongoStore) -> None:
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        store.get(REGIONS, "a")
    with running(tmp_path, port):
        assert store.get(REGIONS, "a")["section"] == 1


def test_a_server_that_stands_still_keeps_nobody_waiting_for_ever(tmp_path: Path, port: int, store: MongoStore) -> None:
    with running(tmp_path, port) as server:
        store.get(REGIONS, "a")
        server.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailableError, match="does not answer"):
                store.get(REGIONS, "a")
        finally:
            server.send_signal(signal.SIGCONT)
        assert store.get(REGIONS, "a")["section"] == 1


def test_a_full_disk_over_there_is_no_mistake_of_ours(store: MongoStore) -> None:
    with pytest.raises(StoreUnavailableError, match="disk full"), store._in(REGIONS):
        raise OperationFailure("No space left on device", 14031)
