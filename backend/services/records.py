"""What every service that changes data needs."""

from dataclasses import dataclass

from backend.ports import Clock, DocumentStore
from backend.services.changes import Changes


@dataclass(frozen=True, slots=True)
class Records:
    """The store, the time to write into it, and the stream in which a change is told."""

    store: DocumentStore
    clock: Clock
    changes: Changes
