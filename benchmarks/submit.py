"""From submitting a job to seeing it run on a Slurm of two nodes, and what it costs to watch a long queue.

A real Slurm (`brodmann.lab.slurm`) and the compute service's own store, reconciler and Slurm scheduler in this process, which
looks as often as the poller does. The job's command sleeps: what training costs to start is not counted here.
Example: python -m benchmarks.submit --json benchmarks/results/submit.json
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from benchmarks.figures import Figure, run
from brodmann.lab.slurm import SlurmLab
from compute_service.profile import ClusterProfile, Partition
from compute_service.settings import Settings
from compute_service.wiring import build_jobs, build_reconciler
from core.contracts.anatomy import TissueParameters
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobState, Resources

JOBS, QUICK_JOBS = 20, 6
QUEUED = 200
LOOK_S, SELDOM_S, WATCH_S, QUICK_WATCH_S = 1.0, 5.0, 30.0, 10.0
PATIENCE_S = 60.0


class Service:
    """The compute service without its web process: this process is its poller."""

    def __init__(self, folder: Path, poll_interval_s: float) -> None:
        settings = Settings(
            brains=folder,
            jobs=folder / "jobs",
            token_file=folder / "none",
            slots_cpus=1,
            cluster=profile(poll_interval_s),
        )
        self.jobs = build_jobs(settings)
        self.reconciler = build_reconciler(settings)
        self.reconciler.command = lambda _folder: ("sleep", "3600")

    def submit(self) -> str:
        """A job of its own."""
        definition = JobDefinition(
            key=uuid4().hex,
            title="Sleep",
            parameters=TissueParameters(sections=(1,)),
            inputs=JobInputs(brain=BrainReference(id="NOWHERE", fingerprint="0" * 64)),
            resources=Resources(cpus=1, memory_mb=100, time_limit_s=3600),
            code_version="benchmark",
            submitted_by="benchmark",
        )
        self.jobs.submit(definition)
        return definition.key

    def await_state(self, keys: Sequence[str], *states: JobState) -> None:
        """Look as the poller does until all are in one of the states."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.reconciler.look()
            if all(report.state in states for report in self.jobs.reports(keys)):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {PATIENCE_S:.0f} s for jobs to be {states}")
            time.sleep(LOOK_S)

    def end(self, keys: Sequence[str]) -> None:
        """Cancel all."""
        for key in keys:
            self.jobs.cancel(key)
        self.await_state(keys, JobState.CANCELLED)


def profile(poll_interval_s: float) -> ClusterProfile:
    """Of the lab."""
    partition = Partition(name="batch", nodes=2, cpus_per_node=2, memory_mb_per_node=16_000, longest_h=1)
    return ClusterProfile(name="lab", partitions=(partition,), poll_interval_s=poll_interval_s, outcome_grace_s=0)


def to_running_s(service: Service, count: int) -> list[float]:
    """One job after the other: from its submission to the record that says it runs."""
    measured = []
    for _ in range(count):
        started = time.monotonic()
        key = service.submit()
        service.await_state([key], JobState.RUNNING)
        measured.append(time.monotonic() - started)
        service.end([key])
    return measured


def core_share(service: Service, watch_s: float) -> float:
    """Of one core in percent, this process and the commands of Slurm that it starts together, while it looks every second."""
    before, started = os.times(), time.monotonic()
    while time.monotonic() - started < watch_s:
        look_at = time.monotonic()
        service.reconciler.look()
        time.sleep(max(0.0, LOOK_S - (time.monotonic() - look_at)))
    after = os.times()
    return 100 * sum(after[:4][n] - before[:4][n] for n in range(4)) / (time.monotonic() - started)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Start the lab, submit one by one, then fill the queue and watch."""
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        lab, started = SlurmLab(folder / "lab"), time.monotonic()
        with lab:
            up_s = time.monotonic() - started
            os.environ.update(lab.environment)
            (folder / "jobs").mkdir()
            service = Service(folder, LOOK_S)
            waits_s = to_running_s(service, QUICK_JOBS if options.quick else JOBS)
            sent_at = time.monotonic()
            keys = [service.submit() for _ in range(QUEUED)]
            service.await_state(keys, JobState.SUBMITTED, JobState.RUNNING)
            sent_s = time.monotonic() - sent_at
            watch_s = QUICK_WATCH_S if options.quick else WATCH_S
            busy = core_share(service, watch_s)
            seldom = core_share(Service(folder, SELDOM_S), watch_s)
    return [
        Figure("submit.to_running_s", statistics.median(waits_s), "s", 2.0),
        Figure("submit.to_running_longest_s", max(waits_s), "s"),
        Figure("submit.queue_200_core_percent", busy, "%", 5.0),
        Figure("submit.queue_200_asked_every_5_s_core_percent", seldom, "%", 5.0),
        Figure("submit.hand_over_ms", 1000 * sent_s / QUEUED, "ms"),
        Figure("submit.lab_up_s", up_s, "s", 1.0),
        Figure("submit.load", os.getloadavg()[0], ""),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the lab and the jobs; the system's temporary folder by default")
    run(measure, parser)
