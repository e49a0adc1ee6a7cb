"""Brings jobs to the compute service and their state back.

The store is the outbox: a job is stored first (stage `submit`), then sent (`watch`, `fetch`, `done`), and every step here
may be repeated, by the request that made the job and by the monitor, without losing or doubling anything. What a job is
made of follows from its document by the function for its kind.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from backend.domain.collections import JOBS
from backend.domain.errors import BackendError, ComputeRefusedError, ComputeUnreachableError, ConflictError, NotFoundError
from backend.domain.mapping import MAPPING_KINDS
from backend.ports import ComputeClient, Document, Query, VersionConflictError
from backend.services.documents import read
from backend.services.records import Records
from core.contracts.jobs import JobDefinition, JobReport, JobState, ResultState

ATTEMPTS = 20
ASKED_AT_ONCE = 100
# Statuses that say the job itself is wrong; anything else (a wrong token, a fault over there) may pass.
FINAL_REFUSALS = (400, 404, 409, 413, 415, 422)
NOT_SENT = "The compute service does not answer; the job is sent as soon as it does."
GPU_SCHEDULERS = ("slurm",)
UNKNOWN_ROUNDS = 600
"""So often in a row a job must not be known before it counts as gone: the disk over there may be away for a while."""
NOT_KNOWN = "The compute service does not find this job now: the disk of its jobs may be away. It is asked again."
# Which results of an ended job are brought in. What a job on a brain did before it was stopped is not thrown away.
FETCHED: Mapping[str, tuple[ResultState, ...]] = {
    "train": (),
    "predict": (ResultState.READY,),
    "inspect": (ResultState.READY,),
    "tissue": (ResultState.READY, ResultState.INCOMPLETE),
    "align": (ResultState.READY, ResultState.INCOMPLETE),
    **dict.fromkeys(MAPPING_KINDS, (ResultState.READY,)),
}

Update = Callable[[Document], Document]
Definitions = Mapping[str, Callable[[Document], JobDefinition]]


class Dispatch:
    """Moves jobs from stage to stage, up to the results, which `Fetching` brings in."""

    def __init__(self, records: Records, compute: ComputeClient, definitions: Definitions) -> None:
        self._records = records
        self._compute = compute
        self._definitions = definitions
        self._unknown: Counter[str] = Counter()

    def has_gpus(self) -> bool:
        """Whether jobs will run on GPUs, as far as the scheduler's name tells; False when nobody answers."""
        try:
            return self._compute.scheduler() in GPU_SCHEDULERS
        except BackendError:
            return False

    def start(self, job_ids: Iterable[str]) -> None:
        """Send stored jobs. When the compute service is away they wait for the monitor."""
        for job_id in job_ids:
            try:
                self.send(self._records.store.get(JOBS, job_id))
            except ComputeUnreachableError:
                return

    def send_waiting(self) -> None:
        """Send every job not sent yet."""
        waiting = self._records.store.find(JOBS, Query({"stage": "submit"}))
        # A training job is sent before the prediction job that names it.
        for job in sorted(waiting, key=lambda found: (found["created_at"], found["index"], found["kind"] == "predict")):
            self.send(job)

    def send(self, job: Document) -> None:
        """Send one job that is not sent yet; ComputeUnreachableError."""
        if job["stage"] != "submit":
            return
        try:
            report = self._submitted(job)
        except ComputeUnreachableError:
            self.change(job, partial(_with_reason, reason=NOT_SENT))
            raise
        except (ComputeRefusedError, NotFoundError) as error:
            if isinstance(error, ComputeRefusedError) and error.details.get("status") not in FINAL_REFUSALS:
                self.change(job, partial(_with_reason, reason=error.message))
                return
            report = _failed(job, f"The job could not be sent: {error.message}", self._records)
        self.change(job, partial(told, report=report))

    def watch(self) -> None:
        """Ask for the state of every job that has not ended, and pass on wishes to cancel."""
        jobs = self._records.store.find(JOBS, Query({"stage": "watch"}))
        for start in range(0, len(jobs), ASKED_AT_ONCE):
            self._watch_some(jobs[start : start + ASKED_AT_ONCE])

    def cancel(self, job: Document) -> Document:
        """Note the wish to cancel, then pass it on; when the compute service is away the monitor does that later."""
        if not read(JobReport, job["report"]).state.ended:
            job = self.change(job, lambda now: {**now, "cancel": True})
            if job["stage"] == "watch":
                job = self._pass_on_cancel(job)
        return job

    def change(self, job: Document, update: Update) -> Document:
        """Change a stored job however others change it meanwhile; news is told, progress by whole percents."""
        for _ in range(ATTEMPTS):
            changed = update(job)
            if changed == job:
                return job
            try:
                stored = self._records.store.put(JOBS, job["id"], changed, expected=job["version"])
            except VersionConflictError:
                job = self._records.store.get(JOBS, job["id"])
                continue
            if "project" in job and _news(changed) != _news(job):
                self._records.changes.tell(job["project"], "job", job["report"]["key"])
            return stored
        raise ConflictError(f"Job {job['id']} is being changed by others. Try again.")

    def _submitted(self, job: Document) -> JobReport:
        wanted = self._definitions[job["kind"]](job)
        try:
            return self._compute.submit(wanted)
        except ComputeRefusedError as error:
            # A newer release may word a definition otherwise than the one sent before a crash: the first one stands.
            known = self._compute.reports([job["report"]["key"]]) if error.details.get("status") == 409 else []
            if not known:
                raise
            return known[0]

    def _watch_some(self, jobs: Sequence[Document]) -> None:
        reports = {report.key: report for report in self._compute.reports([job["report"]["key"] for job in jobs])}
        for job in jobs:
            key = job["report"]["key"]
            report = reports.get(key)
            self._unknown[key] += 1
            if report is None and self._unknown[key] < UNKNOWN_ROUNDS:
                self.change(job, partial(_with_reason, reason=NOT_KNOWN))
                continue
            del self._unknown[key]
            if report is None:
                report = _failed(job, "The compute service does not know this job any more. Start it again.", self._records)
            changed = self.change(job, partial(told, report=report))
            if changed.get("cancel") and changed["stage"] == "watch":
                self._pass_on_cancel(changed)

    def _pass_on_cancel(self, job: Document) -> Document:
        try:
            report = self._compute.cancel(job["report"]["key"])
        except (ComputeUnreachableError, ComputeRefusedError) as error:
            reason = f"To be cancelled as soon as the compute service takes it: {error.message}"
            return self.change(job, partial(_with_reason, reason=reason))
        return self.change(job, partial(told, report=report))


def _news(job: Document) -> tuple[object, ...]:
    """What of a job is worth telling everybody: anything but its progress, of which only each whole percent."""
    report: Document = job["report"]
    progress = report["progress"] or {"phase": "", "step": 0, "of": 1}
    percent = 100 * progress["step"] // progress["of"]
    return {**report, "progress": None}, progress["phase"], percent


def told(job: Document, report: JobReport) -> Document:
    """The job after the compute service told its state; one whose results are due or in is past being told."""
    if job["stage"] not in ("submit", "watch"):
        return job
    return {**job, "report": report.model_dump(mode="json"), "stage": _stage_after(report)}


def _stage_after(report: JobReport) -> str:
    state, outcome = report.state, report.result_state
    if not state.ended or (state == JobState.SUCCEEDED and report.kind != "train" and outcome == ResultState.WAITING):
        return "watch"
    return "fetch" if report.results and outcome in FETCHED[report.kind] else "done"


def _with_reason(job: Document, reason: str) -> Document:
    return {**job, "report": {**job["report"], "reason": reason}}


def _failed(job: Document, reason: str, records: Records) -> JobReport:
    ended: dict[str, Any] = {"state": JobState.FAILED, "result_state": ResultState.UNAVAILABLE, "reason": reason}
    return read(JobReport, job["report"]).model_copy(update={**ended, "finished_at": records.clock.now()})
