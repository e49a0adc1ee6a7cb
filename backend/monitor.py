"""The monitor process: `python -m backend.monitor` sends waiting jobs, stores what becomes of them, fetches results.

At its start and every hour it also removes what nobody can ask for any more: ended sessions and old changes.
"""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable

from backend.domain.errors import BackendError, ComputeUnreachableError, StoreUnavailableError
from backend.settings import SettingsError, from_environment
from backend.wiring import Services, build

LOG = logging.getLogger("backend.monitor")
PAUSE_S = 1.0
TIDY_EVERY_S = 3600.0


def run_once(services: Services) -> tuple[str, ...]:
    """One round; what stood in its way, in words."""
    return _done(
        services.task_jobs.make_missing,
        services.dispatch.send_waiting,
        services.dispatch.watch,
        services.fetching.fetch_ready,
    )


def tidy(services: Services) -> tuple[str, ...]:
    """Remove what nobody can ask for any more; what stood in the way, in words."""
    return _done(services.sessions.forget_expired, services.changes.forget_old)


def _done(*steps: Callable[[], None]) -> tuple[str, ...]:
    """Take these steps; what stood in their way, in words."""
    problems: list[str] = []
    for step in steps:
        try:
            step()
        except ComputeUnreachableError as error:
            return (error.message,)
        except BackendError as error:
            problems.append(error.message)
        except Exception:  # the process boundary: one bad document must not stop the jobs of everybody else
            LOG.exception("%s failed; it is tried again in the next round", step.__qualname__)
    return tuple(problems)


def run(services: Services, stop: threading.Event, pause_s: float = PAUSE_S) -> None:
    """Rounds until told to stop; says once when something comes into the way and once when it is gone."""
    before: tuple[str, ...] = ()
    tidied = float("-inf")
    while not stop.is_set():
        problems = run_once(services)
        if time.monotonic() - tidied > TIDY_EVERY_S:
            problems += tidy(services)
            tidied = time.monotonic()
        if problems != before:
            LOG.warning("%s", " ".join(problems) or "all is well again")
            before = problems
        stop.wait(pause_s)


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s monitor %(levelname)s %(message)s")
    try:
        services = build(from_environment())
    except (SettingsError, StoreUnavailableError) as error:
        LOG.error("%s", error)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    LOG.info("watching jobs")
    run(services, stop)
    services.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
