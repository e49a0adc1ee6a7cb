"""The document store in MongoDB, with pymongo.

Uses only what a standalone server does too: no transactions, no change streams; ascending indexes with the ranged field
last; compare-and-swap by `update` on (_id, version); all acknowledged writes are journaled. Documents are native, with the
id in `_id`.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import ConnectionFailure, DocumentTooLarge, DuplicateKeyError, OperationFailure

from backend.domain.collections import COLLECTIONS, Collection
from backend.domain.errors import StoreUnavailableError
from backend.ports import (
    Document,
    DocumentTooLargeError,
    KeyValue,
    MissingDocumentError,
    Query,
    Range,
    VersionConflictError,
    place_in_stream,
)

DATABASE = "brodmann"
TIMEOUT_MS = 10_000
APPEND_ATTEMPTS = 1000
BATCH = 10_000  # documents that come in one answer, where 16 MB hold them: a section's outlines in one round trip
PASSING_CODES = (91, 11600, 14031)  # it is ending, was interrupted by that, or its disk is full
TOO_LARGE_CODES = (10334, 17419, 17420)

Raw = dict[str, Any]


class MongoStore:
    """Documents in the database the address names (`brodmann` when it names none). The client is made after a fork."""

    kind: Literal["sqlite", "mongo"] = "mongo"

    def __init__(self, uri: str, collections: Sequence[Collection] = COLLECTIONS) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self._client: MongoClient[Raw] | None = None
        self._made_by = 0
        self._appending = threading.Lock()
        self._reached: dict[tuple[str, str], int] = {}  # numbers of streams that were there once; newer ones may be
        try:
            for collection in collections:
                for index in collection.indexes:
                    with self._in(collection) as documents:
                        # The id as well: MongoDB sorts by an index only when it holds the whole order.
                        documents.create_index([(field, ASCENDING) for field in (*index, "_id")])
        except BaseException:
            self.close()
            raise

    def get(self, collection: Collection, document_id: str) -> Document:
        """See the port."""
        with self._in(collection) as documents:
            found = documents.find_one({"_id": document_id})
        if found is None:
            raise MissingDocumentError(f"{collection.name}/{document_id}")
        return _without_id(found)

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        """See the port."""
        _check_keys(collection, document)
        stored = {**document, "version": expected + 1}
        try:
            with self._in(collection) as documents:
                if expected == 0:
                    documents.insert_one({"_id": document_id, **stored})
                    return stored
                replaced = documents.replace_one({"_id": document_id, "version": expected}, stored).matched_count
        except DuplicateKeyError as error:
            raise VersionConflictError(f"{collection.name}/{document_id} is there already") from error
        except DocumentTooLarge as error:
            raise DocumentTooLargeError(str(error)) from error
        except OperationFailure as error:
            if error.code in TOO_LARGE_CODES:
                raise DocumentTooLargeError(str(error)) from error
            raise
        if replaced != 1:
            raise VersionConflictError(f"{collection.name}/{document_id} is not at version {expected}")
        return stored

    def append(self, collection: Collection, document: Document, stream: str) -> int:
        """See the port. The id holds the number, so two writers never get the same one and none is left out."""
        _check_keys(collection, document)
        name = str(document[stream])
        # Threads of one process that take numbers at once would mostly try the same one.
        with self._appending:
            first = self.newest(collection, stream, name) + 1
            for seq in range(first, first + APPEND_ATTEMPTS):
                entry = {"_id": place_in_stream(name, seq), **document, "seq": seq, "version": 1}
                try:
                    with self._in(collection) as documents:
                        documents.insert_one(entry)
                except DuplicateKeyError:
                    continue
                self._reached[collection.name, name] = seq
                return seq
        raise VersionConflictError(f"{collection.name}: others append to {name} all the time")

    def newest(self, collection: Collection, stream: str, name: str) -> int:
        """See the port. Looked for after a number that this process has seen, so that a long past costs nothing."""
        reached = self._reached.get((collection.name, name), 0)
        after = Range("seq", above=reached)
        query = Query({stream: name}, within=after, order_by="seq", descending=True, limit=1, only=("seq",))
        found = next((int(one["seq"]) for one in self.find(collection, query)), reached)
        self._reached[collection.name, name] = found
        return found

    def find(self, collection: Collection, query: Query) -> list[Document]:
        """See the port."""
        query.check(collection)
        wanted: Raw = dict(query.equal)
        if query.within:
            bounds = {"$gt": query.within.above, "$lt": query.within.below}
            wanted[query.within.field] = {word: value for word, value in bounds.items() if value is not None}
        direction = DESCENDING if query.descending else ASCENDING
        order = [(query.order_by, direction)] if query.order_by else []
        # Whole documents are sent as they lie: to leave the id out, the server would have to write each anew.
        chosen = {"_id": False, **dict.fromkeys(query.only, True)} if query.only else None
        sort = [*order, ("_id", direction)]
        with self._in(collection) as documents:
            found = list(documents.find(wanted, chosen, sort=sort, limit=query.limit or 0, batch_size=BATCH))
        return [{name: one.get(name) for name in query.only} if query.only else _without_id(one) for one in found]

    def many(self, collection: Collection, document_ids: Sequence[str]) -> list[Document]:
        """See the port."""
        if not document_ids:
            return []
        with self._in(collection) as documents:
            found = list(documents.find({"_id": {"$in": [*document_ids]}}, batch_size=BATCH))
        return [_without_id(one) for one in found]

    def versions(self, collection: Collection, equal: Mapping[str, KeyValue]) -> dict[str, int]:
        """See the port."""
        Query(equal).check(collection)
        with self._in(collection) as documents:
            return {one["_id"]: one["version"] for one in documents.find(dict(equal), {"version": True}, batch_size=BATCH)}

    def delete(self, collection: Collection, document_id: str) -> None:
        """See the port."""
        with self._in(collection) as documents:
            documents.delete_one({"_id": document_id})

    def close(self) -> None:
        """Close the connections of this process."""
        with self._lock:
            if self._client is not None and self._made_by == os.getpid():
                self._client.close()
            self._client = None

    @contextmanager
    def _in(self, collection: Collection) -> Iterator[MongoCollection[Raw]]:
        """The collection of this process's client; StoreUnavailableError while nobody answers there."""
        with self._lock:
            if self._client is None or self._made_by != os.getpid():
                # A server that stands still would keep us waiting for ever.
                self._client = MongoClient(
                    self._uri, serverSelectionTimeoutMS=TIMEOUT_MS, socketTimeoutMS=2 * TIMEOUT_MS, journal=True
                )
                self._made_by = os.getpid()
            documents = self._client.get_default_database(DATABASE)[collection.name]
        try:
            yield documents
        except ConnectionFailure as error:
            raise StoreUnavailableError("The database does not answer. Try again in a moment.") from error
        except OperationFailure as error:
            if error.code in PASSING_CODES:
                raise StoreUnavailableError(f"The database does not take this now: {error}. Is its disk full?") from error
            raise


def _without_id(stored: Raw) -> Document:
    del stored["_id"]
    return stored


def _check_keys(collection: Collection, document: Document) -> None:
    for name in collection.key_fields:
        value = document.get(name)
        if isinstance(value, bool) or not (value is None or isinstance(value, str | int)):
            raise ValueError(f"key fields are strings or integers, got {value!r}")
