"""Keep a handful of service processes running: start, restart with back-off, stop all."""

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

FIRST_RESTART_DELAY_S = 0.2
LONGEST_RESTART_DELAY_S = 10.0
# A service that ran this long is healthy again: its next restart is quick.
HEALTHY_AFTER_S = 30.0
STOP_GRACE_S = 10.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One process to keep running; its output goes to `log_file`."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    delay_s: float = FIRST_RESTART_DELAY_S
    restart_at: float | None = None


def _die_with_parent() -> None:
    """Ask the kernel to end this child when the supervisor is killed, so that no orphan keeps a port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Supervisor:
    """Starts services in order and keeps each alive until `stop`."""

    _running: dict[str, _Running] = field(default_factory=dict)

    def start(self, service: Service) -> None:
        """Start one service."""
        self._running[service.name] = _Running(service, _spawn(service), time.monotonic())

    def pids(self) -> dict[str, int]:
        """The process id of each service."""
        return {name: running.process.pid for name, running in self._running.items()}

    def tend(self) -> None:
        """Look once at every service; restart those that ended, each after its own delay."""
        now = time.monotonic()
        for running in self._running.values():
            if running.restart_at is not None:
                if now >= running.restart_at:
                    running.process, running.started_at, running.restart_at = _spawn(running.service), now, None
            elif running.process.poll() is not None:
                if now - running.started_at > HEALTHY_AFTER_S:
                    running.delay_s = FIRST_RESTART_DELAY_S
                log.warning(
                    "%s ended with code %s; starting it again (its log: %s)",
                    running.service.name,
                    running.process.returncode,
                    running.service.log_file,
                )
                running.restart_at = now + running.delay_s
                running.delay_s = min(2 * running.delay_s, LONGEST_RESTART_DELAY_S)

    def stop(self) -> None:
        """Ask every service to end, the last started first; kill what does not within the grace time."""
        processes = [running.process for running in reversed(self._running.values())]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_GRACE_S
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def _spawn(service: Service) -> subprocess.Popen[bytes]:
    with service.log_file.open("ab") as output:
        return subprocess.Popen(
            list(service.argv),
            env={**os.environ, **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops the services in order.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - called from the main thread only, before any other starts
        )
