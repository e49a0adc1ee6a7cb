"""A document store in memory, for unit tests."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Literal

from backend.domain.collections import Collection
from backend.ports import Document, KeyValue, MissingDocumentError, Query, VersionConflictError, place_in_stream


class MemoryStore:
    """Keeps documents as JSON text, so that nobody shares a list with the store."""

    kind: Literal["sqlite", "mongo"] = "sqlite"

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, str]] = {}
        self._lock = threading.RLock()

    def get(self, collection: Collection, document_id: str) -> Document:
        try:
            document: Document = json.loads(self._in(collection)[document_id])
        except KeyError:
            raise MissingDocumentError(f"{collection.name}/{document_id}") from None
        return document

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        for name in collection.key_fields:
            value = document.get(name)
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                raise ValueError(f"key fields are strings or integers, got {value!r}")
        stored = {**document, "version": expected + 1}
        with self._lock:
            held = self._in(collection).get(document_id)
            if (json.loads(held)["version"] if held else 0) != expected:
                raise VersionConflictError(f"{collection.name}/{document_id} is not at version {expected}")
            self._in(collection)[document_id] = json.dumps(stored, allow_nan=False)
        return stored

    def append(self, collection: Collection, document: Document, stream: str) -> int:
        with self._lock:
            seq = 1 + self.newest(collection, stream, str(document[stream]))
            self.put(collection, place_in_stream(str(document[stream]), seq), {**document, "seq": seq}, expected=0)
        return seq

    def newest(self, collection: Collection, stream: str, name: str) -> int:
        return max((int(each["seq"]) for each in self.find(collection, Query({stream: name}))), default=0)

    def many(self, collection: Collection, document_ids: Sequence[str]) -> list[Document]:
        held = self._in(collection)
        return [json.loads(held[one]) for one in document_ids if one in held]

    def versions(self, collection: Collection, equal: Mapping[str, KeyValue]) -> dict[str, int]:
        Query(equal).check(collection)
        with self._lock:
            found = {key: json.loads(text) for key, text in self._in(collection).items()}
        return {key: document["version"] for key, document in found.items() if _matches(document, Query(equal))}

    def find(self, collection: Collection, query: Query) -> list[Document]:
        query.check(collection)
        with self._lock:
            found = [(key, json.loads(text)) for key, text in self._in(collection).items()]
        found = [(key, document) for key, document in found if _matches(document, query)]
        if query.order_by:
            order = query.order_by
            found.sort(key=lambda pair: (pair[1][order], pair[0]), reverse=query.descending)
        else:
            found.sort(reverse=query.descending, key=lambda pair: pair[0])
        documents = [document for _, document in found][: query.limit]
        return [{name: document.get(name) for name in query.only} for document in documents] if query.only else documents

    def delete(self, collection: Collection, document_id: str) -> None:
        self._in(collection).pop(document_id, None)

    def close(self) -> None:
        """Nothing to give back."""

    def _in(self, collection: Collection) -> dict[str, str]:
        return self._documents.setdefault(collection.name, {})


def _matches(document: Document, query: Query) -> bool:
    if any(document.get(name) != value for name, value in query.equal.items()):
        return False
    if query.within is None:
        return True
    value = document.get(query.within.field)
    if value is None:
        return False
    above, below = query.within.above, query.within.below
    return (above is None or value > above) and (below is None or value < below)
