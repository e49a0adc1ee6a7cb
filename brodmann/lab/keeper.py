"""Ends a lab whatever way its block ends: `python keeper.py <mark> <folder>` waits until its input closes, then clears up.

The kernel closes the input when the lab's owner dies, however it dies. Processes of the lab are those that carry its mark
in their environment or hold a file of its folder open under Slurm's name, and all that descend from them. Standard library
only, and nothing of Brodmann: it starts fast and stays small.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LOOK_AGAIN_S = 0.02
GIVE_UP_S = 10.0


def members(mark: str, folder: Path) -> set[int]:
    """Living processes of the lab, this one and its ancestors not among them."""
    parents = dict(_parents())
    found = {pid for pid in parents if _carries(pid, mark) or _is_step_of(pid, folder)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    me: int | None = os.getpid()
    while me:
        found.discard(me)
        me = parents.get(me)
    return found


def end_all(mark: str, folder: Path) -> None:
    """KILL until nobody is left: a daemon may start a step while we look."""
    deadline = time.monotonic() + GIVE_UP_S
    while (left := members(mark, folder)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_S)


def _parents() -> Iterator[tuple[int, int]]:
    """Of every process that is not a zombie its id and its parent's."""
    for entry in os.scandir(PROC):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                text = (PROC / entry.name / "stat").read_text(errors="replace")
                state, parent = text[text.rindex(")") + 2 :].split()[:2]
                if state not in "ZXx":
                    yield int(entry.name), int(parent)


def _carries(pid: int, mark: str) -> bool:
    try:
        return mark.encode() in (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False


def _is_step_of(pid: int, folder: Path) -> bool:
    """Slurm's step daemons write their title over their environment; their log lies in the folder."""
    try:
        if not (PROC / str(pid) / "comm").read_text().startswith("slurm"):
            return False
        files = (PROC / str(pid) / "fd").iterdir()
        return any(Path(os.readlink(file)).is_relative_to(folder) for file in files)
    except OSError:
        return False


def remove_cgroups(nodes: list[str]) -> None:
    """The empty groups that Slurm's node daemons leave behind (control groups of version 1)."""
    for node in nodes:
        for top in Path("/sys/fs/cgroup").glob(f"*/slurm_{node}"):
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()


def main(mark: str, folder: Path, nodes: list[str]) -> None:
    """Wait for the end of the owner, then end the lab and remove its folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_all(mark, folder)
    remove_cgroups(nodes)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
