"""What callers can do with jobs: submit, look, read, stop. The life of a job goes on in `services.reconcile`."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from compute_service.ports import (
    Clock,
    DamagedJobError,
    JobNotFoundError,
    JobPaths,
    JobRecord,
    JobStore,
    JobUnreadableError,
    KeyConflictError,
    ResultNotFoundError,
    UnknownDependencyError,
)
from core.contracts.api import JobLog, JobProgress
from core.contracts.jobs import JobDefinition, JobReport, JobState, Outcome, ResultState

LOG_TAIL_BYTES = 1 << 16


class JobService:
    """The use cases of the web process. It never runs a job: it writes wishes into folders, the poller acts on them."""

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def submit(self, definition: JobDefinition) -> tuple[JobReport, bool]:
        """The job's report, and whether it is new: a key that exists with the same definition is the same job.

        Raises:
            KeyConflictError: the key exists with another definition.
            UnknownDependencyError: a job in `after` does not exist.
        """
        if not self._exists(definition.key):
            self._check_dependencies(definition)
        is_new = self._store.create(definition, JobRecord(created_at=self._clock.now()))
        if not is_new and self._store.definition(definition.key) != definition:
            raise KeyConflictError(definition.key)
        return self.report(definition.key), is_new

    def report(self, key: str) -> JobReport:
        """The job as it stands; raises JobNotFoundError."""
        record, definition = self._store.record(key), self._store.definition(key)
        outcome = self._outcome(key, record.state)
        stopping = not record.state.ended and self._store.cancel_requested(key)
        return JobReport(
            key=key,
            kind=definition.parameters.kind,
            title=definition.title,
            state=record.state,
            result_state=_result_state(record.state, outcome, self._store.folder(key)),
            reason="Being stopped." if stopping else record.reason,
            details=record.details,
            attempts=record.attempts,
            created_at=record.created_at,
            started_at=record.started_at,
            finished_at=record.finished_at,
            progress=self._store.files(key).last_progress(),
            results=outcome.results if outcome else (),
        )

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """The reports of those keys that name a readable job, in the order asked; the others are left out."""
        reports = []
        for key in dict.fromkeys(keys):
            # One damaged job must not hide all others.
            with suppress(JobNotFoundError, DamagedJobError, JobUnreadableError):
                reports.append(self.report(key))
        return reports

    def cancel(self, key: str) -> JobReport:
        """Ask for the job's end; one that has ended stays as it is. Raises JobNotFoundError."""
        if not self._store.record(key).state.ended:
            self._store.request_cancel(key)
        return self.report(key)

    def progress(self, key: str, offset: int) -> JobProgress:
        """Lines of progress from `offset` on; raises JobNotFoundError."""
        return self._store.files(key).progress(offset)

    def log(self, key: str) -> JobLog:
        """The end of the job's log, of an array those of its elements; raises JobNotFoundError."""
        count = len(self._store.record(key).elements)
        if count == 0:
            return self._store.files(key).log(LOG_TAIL_BYTES)
        logs = [self._store.files(key, number).log(LOG_TAIL_BYTES // count) for number in range(count)]
        told = [f"--- part {number} of {count}\n{one.text}" for number, one in enumerate(logs, 1) if one.text]
        return JobLog(text="\n".join(told), truncated=any(one.truncated for one in logs))

    def result_file(self, key: str, name: str) -> Path:
        """The path of a result that the job's outcome names.

        Raises:
            JobNotFoundError: no such job.
            ResultNotFoundError: the outcome does not name it, it is gone, or it leads out of the results folder.
        """
        outcome = self._store.files(key).outcome()
        results = JobPaths(self._store.folder(key)).results.resolve()
        path = (results / name).resolve() if outcome is not None and name in outcome.results else None
        if path is None or not path.is_relative_to(results) or not path.is_file():
            raise ResultNotFoundError(key, name)
        return path

    def _outcome(self, key: str, state: JobState) -> Outcome | None:
        """What the runner left behind when it ended; that it cannot be read is news only where the job succeeded."""
        try:
            return self._store.files(key).outcome() if state.ended else None
        except DamagedJobError:
            if state is JobState.SUCCEEDED:
                raise
            return None

    def _exists(self, key: str) -> bool:
        try:
            self._store.folder(key)
        except JobNotFoundError:
            return False
        return True

    def _check_dependencies(self, definition: JobDefinition) -> None:
        missing = [key for key in definition.after if not self._exists(key)]
        if missing:
            raise UnknownDependencyError(definition.key, missing)


def _result_state(state: JobState, outcome: Outcome | None, folder: Path) -> ResultState:
    """Looked up on the disk each time, so that results deleted later are not called ready."""
    results = JobPaths(folder).results
    if not state.ended:
        return ResultState.WAITING
    if state is JobState.SUCCEEDED and outcome is not None:
        there = all((results / name).is_file() for name in outcome.results)
        return ResultState.READY if there else ResultState.UNAVAILABLE
    partial = any(path.is_file() for path in results.rglob("*"))
    return ResultState.INCOMPLETE if partial else ResultState.UNAVAILABLE
