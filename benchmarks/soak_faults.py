"""What may happen to an installation, one thing at a time: each is done to a site, and undone."""

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from backend.domain.errors import BackendError
from backend.wiring import DATABASE_FILE
from benchmarks.soak_site import Site
from core.contracts.jobs import JobReport

NODES = ("n1", "n2")
PATIENCE_S = 20.0
LOOK_S = 0.02


@dataclass
class Moment:
    """Where a fault strikes: a site, jobs under way, and chance."""

    site: Site
    chance: random.Random
    keys: list[str]
    """Of the jobs under way; the first is one of several processes where the fault wants one."""

    def wait(self, least_s: float, most_s: float) -> None:
        """Some time in between: the moment is the fault's, not something to wait for."""
        time.sleep(self.chance.uniform(least_s, most_s))

    def a_run(self) -> int | None:
        """The process id of some run of a job under way; None where all have ended before one was seen."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for key in self.keys:
                if runners := self.site.runners(key):
                    return self.chance.choice(runners)
            if all(report.state.ended for report in self.reports()):
                return None
            time.sleep(LOOK_S)
        return None

    def reports(self) -> list[JobReport]:
        """Of the jobs under way."""
        return list(self.site.services.compute.reports(self.keys))


def tunnel_cut(at: Moment) -> None:
    """Every session is killed."""
    at.site.sshd.stop_sessions()


def tunnel_silent(at: Moment) -> None:
    """The sessions stand still for a while, as a peer does that fell silent."""
    at.site.sshd.freeze_sessions()
    at.wait(1, 5)
    at.site.sshd.thaw_sessions()


def sshd_gone(at: Moment) -> None:
    """Nobody listens, and every session is killed."""
    at.site.sshd.stop()
    at.site.sshd.stop_sessions()
    at.wait(0.2, 2)
    at.site.sshd.up()


def process_ended(name: str, number: signal.Signals, at: Moment) -> None:
    """One of ours ends, and is started again."""
    at.site.kill(name, number)
    at.wait(0.1, 1.5)
    at.site.start(name)


def process_stands_still(name: str, at: Moment) -> None:
    """One of ours does nothing for a while."""
    at.site.send(name, signal.SIGSTOP)
    at.wait(0.5, 3)
    at.site.send(name, signal.SIGCONT)


def daemon_ended(names: tuple[str, ...], number: signal.Signals, at: Moment) -> None:
    """One of Slurm's ends, and is started again."""
    name = at.chance.choice(names)
    at.site.slurm.stop(name, number)
    at.wait(0.1, 2.5)
    at.site.slurm.start(name)
    at.site.slurm.await_nodes()


def controller_killed_at_submission(at: Moment) -> None:
    """Within a second: it has not written down yet what it took."""
    ledger = at.site.jobs / at.keys[-1] / "slurm.json"
    deadline = time.monotonic() + PATIENCE_S
    while not ledger.exists() and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    at.wait(0, 1)
    daemon_ended(("slurmctld",), signal.SIGKILL, at)


def run_hurt(number: signal.Signals, at: Moment) -> None:
    """A process of a job gets a signal."""
    if (pid := at.a_run()) is None:
        return
    at.wait(0, 0.5)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        if number is signal.SIGSTOP:
            at.wait(0.5, 2)
            os.kill(pid, signal.SIGCONT)


def database_held(at: Moment) -> None:
    """Somebody else writes into the database file for a while."""
    connection = sqlite3.connect(at.site.folder / "store" / DATABASE_FILE, timeout=PATIENCE_S, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        at.wait(0.5, 4)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def disk_full(at: Moment) -> None:
    """The jobs' disk has no room for a while."""
    if not at.site.has_own_disk:
        return
    try:
        at.site.resize_disk(0)
        at.wait(0.5, 3)
    finally:
        at.site.resize_disk(None)


def clock_jumps(sense: int, at: Moment) -> None:
    """The poller's clock is set wrong, and right again later."""
    at.site.clock.write_text(str(sense * at.chance.choice((60, 3600, 86_400))))
    at.wait(0.5, 2.5)
    at.site.clock.write_text("0")


def sent_twice(at: Moment) -> None:
    """Two backends send the same job at once, again and again."""
    definition = at.site.check_job(1)
    at.keys.append(definition.key)

    def send() -> None:
        for _ in range(5):
            with contextlib.suppress(BackendError):
                at.site.services.compute.submit(definition)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def cancelled(at: Moment) -> None:
    """At any moment, also as the job ends; the first job under way."""
    at.wait(0, 2.5)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(BackendError):
            at.site.services.compute.cancel(at.keys[0])
            return


def fetched_twice(at: Moment) -> None:
    """Two monitors work at once, and one of them ends in the middle."""
    at.site.start("monitor", "second monitor")
    at.wait(2, 4)
    at.site.kill("second monitor", at.chance.choice((signal.SIGTERM, signal.SIGKILL)))


def result_hurt(mode: str, at: Moment) -> None:
    """A result is cut or altered on its way."""
    wire = at.site.wire
    before, deadline = wire.hurt, time.monotonic() + 6
    wire.mode = mode  # type: ignore[assignment]
    while wire.hurt == before and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    wire.mode = "well"


FAULTS: dict[str, Callable[[Moment], None]] = {
    "tunnel cut": tunnel_cut,
    "tunnel silent": tunnel_silent,
    "sshd gone": sshd_gone,
    "compute service killed": partial(process_ended, "web", signal.SIGKILL),
    "compute service stands still": partial(process_stands_still, "web"),
    "poller killed": partial(process_ended, "poller", signal.SIGKILL),
    "poller ended": partial(process_ended, "poller", signal.SIGTERM),
    "poller stands still": partial(process_stands_still, "poller"),
    "monitor killed": partial(process_ended, "monitor", signal.SIGKILL),
    "monitor stands still": partial(process_stands_still, "monitor"),
    "backend killed": partial(process_ended, "backend", signal.SIGKILL),
    "slurmctld ended": partial(daemon_ended, ("slurmctld",), signal.SIGTERM),
    "slurmctld killed": partial(daemon_ended, ("slurmctld",), signal.SIGKILL),
    "slurmctld killed at a submission": controller_killed_at_submission,
    "slurmd killed": partial(daemon_ended, NODES, signal.SIGKILL),
    "slurmd ended": partial(daemon_ended, NODES, signal.SIGTERM),
    "munged killed": partial(daemon_ended, ("munged",), signal.SIGKILL),
    "a run killed": partial(run_hurt, signal.SIGKILL),
    "a run told to stop": partial(run_hurt, signal.SIGTERM),
    "a run stands still": partial(run_hurt, signal.SIGSTOP),
    "one rank killed": partial(run_hurt, signal.SIGKILL),
    "database held": database_held,
    "disk full": disk_full,
    "clock forward": partial(clock_jumps, 1),
    "clock back": partial(clock_jumps, -1),
    "sent twice": sent_twice,
    "cancelled": cancelled,
    "fetched twice": fetched_twice,
    "result cut": partial(result_hurt, "cut"),
    "result altered": partial(result_hurt, "alter"),
}
SEVERAL_PROCESSES = ("one rank killed", "slurmctld killed", "cancelled", "a run stands still", "slurmd killed")
"""Faults that strike beside a job of several processes."""
TOLD_FAILURES = {"disk full": ("space", "full", "cannot write")}
"""Faults that may end a job as failed, and words of which its reason must then hold one."""
