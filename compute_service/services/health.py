"""Whether the compute service can do its work, and which brains it holds."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

from core.datasets import find_brains

POLLER_LOCK = ".poller.lock"


@dataclass(frozen=True, slots=True)
class HealthService:
    """Answers `/health`."""

    brains: Path
    jobs: Path
    version: str
    scheduler: str

    def report(self) -> dict[str, object]:
        """Degraded when no poller is there to move jobs on, or when a brain cannot be read."""
        folders, problems = find_brains(self.brains)
        well = poller_is_there(self.jobs) and not problems
        return {
            "status": "ok" if well else "degraded",
            "version": self.version,
            "scheduler": self.scheduler,
            "brains": {folder.brain.id: folder.fingerprint() for folder in folders},
        }


def poller_is_there(jobs: Path) -> bool:
    """Whether some process holds the poller's lock."""
    with (jobs / POLLER_LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
