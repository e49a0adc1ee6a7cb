"""Whether the backend and what it needs are there."""

import threading
import time
from importlib.metadata import version

from backend.domain.errors import BackendError
from backend.ports import ComputeClient, DocumentStore
from core.contracts.api import Health

BELIEVED_S = 3.0


class HealthCheck:
    """Asks the compute service at most every three seconds, because anybody may ask for the health."""

    def __init__(self, store: DocumentStore, compute: ComputeClient) -> None:
        self._store = store
        self._compute = compute
        self._lock = threading.Lock()
        self._asked_at = -BELIEVED_S
        self._reachable = False

    def read(self) -> Health:
        """The health now."""
        with self._lock:
            if time.monotonic() - self._asked_at >= BELIEVED_S:
                self._reachable = self._ask()
                self._asked_at = time.monotonic()
            reachable = self._reachable
        return Health(
            status="ok" if reachable else "degraded",
            version=version("brodmann"),
            compute="reachable" if reachable else "unreachable",
            store=self._store.kind,
        )

    def _ask(self) -> bool:
        try:
            self._compute.scheduler()
        except BackendError:
            return False
        return True
