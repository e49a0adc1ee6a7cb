"""What the services need from outside: documents, blobs, the compute service and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from backend.domain.collections import Collection
from core.contracts.api import JobLog, JobProgress
from core.contracts.cluster import ServiceCheck
from core.contracts.jobs import JobDefinition, JobReport

Document = dict[str, Any]
KeyValue = str | int
LARGEST_RESULT_BYTES = 64 << 20


class VersionConflictError(Exception):
    """Compare-and-swap failed: the stored document is at another version, there already, or gone."""


class MissingDocumentError(Exception):
    """There is no document with this id."""


class DocumentTooLargeError(Exception):
    """The database does not take a document of this size."""


@dataclass(frozen=True, slots=True)
class Range:
    """Strictly above and below, of one indexed field."""

    field: str
    above: KeyValue | None = None
    below: KeyValue | None = None

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise ValueError(f"a range of {self.field} needs at least one bound")


@dataclass(frozen=True, slots=True)
class Query:
    """Indexed equality fields, optionally one range; sorted by one key field and then by id.

    `only` asks for these key fields instead of whole documents, so that large geometry stays where it is.
    """

    equal: Mapping[str, KeyValue] = field(default_factory=dict)
    within: Range | None = None
    order_by: str | None = None
    descending: bool = False
    limit: int | None = None
    only: tuple[str, ...] = ()

    def check(self, collection: Collection) -> None:
        """ValueError unless one index of the collection starts with exactly the fields asked for."""
        wanted = set(self.equal) | ({self.within.field} if self.within else set())
        last = self.within.field if self.within else None
        for index in ((), *collection.indexes):
            head = index[: len(wanted)]
            if set(head) == wanted and (last is None or head[-1] == last):
                break
        else:
            raise ValueError(f"no index of {collection.name} serves a query by {sorted(wanted)}")
        named = (*self.only, *([self.order_by] if self.order_by else []))
        if strangers := [name for name in named if name not in collection.key_fields]:
            raise ValueError(f"{strangers} are no key fields of {collection.name}")


def place_in_stream(name: str, seq: int) -> str:
    """The id of a document that was appended to the stream of this name."""
    return f"{name}/{seq:012d}"


class DocumentStore(Protocol):
    """JSON documents in collections, each with an id and an integer `version` that the store counts.

    Every acknowledged write survives the end of the process. Safe with several threads and processes.
    """

    kind: Literal["sqlite", "mongo"]

    def get(self, collection: Collection, document_id: str) -> Document:
        """The document with its `version`; MissingDocumentError."""
        ...

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        """Store if the stored version is `expected` (0: not there yet); the new version is `expected + 1`.

        Returns the document as stored. VersionConflictError when somebody was faster, DocumentTooLargeError.
        """
        ...

    def append(self, collection: Collection, document: Document, stream: str) -> int:
        """Add a document to the stream named by its field `stream`; returns its `seq`, counted from 1 without gaps.

        A reader that has seen `seq` n never sees a smaller one appear later. The document's id is `place_in_stream`; the
        newest one of a stream must not be deleted, because numbers go on from it.
        """
        ...

    def newest(self, collection: Collection, stream: str, name: str) -> int:
        """The `seq` of the newest document of the stream whose field `stream` is `name`, 0 when there is none."""
        ...

    def many(self, collection: Collection, document_ids: Sequence[str]) -> list[Document]:
        """The documents with these ids, in any order; those that are not there are left out."""
        ...

    def versions(self, collection: Collection, equal: Mapping[str, KeyValue]) -> dict[str, int]:
        """The version by id of the documents with these values of key fields, as in a query; they stay in the store."""
        ...

    def find(self, collection: Collection, query: Query) -> list[Document]:
        """The documents a query asks for; ValueError for a query without an index."""
        ...

    def delete(self, collection: Collection, document_id: str) -> None:
        """Remove a document; no error when it is gone already."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class BlobStore(Protocol):
    """Bytes by name (forward slashes between checked components), written whole or not at all."""

    def write(self, name: str, content: bytes) -> None:
        """Store under this name, replacing what was there."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes; FileNotFoundError."""
        ...


class ComputeClient(Protocol):
    """The compute service; every method raises ComputeUnreachableError or ComputeRefusedError."""

    def scheduler(self) -> str:
        """The name of its scheduler, e.g. `local`; also how to ask whether it is there."""
        ...

    def check(self) -> ServiceCheck:
        """What it tells of itself, its scheduler, its disk and its brains."""
        ...

    def submit(self, definition: JobDefinition) -> JobReport:
        """Send a job; sending the same one twice gives the first."""
        ...

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """Where these jobs stand; unknown ones are left out."""
        ...

    def progress(self, key: str, offset: int) -> JobProgress:
        """Lines of progress from `offset` on."""
        ...

    def log(self, key: str) -> JobLog:
        """The end of the log."""
        ...

    def cancel(self, key: str) -> JobReport:
        """Stop a job."""
        ...

    def result(self, key: str, path: str, most_bytes: int = LARGEST_RESULT_BYTES) -> bytes:
        """A result file; ComputeRefusedError for a larger one."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Clock(Protocol):
    """The time, in UTC."""

    def now(self) -> datetime:
        """This moment."""
        ...
