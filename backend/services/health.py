"""Whether the backend and what it needs are there."""

import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import get_args

from backend.domain.errors import BackendError, ComputeRefusedError, ComputeUnreachableError
from backend.domain.hops import first_failing, reason, refused_hop
from backend.ports import ComputeClient, DocumentStore
from core.contracts.api import Health
from core.contracts.cluster import Hop

BELIEVED_S = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was found on the way to a running job."""

    reachable: bool
    hop: Hop | None = None


class HealthCheck:
    """Asks the compute service at most every three seconds, because anybody may ask for the health."""

    def __init__(self, store: DocumentStore, compute: ComputeClient) -> None:
        self._store = store
        self._compute = compute
        self._asking = threading.Lock()
        self._asked_at = 0.0
        self._found: Found | None = None

    def read(self) -> Health:
        """The health now."""
        found = self._believed()
        return Health(
            status="ok" if found.hop is None else "degraded",
            version=version("brodmann"),
            compute="reachable" if found.reachable else "unreachable",
            compute_hop=found.hop,
            compute_reason="" if found.hop is None else reason(found.hop),
            store=self._store.kind,
        )

    def _believed(self) -> Found:
        """What was found lately. While one asks, which may take long, the others are told what was found before."""
        found = self._found
        if found is not None and (self._is_fresh() or not self._asking.acquire(blocking=False)):
            return found
        if found is None:
            self._asking.acquire()
        try:
            if self._found is None or not self._is_fresh():
                self._found, self._asked_at = self._ask(), time.monotonic()
            return self._found
        finally:
            self._asking.release()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._asked_at < BELIEVED_S

    def _ask(self) -> Found:
        try:
            failing = first_failing(self._compute.check(), version("brodmann"))
        except ComputeUnreachableError as error:
            hop = error.details.get("hop")
            return Found(reachable=False, hop=next((known for known in get_args(Hop) if known == hop), "service"))
        except ComputeRefusedError as error:
            return Found(reachable=False, hop=refused_hop(error.details.get("status")))
        except BackendError:
            return Found(reachable=False, hop="service")
        return Found(reachable=True, hop=None if failing is None else failing.hop)
