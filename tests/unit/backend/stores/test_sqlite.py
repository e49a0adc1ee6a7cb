"""The SQLite store: the port's rules, and what only a file has."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.domain.collections import Collection
from backend.domain.errors import StoreUnavailableError
from backend.ports import DocumentStore, Query
from backend.stores.sqlite import SqliteStore
from tests.contract.document_store_contract import COLLECTIONS, EVENTS, REGIONS, DocumentStoreContract, region

WRITER = """
import sys
from pathlib import Path
from backend.stores.sqlite import SqliteStore
from tests.contract.document_store_contract import COLLECTIONS, EVENTS
store = SqliteStore(Path(sys.argv[1]), COLLECTIONS)
for _ in range(50):
    print(store.append(EVENTS, {"project": "p"}, stream="project"), flush=True)
"""


class TestSqliteStore(DocumentStoreContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "store" / "test.sqlite3"

    @pytest.fixture
    def store(self, path: Path) -> Iterator[DocumentStore]:
        opened = SqliteStore(path, COLLECTIONS)
        yield opened
        opened.close()

    def reopened(self, store: DocumentStore) -> DocumentStore:
        assert isinstance(store, SqliteStore)
        return SqliteStore(store._path, COLLECTIONS)

    def test_acknowledged_writes_are_synced(self, store: SqliteStore) -> None:
        with store._connection() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    def test_the_file_is_for_its_owner_only(self, store: DocumentStore, path: Path) -> None:
        assert path.stat().st_mode & 0o077 == 0

    def test_queries_use_their_indexes(self, store: SqliteStore) -> None:
        with store._connection() as connection:
            plan = connection.execute("EXPLAIN QUERY PLAN SELECT body FROM test_regions WHERE project = 'p' AND section = 1")
            assert "test_regions_by_project_section" in plan.fetchone()[3]

    def test_two_processes_append_without_gaps(self, store: DocumentStore, path: Path) -> None:
        commands = [sys.executable, "-c", WRITER, str(path)]
        writers = [subprocess.Popen(commands, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        seqs = [int(line) for writer in writers for line in writer.communicate(timeout=120)[0].split()]
        assert sorted(seqs) == list(range(1, 101))

    def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(self, store: DocumentStore, path: Path) -> None:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(10)]
        writer.kill()
        writer.communicate()
        kept = [document["seq"] for document in store.find(EVENTS, Query({"project": "p"}, order_by="seq"))]
        assert kept[: len(acknowledged)] == acknowledged
        assert kept == list(range(1, len(kept) + 1))

    def test_a_file_that_cannot_be_written_is_told_by_name(self, store: SqliteStore, path: Path) -> None:
        with sqlite3.connect(path) as outside:
            outside.execute("DROP TABLE test_regions")
        outside.close()
        with pytest.raises(StoreUnavailableError, match="sqlite3"):
            store.put(REGIONS, "a", region(1), expected=0)

    def test_a_write_that_the_disk_refuses_holds_up_no_other(self, store: SqliteStore, path: Path) -> None:
        with store._connection() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnavailableError, match="full"):
            store.append(EVENTS, {"project": "p", "text": "x" * 100_000}, stream="project")
        other = self.reopened(store)
        assert other.append(EVENTS, {"project": "p"}, stream="project") == 1
        assert store.append(EVENTS, {"project": "p"}, stream="project") == 2
        other.close()

    def test_a_file_that_cannot_be_opened_is_told_by_name(self, store: SqliteStore, path: Path) -> None:
        store.close()
        path.rename(path.with_name("away"))
        path.mkdir()
        with pytest.raises(StoreUnavailableError, match="sqlite3"):
            store.get(REGIONS, "a")


def test_a_file_of_an_older_release_gets_the_key_fields_that_came_since(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    before = SqliteStore(path, (Collection("jobs", (("stage",),)),))
    before.put(Collection("jobs", (("stage",),)), "1", {"stage": "done", "brain": "B20"}, expected=0)
    before.put(Collection("jobs", (("stage",),)), "2", {"stage": "done"}, expected=0)
    before.close()
    jobs = Collection("jobs", (("stage",), ("brain",)))
    for _ in range(2):
        store = SqliteStore(path, (jobs,))
        assert [found["version"] for found in store.find(jobs, Query({"brain": "B20"}))] == [1]
        assert len(store.find(jobs, Query())) == 2
        store.close()
