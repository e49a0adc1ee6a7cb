"""Random faults under load, one after the other: no job lost, none run twice, each in the state that is true.

Everything is real (`soak_site`). After each fault all jobs under way must come to their end: succeeded with whole results that
the backend has and has published, cancelled where somebody wished it, or failed with the fault's name where the fault allows
no better. The seed says which faults and when; what the machine does in between is not repeated.
Example: python -m benchmarks.soak --quick --json figures.json
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.domain.errors import BackendError
from benchmarks.figures import Figure, run
from benchmarks.soak_faults import FAULTS, SEVERAL_PROCESSES, TOLD_FAILURES, Moment
from benchmarks.soak_site import BRAINS, SECTIONS, Site
from brodmann.lab.slurm import LabError
from core.contracts.jobs import JobReport, JobState, ResultState

FAULTS_FULL, FAULTS_QUICK, QUICK_S, FULL_MIN = 200, 15, 45.0, 19.5
SETTLE_S, GONE_S, STAFF_S = 60.0, 10.0, 3.0
LOOK_S = 0.1


@dataclass
class Found:
    """What came of a soak."""

    faults: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong_state: list[str] = field(default_factory=list)
    settle_s: list[float] = field(default_factory=list)


@dataclass
class Round:
    """One fault among jobs."""

    site: Site
    fault: str
    places: dict[str, tuple[str, int]]
    """Of the jobs that came through the backend brain and section, by key."""
    direct: list[str]

    @property
    def keys(self) -> list[str]:
        """Of all jobs."""
        return [*self.direct, *self.places]

    def settled(self) -> bool:
        """Whether every job has ended, and the backend is through with its own."""
        try:
            reports = self.site.services.compute.reports(self.keys)
            shown = [self.site.shown(brain, key) for key, (brain, _) in self.places.items()]
        except BackendError:
            return False
        over = all(one is not None and one[0] == "done" for one in shown)
        return over and len(reports) == len(self.keys) and all(report.state.ended for report in reports)

    def judge(self, found: Found) -> None:
        """Add what is wrong with the jobs."""
        reports = {report.key: report for report in self.site.services.compute.reports(self.keys)}
        for key in self.keys:
            report = reports.get(key)
            if report is None or not report.state.ended:
                found.lost.append(f"{self.fault}: {key} {report and (report.state.value, report.reason, report.attempts)}")
                continue
            found.wrong_state += [f"{self.fault}: {key} {wrong}" for wrong in self._wrong(key, report)]
            if any((self.site.folder / "marks").glob(f"{key}.*.doubled")) or not self._gone(key):
                found.doubled.append(f"{self.fault}: {key}")

    def _wrong(self, key: str, report: JobReport) -> Iterable[str]:
        state = report.state
        if state is JobState.CANCELLED and not (self.fault == "cancelled" and key == self.keys[0]):
            yield f"cancelled by nobody: {report.reason}"
        told = TOLD_FAILURES.get(self.fault, ())
        if state is JobState.FAILED and not any(word in report.reason for word in told):
            yield f"failed: {report.reason}"
        if state is JobState.SUCCEEDED and report.result_state is not ResultState.READY:
            yield f"succeeded, results {report.result_state}"
        if key not in self.places:
            return
        brain, section = self.places[key]
        shown = self.site.shown(brain, key)
        if shown is None or shown[0] != "done":
            yield f"the backend stays behind: {shown and (shown[0], shown[1].state.value, shown[1].reason)}"
        elif shown[1].state is not state or (state is JobState.SUCCEEDED and shown[1].result_state is not ResultState.READY):
            yield f"{state}, and the page says {shown[1].state} ({shown[1].result_state}): {shown[1].reason}"
        elif state is JobState.SUCCEEDED and not _is_published(self.site, brain, section):
            yield "succeeded, and nothing is published"

    def _gone(self, key: str) -> bool:
        deadline = time.monotonic() + GONE_S
        while self.site.runners(key):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True


def begun(site: Site, fault: str, number: int) -> Round:
    """Jobs under way: two through the page, and one of several processes where the fault wants it."""
    places = {}
    for turn in (2 * number, 2 * number + 1):
        brain, section = BRAINS[turn % len(BRAINS)], SECTIONS[turn // len(BRAINS) % len(SECTIONS)]
        _forget(site, brain, section)
        places[site.tissue(brain, section)] = brain, section
    direct = []
    if fault in SEVERAL_PROCESSES:
        definition = site.check_job()
        site.services.compute.submit(definition)
        direct.append(definition.key)
    return Round(site, fault, places, direct)


def strike(site: Site, fault: str, number: int, chance: random.Random, found: Found) -> None:
    """One fault at a random moment in the life of some jobs, and what came of them."""
    this = begun(site, fault, number)
    keys = this.keys
    time.sleep(chance.uniform(0, 2))
    FAULTS[fault](Moment(site, chance, keys))
    this.direct += [key for key in keys if key not in this.keys]
    found.settle_s.append(settle(this))
    found.faults[fault] += 1
    found.jobs += len(this.keys)
    this.judge(found)


def settle(this: Round) -> float:
    """Wait for the end of its jobs, with patience; how long that took.

    Nodes that Slurm drained, as it does when a killed controller gave a number out twice, are put back as the staff would.
    """
    started = staff_at = time.monotonic()
    while not this.settled() and time.monotonic() - started < SETTLE_S:
        if time.monotonic() - staff_at > STAFF_S:
            with suppress(LabError):
                this.site.slurm.await_nodes()
            staff_at = time.monotonic()
        time.sleep(LOOK_S)
    return time.monotonic() - started


def soak(folder: Path, faults: Sequence[str], seed: int, limit_s: float) -> Found:
    """These faults in this order on a site of its own, as many as there is time for."""
    found, chance, started = Found(), random.Random(seed), time.monotonic()
    with Site(folder) as site:
        for number, fault in enumerate(faults):
            if time.monotonic() - started > limit_s:
                break
            strike(site, fault, number, chance, found)
            bad = [*found.lost, *found.doubled, *found.wrong_state]
            told = f"{number + 1:4} {time.monotonic() - started:6.0f} s  {fault:<34} settled in {found.settle_s[-1]:4.1f} s"
            print(told, *bad[-1:] if bad and bad[-1].startswith(fault) else (), file=sys.stderr, flush=True)
    return found


def drawn(count: int, seed: int) -> list[str]:
    """So many faults at random, every kind about equally often: shuffled decks."""
    chance = random.Random(seed)
    deck: list[str] = []
    while len(deck) < count:
        deck += chance.sample(list(FAULTS), len(FAULTS))
    return deck[:count]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All of them, and the figures."""
    count = options.faults or (FAULTS_QUICK if options.quick else FAULTS_FULL)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak") as name:
        faults = options.only or drawn(count, options.seed)
        found = soak(Path(name) / "s", faults, options.seed, QUICK_S if options.quick else 60 * options.minutes)
    for what in ("lost", "doubled", "wrong_state"):
        for line in getattr(found, what):
            print(f"{what}: {line}", file=sys.stderr)
    goal = None if options.quick or options.only else float(FAULTS_FULL)
    return [
        Figure("soak.faults", sum(found.faults.values()), "", goal, "at least"),
        Figure("soak.kinds", len(found.faults), ""),
        Figure("soak.jobs", found.jobs, ""),
        Figure("soak.lost", len(found.lost), "", 0),
        Figure("soak.doubled", len(found.doubled), "", 0),
        Figure("soak.wrong_state", len(found.wrong_state), "", 0),
        Figure("soak.minutes", (time.monotonic() - started) / 60, "min", 20.0),
        Figure("soak.settle_median_s", sorted(found.settle_s)[len(found.settle_s) // 2], "s"),
        Figure("soak.settle_longest_s", max(found.settle_s), "s"),
        Figure("soak.seed", options.seed, ""),
        Figure("soak.load", os.getloadavg()[0], ""),
    ]


def _forget(site: Site, brain: str, section: int) -> None:
    for path in _published(site, brain, section):
        path.unlink()


def _is_published(site: Site, brain: str, section: int) -> bool:
    return bool(_published(site, brain, section))


def _published(site: Site, brain: str, section: int) -> list[Path]:
    return list((site.folder / "brains" / brain / "tissue").glob(f"*{section}*"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, help=f"how many; {FAULTS_FULL} by default, {FAULTS_QUICK} with --quick")
    parser.add_argument("--minutes", type=float, default=FULL_MIN, help="no fault begins later, without --quick")
    parser.add_argument("--seed", type=int, default=6, help="of chance")
    parser.add_argument("--only", nargs="+", choices=list(FAULTS), help="these faults, in this order")
    run(measure, parser)
