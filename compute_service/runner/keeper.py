"""A parent beside each of several processes of a job, which lives on when that one is killed and says which one it was.

A launcher ends all processes as soon as one was killed, and which was the first it cannot always tell. So each of them runs
as the child of a keeper, forked before anything is loaded: the child has all that the launcher gave. The keeper ends as its
child did, after it has left the word; only then does the launcher learn of it.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from compute_service.ports import JobPaths
from compute_service.services.files import write_first

Tell = Callable[[str], None]
_PR_SET_PDEATHSIG = 1
_LONGEST_NAME = 1000
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


def kept(folder: Path, run: Callable[[Tell], int]) -> int:
    """The exit status of `run` in a child; it is to tell its name as soon as it knows it.

    A child that is killed is named in the job's folder, and this process ends by the same signal.
    """
    heard, told = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # Waited for one by one: none falls between two calls.
    child = os.fork()
    if child == 0:
        os.close(heard)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # Its launcher may end the keeper alone.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return run(lambda name: _tell(told, name))
    os.close(told)
    code = _end_of(child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if code < 0:
        _leave(folder, os.read(heard, _LONGEST_NAME).decode(), signal.Signals(-code))
        _end_by(-code)
    return code


def _end_of(child: int) -> int:
    """How the child ended, below zero by a signal; words to stop are passed on to it meanwhile."""
    while True:
        number = signal.sigwait(_HEARD)
        if number != signal.SIGCHLD:
            os.kill(child, number)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)


def _tell(told: int, name: str) -> None:
    os.write(told, name.encode()[:_LONGEST_NAME])


def _leave(folder: Path, name: str, how: signal.Signals) -> None:
    words = f"{name or 'a process that had just begun'} was killed by signal {how.name}"
    sys.stderr.write(f"brodmann: {words}\n")
    sys.stderr.flush()
    write_first(JobPaths(folder).lost, words)


def _end_by(number: int) -> None:
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
