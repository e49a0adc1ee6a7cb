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
        self._reached: dict[tuple[str, str], int] = {}
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
            found = documents.find_one({"_id": document_id}, {"_id": False})
        if found is None:
            raise MissingDocumentError(f"{collection.name}/{document_id}")
        return found

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
        place = collection.name, str(document[stream])
        first = self._newest(collection, {stream: document[stream]}, self._reached.get(place, 0)) + 1
        for seq in range(first, first + APPEND_ATTEMPTS):
            entry = {"_id": place_in_stream(str(document[stream]), seq), **document, "seq": seq, "version": 1}
            try:
                with self._in(collection) as documents:
                    documents.insert_one(entry)
            except DuplicateKeyError:
                continue
            self._reached[place] = seq
            return seq
        raise VersionConflictError(f"{collection.name}: others append to {document[stream]} all the time")

    def _newest(self, collection: Collection, stream: Mapping[str, KeyValue], reached: int) -> int:
        """The last number of a stream; looked for after one that this process has seen, so that a long past costs nothing."""
        after = Range("seq", above=reached)
        newest = Query(stream, within=after, order_by="seq", descending=True, limit=1, only=("seq",))
        return next((int(found["seq"]) for found in self.find(collection, newest)), reached)

    def find(self, collection: Collection, query: Query) -> list[Document]:
        """See the port."""
        query.check(collection)
        wanted: Raw = dict(query.equal)
        if query.within:
            bounds = {"$gt": query.within.above, "$lt": query.within.below}
            wanted[query.within.field] = {word: value for word, value in bounds.items() if value is not None}
        direction = DESCENDING if query.descending else ASCENDING
        order = [(query.order_by, direction)] if query.order_by else []
        chosen: Mapping[str, bool] = {"_id": False, **dict.fromkeys(query.only, True)}
        with self._in(collection) as documents:
            found = list(documents.find(wanted, chosen, sort=[*order, ("_id", direction)], limit=query.limit or 0))
        return [{name: one.get(name) for name in query.only} for one in found] if query.only else found

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


def _check_keys(collection: Collection, document: Document) -> None:
    for name in collection.key_fields:
        value = document.get(name)
        if isinstance(value, bool) or not (value is None or isinstance(value, str | int)):
            raise ValueError(f"key fields are strings or integers, got {value!r}")
