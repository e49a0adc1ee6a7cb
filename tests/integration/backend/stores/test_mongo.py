"""The MongoDB store, driven by the real driver against every server there is."""

from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from backend.domain.errors import StoreUnavailableError
from backend.ports import DocumentStore, DocumentTooLargeError
from backend.stores.mongo import MongoStore
from tests.contract.document_store_contract import COLLECTIONS, REGIONS, DocumentStoreContract, region
from tests.integration.backend.conftest import SERVERS, NewDatabase


@pytest.mark.parametrize("server", SERVERS)
class TestMongoStore(DocumentStoreContract):
    @pytest.fixture
    def store(self, server: str, new_database: NewDatabase) -> Iterator[DocumentStore]:
        opened = MongoStore(new_database(server), COLLECTIONS)
        yield opened
        opened.close()

    def reopened(self, store: DocumentStore) -> DocumentStore:
        assert isinstance(store, MongoStore)
        return MongoStore(store._uri, COLLECTIONS)

    def test_indexes_ascend_and_end_with_the_id_by_which_queries_are_sorted_last(self, store: MongoStore) -> None:
        with MongoClient(store._uri) as client:
            indexes = client.get_default_database()["test_regions"].index_information()
        assert {tuple(index["key"]) for index in indexes.values()} == {
            (("_id", 1),),
            (("project", 1), ("section", 1), ("_id", 1)),
            (("project", 1), ("area", 1), ("section", 1), ("_id", 1)),
        }

    def test_a_document_beyond_16_mb_is_refused_by_name(self, store: DocumentStore) -> None:
        with pytest.raises(DocumentTooLargeError):
            store.put(REGIONS, "a", region(1, note="x" * (17 << 20)), expected=0)


def test_a_server_that_does_not_answer_is_told_by_name() -> None:
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        MongoStore("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200", COLLECTIONS)
