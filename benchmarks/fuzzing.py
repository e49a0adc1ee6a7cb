"""Reads thousands of damaged files in processes of their own: one that dies, hangs or grows is counted and replaced."""

import argparse
import logging
import os
import resource
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic, process_time
from typing import Any, Protocol

from benchmarks.figures import Figure

LIMIT_S = 20.0
LIMIT_MB = 1000.0
FAILURES = ("crash", "nameless", "memory", "hang")
_ADDRESS_SPACE = 4 << 30  # a backstop above the limit that is measured


class Plan(Protocol):
    """What is done with every file, and how long it may take; travels to the processes."""

    @property
    def limit_s(self) -> float:
        """Seconds for one file."""
        ...

    def case(self, path: Path, number: int) -> "Case":
        """Write the file of this number there and read it."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """What came of one file: what it gave, `refused`, or how it failed."""

    number: int
    outcome: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    told: str = ""


@dataclass(slots=True)
class Tally:
    """All cases, counted."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: Case = field(default_factory=lambda: Case(-1, ""))
    largest: Case = field(default_factory=lambda: Case(-1, ""))
    failures: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        """One more case."""
        self.outcomes[case.outcome] += 1
        self.slowest = max(self.slowest, case, key=lambda each: each.seconds)
        self.largest = max(self.largest, case, key=lambda each: each.peak_mb)
        if case.outcome in FAILURES:
            self.failures.append(case)


def measured(number: int, read: Callable[[], tuple[str, str]]) -> Case:
    """What `read` gave (an outcome and what it told), with the memory and the processor's time of this process."""
    Path("/proc/self/clear_refs").write_text("5")
    started = process_time()
    try:
        outcome, told = read()
    except Exception:  # the boundary at which a fuzzer counts what the reader should have named
        outcome, told = "crash", traceback.format_exc()
    seconds, peak_mb = process_time() - started, _peak_mb()
    return Case(number, "memory" if peak_mb > LIMIT_MB else outcome, seconds, peak_mb, told)


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _worker(channel: Connection, numbers: range, plan: Plan, folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    path = Path(folder) / str(os.getpid())
    for number in numbers:
        channel.send(number)
        channel.send(plan.case(path, number))
    path.unlink(missing_ok=True)
    channel.close()


class _Lane:
    """A process that works through a range of cases, and is replaced when it dies or hangs."""

    def __init__(self, numbers: range, plan: Plan, folder: str) -> None:
        self._plan, self._folder = plan, folder
        self._begin(numbers)

    def _begin(self, numbers: range) -> None:
        context = get_context("spawn")
        self.channel, theirs = context.Pipe()
        self._process = context.Process(target=_worker, args=(theirs, numbers, self._plan, self._folder), daemon=True)
        self._process.start()
        theirs.close()
        self._left, self._current, self._since = numbers, -1, monotonic()

    def next_case(self) -> Case | None:
        """What the process has to say: a finished case, the one it died of, or None when it began or ended."""
        try:
            message = self.channel.recv()
        except EOFError:
            self._process.join()
            if self._process.exitcode == 0 or not self._left:
                self._left = range(0)
                return None
            return self._replaced(Case(self._current, "crash", told=f"the process ended with {self._process.exitcode}"))
        self._since = monotonic()
        if isinstance(message, int):
            self._current = message
            return None
        self._left = range(message.number + 1, self._left.stop)
        return message if isinstance(message, Case) else None

    def overdue(self) -> Case | None:
        """The case that takes too long, after its process was ended."""
        if self.done or self._current < 0 or monotonic() - self._since < self._plan.limit_s:
            return None
        self._process.kill()
        self._process.join()
        return self._replaced(Case(self._current, "hang", monotonic() - self._since))

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.channel.close()

    @property
    def done(self) -> bool:
        """Whether all cases are done."""
        return not self._left

    def _replaced(self, case: Case) -> Case:
        self.channel.close()
        left = range(max(case.number + 1, self._left.start), self._left.stop)
        if left:
            self._begin(left)
        else:
            self._left = left
        return case


def fuzz(numbers: range, plan: Plan, workers: int = 2) -> Iterator[Case]:
    """Every case of the range, in the order in which they end."""
    with tempfile.TemporaryDirectory() as folder:
        cuts = [numbers.start + len(numbers) * part // workers for part in range(workers + 1)]
        lanes = [_Lane(range(*ends), plan, folder) for ends in pairwise(cuts) if ends[0] < ends[1]]
        try:
            while running := [lane for lane in lanes if not lane.done]:
                ready: list[Any] = wait([lane.channel for lane in running], timeout=0.2)
                for lane in running:
                    case = lane.next_case() if lane.channel in ready else lane.overdue()
                    if case is not None:
                        yield case
        finally:  # whoever looks no further leaves no process behind that writes into the folder
            for lane in lanes:
                lane.stop()


def figures_of(tally: Tally, name: str) -> list[Figure]:
    """Counts of what must not be, and how far the worst cases went."""
    outcomes = tally.outcomes
    return [
        Figure(f"{name}.files", float(outcomes.total()), "files", 10_000.0, "at least"),
        Figure(f"{name}.crashes", float(outcomes["crash"] + outcomes["nameless"]), "files", 0.0),
        Figure(f"{name}.hangs", float(outcomes["hang"]), "files", 0.0),
        Figure(f"{name}.over_1gb", float(outcomes["memory"]), "files", 0.0),
        Figure(f"{name}.read_share", 1 - outcomes["refused"] / max(1, outcomes.total()), ""),
        Figure(f"{name}.slowest_s", tally.slowest.seconds, "s"),
        Figure(f"{name}.peak_mb", tally.largest.peak_mb, "MB", LIMIT_MB),
    ]


def tally_of(options: argparse.Namespace, plan: Plan, made: Callable[[int], bytes]) -> Tally:
    """Read the files of the options, tell of those that failed, and keep them."""
    tally = Tally()
    count = min(options.count, 1000) if options.quick else options.count
    for case in fuzz(range(options.first, options.first + count), plan, options.workers):
        tally.add(case)
        if case.outcome in FAILURES:
            words = f"{case.number}: {case.outcome} after {case.seconds:.1f} s, {case.peak_mb:.0f} MB"
            print(f"{words}\n{case.told}", file=sys.stderr)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{options.seed}-{case.number}").write_bytes(made(case.number))
    print(f"slowest {tally.slowest}\nlargest {tally.largest}\n{dict(tally.outcomes)}")
    return tally


def options_of(description: str | None) -> argparse.ArgumentParser:
    """The options of a fuzzer."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many files")
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the files that fail")
    return parser
