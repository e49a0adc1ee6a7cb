"""The process that keeps jobs moving: `python -m compute_service.poller`. Any number may run; one works, others stand by."""

import fcntl
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from types import FrameType

from compute_service.ports import SchedulerUnavailableError
from compute_service.services.check import SCHEDULER_NOTE
from compute_service.services.files import write_atomically
from compute_service.services.health import POLLER_LOCK
from compute_service.services.reconcile import Reconciler
from compute_service.settings import Settings, SettingsError
from compute_service.wiring import build_reconciler

log = logging.getLogger("compute_service.poller")

STAND_BY_LOOK_S = 1.0


def poll(reconciler: Reconciler, interval_s: float, stop: Event, note: Path) -> None:
    """Look at the jobs again and again until told to stop; jobs that run go on without us.

    While the scheduler does not answer, `note` holds its reason.
    """
    while not stop.is_set():
        try:
            reconciler.look()
            note.unlink(missing_ok=True)
        except SchedulerUnavailableError as error:
            log.warning("the scheduler does not answer: %s", error)
            with suppress(OSError):  # a full disk is told by itself
                write_atomically(note, str(error))
        except Exception:  # The process boundary: one bad look must not end the looking.
            log.exception("a look at the jobs failed; the next one follows")
        stop.wait(interval_s)


@contextmanager
def alone(jobs: Path, stop: Event) -> Iterator[None]:
    """Held by one poller for each jobs folder; the kernel frees it when that one dies, however it dies."""
    with (jobs / POLLER_LOCK).open("a") as file:
        while not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(STAND_BY_LOOK_S)
        yield


def main() -> None:
    """Run until TERM or INT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    stop = Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    with alone(settings.jobs, stop):
        log.info("looking at the jobs in %s every %g s", settings.jobs, settings.poll_interval_s)
        poll(build_reconciler(settings), settings.poll_interval_s, stop, settings.jobs / SCHEDULER_NOTE)


if __name__ == "__main__":
    main()
