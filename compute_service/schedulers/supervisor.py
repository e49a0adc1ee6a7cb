"""Runs one submission of the local scheduler: `python -m compute_service.schedulers.supervisor <entry file>`.

The call returns as soon as the supervisor, in a session of its own, has said in the job folder who it is. From then on it
needs nobody: it enforces the time limit, ends the whole session when asked to (TERM), and records how the command ended.
So web process and poller can die and come back at any time.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from compute_service.schedulers.local_files import TOLD_TO_STOP, Exit, LocalPaths, Process, read_entry, write
from compute_service.schedulers.processes import kill_all, mark_of, own_identity, session_members

ALREADY_RUNNING = 3
CANNOT_BE_STARTED = 127
SIGNALS = {signal.SIGTERM, signal.SIGCHLD}
LOOK_AGAIN_S = 0.05


def main(entry_file: Path) -> int:
    """Detach, and tell the caller by the exit status: 0 started, 3 another supervisor has its place."""
    entry = read_entry(entry_file)
    paths = entry.paths
    lock = os.open(paths.supervisor_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ALREADY_RUNNING
    ready, started = os.pipe()
    if os.fork() > 0:
        # This process only reports; the lock lives on in the child.
        os.close(started)
        return 0 if os.read(ready, 1) else 1
    os.close(ready)
    os.setsid()
    _redirect(paths.log)
    supervise(entry_file, paths, started)
    return 0


def supervise(entry_file: Path, paths: LocalPaths, started: int) -> None:
    """Run the command to its end, or end it; leave `exit.json`."""
    entry = read_entry(entry_file)
    # Blocked, and fetched in `_wait`: so no signal can come at a wrong moment.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    me = own_identity()
    write(paths.process, Process(queue_id=entry.queue_id, pid=me.pid, start_ticks=me.start_ticks, boot_id=me.boot_id))
    os.write(started, b"1")
    os.close(started)
    if not entry_file.exists() or read_entry(entry_file).cancelled:  # Cancelled while this process was starting.
        return
    try:
        command = subprocess.Popen(
            entry.argv,
            cwd=paths.folder,
            env=os.environ | mark_of(me),
            stdin=subprocess.DEVNULL,
            # The mask would be inherited; this process has one thread, so running Python before exec is safe.
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),  # noqa: PLW1509
        )
    except OSError as error:
        reason = f"its command cannot be started ({error})"
        write(paths.exit, Exit(queue_id=entry.queue_id, code=CANNOT_BE_STARTED, reason=reason))
        return
    reason = _wait(command, entry.time_limit_s)
    if reason:
        os.killpg(0, signal.SIGTERM)  # This process is among them; the signal is blocked here.
        _wait_for_end(command, entry.stop_grace_s)
    _sweep()
    code = command.wait()
    write(paths.exit, Exit(queue_id=entry.queue_id, code=code, reason=reason))


def _wait(command: "subprocess.Popen[bytes]", time_limit_s: float) -> str:
    """Until the command ends (no reason), is to be stopped, or its time is over."""
    deadline = time.monotonic() + time_limit_s
    while command.poll() is None:
        received = signal.sigtimedwait(SIGNALS, max(0.0, deadline - time.monotonic()))
        if received is None:
            return f"it reached its time limit of {time_limit_s:.0f} s"
        if received.si_signo == signal.SIGTERM:
            return TOLD_TO_STOP
    return ""


def _wait_for_end(command: "subprocess.Popen[bytes]", grace_s: float) -> None:
    deadline = time.monotonic() + grace_s
    while command.poll() is None and time.monotonic() < deadline:
        signal.sigtimedwait({signal.SIGCHLD}, max(0.0, deadline - time.monotonic()))


def _sweep() -> None:
    """KILL whatever is left of the session, until nothing is."""
    me = own_identity()
    while rest := [pid for pid in session_members(me) if pid != me.pid]:
        kill_all(rest)
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_AGAIN_S)


def _redirect(log: Path) -> None:
    """Nothing may hold on to the caller's streams; what is printed goes to the job's log."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
