"""Two jobs of a compute service, the second after the first, for each of many items: sent, waited for and brought back.

A job's key follows from what it is, so that the same command finds the jobs of one that was stopped, also from another folder,
and items that share a job share it; a job that failed or was cancelled is sent again under the key of its next attempt when the
command is given again.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Generic, Protocol, TypeVar

from core.contracts.jobs import JobDefinition, JobReport, JobState, Progress
from core.datasets.files import write_atomically
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError
from core.tasks.evaluate_grid import GridRun

KEYS_AT_ONCE = 100
Item = TypeVar("Item")


class ComputeService(Protocol):
    """Where jobs are run: over HTTP, or on this machine."""

    def submit(self, definition: JobDefinition) -> JobReport:
        """Send a job; sending the same one twice gives the first."""
        ...

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """Where these jobs stand; unknown ones are left out."""
        ...

    def result(self, key: str, path: str) -> bytes:
        """A result file of a job."""
        ...


@dataclass(frozen=True, slots=True)
class JobPair(Generic[Item]):
    """The keys of an item's jobs."""

    item: Item
    first: str
    second: str


Reports = dict[str, JobReport]


def submitted(job: JobDefinition, service: ComputeService) -> str:
    """The key of the job's first attempt that has not failed, sent if need be."""
    content = job.model_copy(update={"key": "0" * 32}).model_dump_json()
    for attempt in count():
        key = hashlib.sha256(f"{attempt}\x1f{content}".encode()).hexdigest()[:32]
        known = service.reports([key])
        if not known:
            service.submit(job.model_copy(update={"key": key}))
        if not known or known[0].state not in (JobState.FAILED, JobState.CANCELLED):
            return key
    raise AssertionError("counting does not end")


def collect(
    pairs: Sequence[JobPair[Item]],
    run: GridRun,
    total: int,
    service: ComputeService,
    pause: Callable[[], None],
    take: Callable[[Item, tuple[JobReport, JobReport]], None],
) -> None:
    """Give every item to `take` when its second job has ended, with both reports; `total` counts those that were there before.

    `pause` is called between two looks. JobInterruptedError when asked to stop: the jobs go on. EvaluationInputError when the
    service has lost a job.
    """
    waiting = list(pairs)
    while waiting:
        if run.stop_requested():
            raise JobInterruptedError(f"the evaluation was stopped with {total - len(waiting)} of {total} models scored")
        reports = _reports(service, [key for pair in waiting for key in (pair.first, pair.second)])
        run.report(_progress(total, waiting, reports))
        back = [pair for pair in waiting if reports[pair.second].state.ended]
        for pair in back:
            take(pair.item, (reports[pair.first], reports[pair.second]))
        waiting = [pair for pair in waiting if pair not in back]
        if not back:
            pause()


def bring(job: JobReport, service: ComputeService, folder: Path, names: Iterable[str] | None = None) -> None:
    """Write the job's results, or those of these names, below a folder; EvaluationInputError for a name outside of it."""
    for name in job.results if names is None else names:
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise EvaluationInputError(f"job {job.key} names a result outside its folder: {name!r}")
        write_atomically(folder / place, service.result(job.key, name))


def failure_of(jobs: Iterable[JobReport]) -> str:
    """Why the first of these that did not succeed did not; empty where all did."""
    return next((f"{job.title}: {job.reason}" for job in jobs if job.state is not JobState.SUCCEEDED), "")


def seconds_of(jobs: Iterable[JobReport]) -> float:
    """How long the jobs ran, without their waiting in the queue."""
    spans = [(job.started_at, job.finished_at) for job in jobs]
    return sum((end - start).total_seconds() for start, end in spans if start is not None and end is not None)


def _reports(service: ComputeService, keys: Iterable[str]) -> Reports:
    wanted = tuple(dict.fromkeys(keys))
    parts = [wanted[start : start + KEYS_AT_ONCE] for start in range(0, len(wanted), KEYS_AT_ONCE)]
    found = {report.key: report for part in parts for report in service.reports(part)}
    if lost := [key for key in wanted if key not in found]:
        raise EvaluationInputError(f"the compute service does not know job {lost[0]} any more; the same command sends it again")
    return found


def _progress(models: int, waiting: Sequence[JobPair[Item]], reports: Reports) -> Progress:
    """How far all jobs are, a model counted as a hundred steps."""
    parts = [_share(reports[pair.first]) + _share(reports[pair.second]) for pair in waiting]
    step = round(100 * (models - len(waiting)) + 50 * sum(parts))
    runs = sum(reports[key].state is JobState.RUNNING for key in {key for pair in waiting for key in (pair.first, pair.second)})
    phase = f"{models - len(waiting)} of {models} models scored, {runs} jobs running"
    return Progress(at=datetime.now(UTC), phase=phase, step=step, of=100 * models)


def _share(job: JobReport) -> float:
    """How much of a job is done, from 0 to 1."""
    if job.state.ended:
        return 1.0
    return min(1.0, job.progress.step / job.progress.of) if job.progress else 0.0
