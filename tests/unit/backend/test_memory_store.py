"""The fake store keeps the port's rules, so that unit tests on it mean something."""

import pytest

from backend.ports import DocumentStore
from tests.contract.document_store_contract import DocumentStoreContract
from tests.fakes.memory_store import MemoryStore


class TestMemoryStore(DocumentStoreContract):
    @pytest.fixture
    def store(self) -> DocumentStore:
        return MemoryStore()

    def reopened(self, store: DocumentStore) -> DocumentStore:
        assert isinstance(store, MemoryStore)
        other = MemoryStore()
        other._documents, other._lock = store._documents, store._lock
        return other
