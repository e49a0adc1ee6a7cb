"""Memory of work in processes of its own, looked at from outside: the work itself is not slowed or changed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class Peak:
    """What a piece of work took. Proportional sizes count a page that n processes share as 1/n in each."""

    resident_mb: float
    proportional_mb: float
    wall_s: float


def peak_of(work: Callable[..., None], *args: object) -> Peak:
    """Run `work(*args)` in a fresh process; the greatest sums over it and all its descendants. RuntimeError when it fails."""
    process = get_context("spawn").Process(target=work, args=args)
    started = time.monotonic()
    process.start()
    resident = proportional = 0.0
    while process.is_alive():
        sizes = [sizes_mb(pid) for pid in tree(process.pid or 0)]
        resident = max(resident, sum(size[0] for size in sizes))
        proportional = max(proportional, sum(size[1] for size in sizes))
        process.join(INTERVAL_S)
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} ended with {process.exitcode}")
    return Peak(resident, proportional, time.monotonic() - started)


def tree(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    try:
        children = [int(each) for file in Path(f"/proc/{pid}/task").glob("*/children") for each in file.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return  # it has just ended
    for child in children:
        yield from tree(child)


def sizes_mb(pid: int) -> tuple[float, float]:
    """Resident and proportional set size; zero for a process that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kb.get("Rss", 0) / 1e3, kb.get("Pss", 0) / 1e3
