"""Processes as Linux tells them in /proc: identities that survive pid reuse, and all that belong to a job.

`kill(pid, 0)` is not asked: it is true for zombies and for strangers who were given the same number.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
DEAD_STATES = ("Z", "X", "x")
MARK = "SUPERVISOR_OF_JOB"
"""In the environment of everything that a supervisor starts: MPI's launcher gives each rank a session of its own."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for good: no other ever has the same three values."""

    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    state: str
    session: int
    start_ticks: int


def own_identity() -> Identity:
    """The identity of this process."""
    stat = _stat(os.getpid())
    if stat is None:
        raise OSError("/proc does not show this process; the local scheduler needs Linux with /proc")
    return Identity(stat.pid, stat.start_ticks, _boot_id())


def is_alive(identity: Identity) -> bool:
    """Whether the very process still runs; a zombie does not."""
    stat = _stat(identity.pid)
    return stat is not None and _is(stat, identity) and stat.state not in DEAD_STATES


def mark_of(leader: Identity) -> dict[str, str]:
    """What the processes that this one starts are to have in their environment."""
    return {MARK: f"{leader.pid}.{leader.start_ticks}.{leader.boot_id}"}


def session_members(leader: Identity) -> list[int]:
    """Living processes of the session that this process leads or led, itself among them, and those that left the session."""
    if leader.boot_id != _boot_id():
        return []
    at_number = _stat(leader.pid)
    # Where the number went to another process the session is empty: the kernel waits for that.
    session = leader.pid if at_number is None or _is(at_number, leader) else None
    mark = "=".join(*mark_of(leader).items()).encode()
    return [
        stat.pid
        for stat in _all_stats()
        if stat.start_ticks >= leader.start_ticks
        and stat.state not in DEAD_STATES
        and (stat.session == session or mark in _environment(stat.pid))
    ]


def kill_all(pids: list[int]) -> None:
    """KILL each; those that are gone already are fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _is(stat: _Stat, identity: Identity) -> bool:
    return stat.start_ticks == identity.start_ticks and _boot_id() == identity.boot_id


def _all_stats() -> Iterator[_Stat]:
    for entry in os.scandir(PROC):
        if entry.name.isdecimal():
            stat = _stat(int(entry.name))
            if stat is not None:
                yield stat


def _stat(pid: int) -> _Stat | None:
    """None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may hold anything, parentheses too: read on after the last one.
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(pid=pid, state=fields[0], session=int(fields[3]), start_ticks=int(fields[19]))


def _environment(pid: int) -> list[bytes]:
    """What a process was started with; nothing of one that is gone or another user's."""
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def _boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
