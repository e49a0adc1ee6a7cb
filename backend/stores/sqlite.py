"""The document store in one SQLite file: JSON documents beside their indexed key columns."""

import json
import queue
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from backend.domain.collections import COLLECTIONS, Collection
from backend.domain.errors import StoreUnavailableError
from backend.ports import Document, KeyValue, MissingDocumentError, Query, VersionConflictError, place_in_stream

BUSY_TIMEOUT_S = 20.0


class SqliteStore:
    """Documents in one file; write-ahead log, synced to disk before a write is acknowledged.

    Connections are pooled, one per thread that is at work; several processes may open the same file.
    """

    kind: Literal["sqlite", "mongo"] = "sqlite"

    def __init__(self, path: Path, collections: Sequence[Collection] = COLLECTIONS) -> None:
        self._path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._connection() as connection:
            for collection in collections:
                _create(connection, collection)
        path.chmod(0o600)

    def get(self, collection: Collection, document_id: str) -> Document:
        """See the port."""
        with self._connection() as connection:
            row = connection.execute(f"SELECT version, body FROM {collection.name} WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise MissingDocumentError(f"{collection.name}/{document_id}")
        return _document(row)

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        """See the port."""
        stored = {**document, "version": expected + 1}
        cells = [_cell(stored.get(name)) for name in _columns(collection)]
        body = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        with self._connection(collection.synced) as connection:
            if expected == 0:
                changed = _insert(connection, collection, document_id, [expected + 1, body, *cells])
            else:
                assignments = "".join(f', "{name}" = ?' for name in _columns(collection))
                changed = connection.execute(
                    f"UPDATE {collection.name} SET version = ?, body = ?{assignments} WHERE id = ? AND version = ?",
                    (expected + 1, body, *cells, document_id, expected),
                ).rowcount
        if changed != 1:
            raise VersionConflictError(f"{collection.name}/{document_id} is not at version {expected}")
        return stored

    def append(self, collection: Collection, document: Document, stream: str) -> int:
        """See the port."""
        with self._connection() as connection, _immediate(connection):
            seq = _newest(connection, collection, stream, str(document[stream])) + 1
            stored = {**document, "seq": seq, "version": 1}
            body = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            cells = [_cell(stored.get(name)) for name in _columns(collection)]
            _insert(connection, collection, place_in_stream(str(document[stream]), seq), [1, body, *cells])
        return seq

    def newest(self, collection: Collection, stream: str, name: str) -> int:
        """See the port."""
        with self._connection() as connection:
            return _newest(connection, collection, stream, name)

    def find(self, collection: Collection, query: Query) -> list[Document]:
        """See the port."""
        query.check(collection)
        conditions = [(f'"{name}" = ?', value) for name, value in query.equal.items()]
        if query.within and query.within.above is not None:
            conditions.append((f'"{query.within.field}" > ?', query.within.above))
        if query.within and query.within.below is not None:
            conditions.append((f'"{query.within.field}" < ?', query.within.below))
        chosen = ", ".join(f'"{name}"' for name in query.only) if query.only else "version, body"
        where = " AND ".join(condition for condition, _ in conditions) or "TRUE"
        direction = "DESC" if query.descending else "ASC"
        order = f'"{query.order_by}" {direction}, id {direction}' if query.order_by else f"id {direction}"
        sql = f"SELECT {chosen} FROM {collection.name} WHERE {where} ORDER BY {order} LIMIT ?"
        limit = -1 if query.limit is None else query.limit
        with self._connection() as connection:
            rows = connection.execute(sql, (*(value for _, value in conditions), limit)).fetchall()
        return [dict(zip(query.only, row, strict=True)) for row in rows] if query.only else [_document(row) for row in rows]

    def many(self, collection: Collection, document_ids: Sequence[str]) -> list[Document]:
        """See the port."""
        sql = f"SELECT version, body FROM {collection.name} WHERE id = ?"
        with self._connection() as connection:
            rows = [row for one in document_ids for row in connection.execute(sql, (one,))]
        return [_document(row) for row in rows]

    def versions(self, collection: Collection, equal: Mapping[str, KeyValue]) -> dict[str, int]:
        """See the port."""
        Query(equal).check(collection)
        where = " AND ".join(f'"{name}" = ?' for name in equal) or "TRUE"
        with self._connection() as connection:
            return dict(connection.execute(f"SELECT id, version FROM {collection.name} WHERE {where}", (*equal.values(),)))

    def delete(self, collection: Collection, document_id: str) -> None:
        """See the port."""
        with self._connection() as connection:
            connection.execute(f"DELETE FROM {collection.name} WHERE id = ?", (document_id,))

    def close(self) -> None:
        """Close the idle connections; those at work close nothing of others."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _connection(self, synced: bool = True) -> Iterator[sqlite3.Connection]:
        try:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self._open()
            try:
                # In a write-ahead log the sync of a later write covers the earlier ones, whoever made them.
                connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                yield connection
            except sqlite3.Error:
                connection.close()  # It may still hold a transaction, and with it all others up.
                raise
            except BaseException:
                self._idle.put(connection)
                raise
            self._idle.put(connection)
        except sqlite3.OperationalError as error:
            raise StoreUnavailableError(
                f"The database {self._path} does not take this now: {error}. Is the disk full, or the file held by others?"
            ) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


@contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that holds the write lock from its start, so that what it reads stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # A full disk may have rolled it back already.
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _create(connection: sqlite3.Connection, collection: Collection) -> None:
    columns = "".join(f', "{name}"' for name in _columns(collection))
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {collection.name} (id TEXT PRIMARY KEY, version INTEGER, body TEXT{columns})"
    )
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({collection.name})")}
    for name in _columns(collection):
        if name not in there:
            _add_column(connection, collection, name)
    for index in collection.indexes:
        fields = ", ".join(f'"{name}"' for name in index)
        name = f"{collection.name}_by_{'_'.join(index)}"
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {collection.name} ({fields})")


def _add_column(connection: sqlite3.Connection, collection: Collection, name: str) -> None:
    """A file of an older release gets the key fields that came since; two processes may open it at once."""
    with _immediate(connection):
        if name not in {row[1] for row in connection.execute(f"PRAGMA table_info({collection.name})")}:
            connection.execute(f'ALTER TABLE {collection.name} ADD COLUMN "{name}"')
            connection.execute(f"""UPDATE {collection.name} SET "{name}" = json_extract(body, '$.' || ?)""", (name,))


def _insert(connection: sqlite3.Connection, collection: Collection, document_id: str, cells: list[KeyValue | None]) -> int:
    marks = ", ".join("?" for _ in range(len(cells) + 1))
    columns = "".join(f', "{name}"' for name in _columns(collection))
    return connection.execute(
        f"INSERT INTO {collection.name} (id, version, body{columns}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING",
        (document_id, *cells),
    ).rowcount


def _newest(connection: sqlite3.Connection, collection: Collection, stream: str, name: str) -> int:
    sql = f'SELECT COALESCE(MAX(seq), 0) FROM {collection.name} WHERE "{stream}" = ?'
    (last,) = connection.execute(sql, (name,)).fetchone()
    return int(last)


def _columns(collection: Collection) -> tuple[str, ...]:
    """Key fields with a column of their own; `version` has one anyway."""
    return tuple(name for name in collection.key_fields if name != "version")


def _cell(value: object) -> KeyValue | None:
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"key fields are strings or integers, got {value!r}")


def _document(row: tuple[int, str]) -> Document:
    document: Document = json.loads(row[1])
    return document
