"""Read thousands of damaged TIFFs: each must give an image or a named error, in bounded time and memory.

    python -m benchmarks.fuzz_tiff --count 10000 --seed 1 --json benchmarks/results/fuzz_tiff.json

Every file is opened and read in a process of its own kind: one that dies, hangs or grows is counted and replaced, and
its file is kept in --keep. A case is repeated by its seed and its number alone: `--first NUMBER --count 1`.
"""

import argparse
import logging
import os
import resource
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.figures import Figure, run
from benchmarks.tiff_mutants import mutant
from core.imaging.pyramid import Pyramid, UnreadableImageError, open_pyramid

LIMIT_S = 20.0
LIMIT_MB = 1000.0
_ADDRESS_SPACE = 4 << 30  # a backstop above the limit that is measured
_WINDOW_PX = 1024


@dataclass(frozen=True, slots=True)
class Case:
    """What came of one file: `image`, `refused`, or how it failed."""

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
        if case.outcome not in ("image", "refused"):
            self.failures.append(case)


def read_all(image: Pyramid) -> None:
    """What viewers, training and ingest ask of an image: windows of every level, its own samples, a coarse tile."""
    for size in image.levels:
        width, height = min(_WINDOW_PX, size.width_px), min(_WINDOW_PX, size.height_px)
        image.read(size.level, 0, 0, width, height)
        image.read(size.level, size.width_px - width // 2, size.height_px - height // 2, width, height)
        if size.level in image.stored_levels:
            image.read_raw(size.level, 0, 0, width, height)
    image.jpeg_tile(len(image.levels) - 1, 0, 0)
    image.jpeg_tile(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every file, and how long it may take."""

    seed: int
    read: Callable[[Pyramid], None] = read_all
    limit_s: float = LIMIT_S


def run_case(path: Path, number: int, plan: Plan) -> Case:
    """Write one damaged file and read it, measuring the memory and the time of this process."""
    path.write_bytes(mutant(number, plan.seed))
    Path("/proc/self/clear_refs").write_text("5")
    started = monotonic()
    outcome, told = "image", ""
    try:
        with open_pyramid(path, 1.0) as image:
            plan.read(image)
    except UnreadableImageError as error:
        outcome, told = "refused", str(error)
        if str(path) not in told or isinstance(error.__cause__, MemoryError):
            outcome = "nameless" if str(path) not in told else "memory"
    except Exception:  # the boundary at which a fuzzer counts what the reader should have named
        outcome, told = "crash", traceback.format_exc()
    seconds = monotonic() - started
    peak_mb = _peak_mb()
    if peak_mb > LIMIT_MB:
        outcome = "memory"
    return Case(number, outcome, seconds, peak_mb, told)


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _worker(channel: Connection, numbers: range, plan: Plan, folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    path = Path(folder) / f"{os.getpid()}.tif"
    for number in numbers:
        channel.send(number)
        channel.send(run_case(path, number, plan))
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


def figures_of(tally: Tally) -> list[Figure]:
    """Counts of what must not be, and how far the worst cases went."""
    outcomes = tally.outcomes
    return [
        Figure("fuzz.files", float(outcomes.total()), "files", 10_000.0, "at least"),
        Figure("fuzz.crashes", float(outcomes["crash"] + outcomes["nameless"]), "files", 0.0),
        Figure("fuzz.hangs", float(outcomes["hang"]), "files", 0.0),
        Figure("fuzz.over_1gb", float(outcomes["memory"]), "files", 0.0),
        Figure("fuzz.read_share", outcomes["image"] / max(1, outcomes.total()), ""),
        Figure("fuzz.slowest_s", tally.slowest.seconds, "s"),
        Figure("fuzz.peak_mb", tally.largest.peak_mb, "MB", LIMIT_MB),
    ]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Read the files, tell of those that failed, and keep them."""
    tally = Tally()
    count = min(options.count, 1000) if options.quick else options.count
    for case in fuzz(range(options.first, options.first + count), Plan(options.seed), options.workers):
        tally.add(case)
        if tally.failures[-1:] == [case]:
            print(
                f"{case.number}: {case.outcome} after {case.seconds:.1f} s, {case.peak_mb:.0f} MB\n{case.told}", file=sys.stderr
            )
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{options.seed}-{case.number}.tif").write_bytes(mutant(case.number, options.seed))
    print(f"slowest {tally.slowest}\nlargest {tally.largest}")
    return figures_of(tally)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many files")
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the files that fail")
    run(measure, parser)


if __name__ == "__main__":
    main()
