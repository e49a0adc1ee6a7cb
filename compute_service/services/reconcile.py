"""Bring the jobs' records in line with the scheduler and with what the runner left behind: one look at a time."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from compute_service.ports import (
    Clock,
    DamagedJobError,
    JobNotFoundError,
    JobRecord,
    JobStore,
    QueueState,
    QueueStatus,
    Scheduler,
    SchedulerUnavailableError,
    SubmissionRefusedError,
)
from compute_service.services.lifecycle import JobEvent, next_state
from core.contracts.jobs import JobDefinition, JobState, Outcome

log = logging.getLogger(__name__)

CANCELLED_ON_REQUEST = "Stopped on request."
WAITS_FOR_SLOT = "Waits for free processors."
EVENT_OF_OUTCOME = {"succeeded": JobEvent.SUCCEED, "failed": JobEvent.FAIL, "cancelled": JobEvent.CANCEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient the service is."""

    max_attempts: int = 3
    outcome_grace_s: float = 10.0
    """How long after a job's end its outcome may still appear: shared disks lag."""
    unknown_limit_s: float = 900.0
    """How long a scheduler may not know a job before the job counts as lost."""


@dataclass(slots=True)
class Reconciler:
    """The one writer of job records; run by the poller, one at a time."""

    store: JobStore
    scheduler: Scheduler
    clock: Clock
    command: Callable[[Path], tuple[str, ...]]
    """The command line that runs a job folder."""
    policy: Policy = field(default_factory=Policy)
    _unreadable: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Look once at every job that has not ended, and do what is due.

        Raises:
            SchedulerUnavailableError: nothing was changed that depends on the scheduler.
        """
        records = self._records()
        queue_ids = [record.queue_id for record in records.values() if record.queue_id is not None]
        # Asked before the outcomes are read: a job seen as ended has written its outcome, if it ever will.
        statuses = self.scheduler.status(queue_ids)
        for key, record in sorted(records.items(), key=lambda item: (item[1].created_at, item[0])):
            try:
                self._step(key, record, statuses)
            except (DamagedJobError, JobNotFoundError) as error:
                self._end(key, record, JobEvent.FAIL, str(error))

    def _records(self) -> dict[str, JobRecord]:
        records = {}
        for key in self.store.unfinished():
            try:
                records[key] = self.store.record(key)
            except (DamagedJobError, JobNotFoundError) as error:
                if key not in self._unreadable:  # Said once, not at every look.
                    self._unreadable.add(key)
                    log.error("%s", error)
        return records

    def _step(self, key: str, record: JobRecord, statuses: Mapping[str, QueueStatus]) -> None:
        outcome = self.store.outcome(key)
        if outcome is not None:
            self._believe(key, record, outcome)
        elif record.queue_id is not None:
            self._follow(key, record, statuses.get(record.queue_id, QueueStatus(QueueState.UNKNOWN)))
        elif self.store.cancel_requested(key):
            self._end(key, record, JobEvent.CANCEL, CANCELLED_ON_REQUEST)
        else:
            self._hand_over_when_ready(key, record)

    def _believe(self, key: str, record: JobRecord, outcome: Outcome) -> None:
        """Only Python can write an outcome, as its last act: it counts more than the scheduler's word."""
        if record.state is JobState.CREATED:  # The submission was cut off before it could be recorded.
            record = record.model_copy(update={"state": next_state(record.state, JobEvent.SUBMIT)})
        record = record.model_copy(update={"finished_at": outcome.finished_at, "details": outcome.details})
        self._end(key, record, EVENT_OF_OUTCOME[outcome.state], outcome.message)

    # -- before the scheduler has the job

    def _hand_over_when_ready(self, key: str, record: JobRecord) -> None:
        definition = self.store.definition(key)
        parents = {parent: self.store.record(parent) for parent in definition.after}
        lost = [parent for parent, its in parents.items() if its.state.ended and its.state is not JobState.SUCCEEDED]
        waiting = [parent for parent, its in parents.items() if not its.state.ended]
        if lost:
            title, parent = self.store.definition(lost[0]).title, parents[lost[0]]
            reason = f"Not started: the job it waits for, “{title}”, {_ended_as(parent)}".strip()
            self._end(key, record, JobEvent.CANCEL, reason)
        elif waiting:
            self._say(key, record, f"Waits for “{self.store.definition(waiting[0]).title}”.")
        else:
            self._hand_over(key, record, definition)

    def _hand_over(self, key: str, record: JobRecord, definition: JobDefinition) -> None:
        folder = self.store.folder(key)
        try:
            queue_id = self.scheduler.submit(self.command(folder), folder, definition.resources)
        except SubmissionRefusedError as error:
            self._end(key, record, JobEvent.FAIL, str(error))
        except SchedulerUnavailableError as error:
            self._say(key, record, f"Waits for the scheduler: {error}")
        else:
            # After a requeue the job is `submitted` already.
            if record.state is JobState.CREATED:
                record = record.model_copy(update={"state": next_state(record.state, JobEvent.SUBMIT), "reason": ""})
            self._save(key, record, queue_id=queue_id, attempts=record.attempts + 1)

    # -- while the scheduler has the job

    def _follow(self, key: str, record: JobRecord, status: QueueStatus) -> None:
        if status.state is QueueState.UNKNOWN:
            self._wait_for_word(key, record)
            return
        if record.unknown_since is not None:
            record = self._save(key, record, unknown_since=None)
        if status.state in (QueueState.PENDING, QueueState.RUNNING):
            self._follow_living(key, record, status)
        else:
            self._follow_ended(key, record, status)

    def _follow_living(self, key: str, record: JobRecord, status: QueueStatus) -> None:
        if self.store.cancel_requested(key) and record.queue_id is not None:
            self.scheduler.cancel(record.queue_id)
        if status.state is QueueState.PENDING:
            self._say(key, record, status.reason or record.reason or WAITS_FOR_SLOT)
        elif record.state is JobState.SUBMITTED:
            self._start(key, record)

    def _follow_ended(self, key: str, record: JobRecord, status: QueueStatus) -> None:
        """The scheduler says it is over, and there is no outcome."""
        if record.ended_since is None and self.policy.outcome_grace_s > 0:
            self._save(key, record, ended_since=self.clock.now())
        elif self._over(record.ended_since, self.policy.outcome_grace_s):
            if self.store.cancel_requested(key):
                self._end(key, record, JobEvent.CANCEL, CANCELLED_ON_REQUEST)
            elif status.state is QueueState.CANCELLED:
                self._end(key, record, JobEvent.CANCEL, "Cancelled at the scheduler, not through Brodmann.")
            elif status.state is QueueState.COMPLETED:
                message = "The job ended without saying how, which is counted as a failure. Its log may tell more."
                self._end(key, record, JobEvent.FAIL, message)
            else:
                self._try_again(key, record, status)

    def _try_again(self, key: str, record: JobRecord, status: QueueStatus) -> None:
        """Killed, or interrupted at its time limit: it goes on from its checkpoint, but not for ever."""
        why = status.reason or "its process vanished"
        if status.state is QueueState.INTERRUPTED:
            record = record.model_copy(update={"attempts": record.attempts - 1})
        attempts, limit = record.attempts, self.policy.max_attempts
        if attempts >= limit:
            message = (
                f"The job was interrupted {attempts} times and is given up; the last time: {why}. "
                "If the machine ran out of memory or time, choose a smaller preset or a longer limit, and start it again."
            )
            self._end(key, record, JobEvent.FAIL, message)
            return
        if record.state is JobState.SUBMITTED:
            record = self._start(key, record)
        # Without a queue id the next look hands it over again, also if this process dies in between.
        self._save(
            key,
            record,
            state=next_state(record.state, JobEvent.REQUEUE),
            queue_id=None,
            ended_since=None,
            reason=f"Interrupted ({why}); goes on from its last checkpoint, attempt {attempts + 1} of {limit}.",
        )

    def _wait_for_word(self, key: str, record: JobRecord) -> None:
        if record.unknown_since is None:
            self._save(key, record, unknown_since=self.clock.now())
        elif self._over(record.unknown_since, self.policy.unknown_limit_s):
            minutes = self.policy.unknown_limit_s / 60
            message = f"The scheduler has not known the job for {minutes:.0f} minutes; it counts as lost. Start it again."
            self._end(key, record, JobEvent.FAIL, message)

    # -- writing

    def _start(self, key: str, record: JobRecord) -> JobRecord:
        started_at = record.started_at or self.clock.now()
        return self._save(key, record, state=next_state(record.state, JobEvent.START), started_at=started_at, reason="")

    def _end(self, key: str, record: JobRecord, event: JobEvent, reason: str) -> None:
        finished_at = record.finished_at or self.clock.now()
        self._save(key, record, state=next_state(record.state, event), reason=reason, finished_at=finished_at)
        log.info("job %s: %s (%s)", key, event, reason)

    def _say(self, key: str, record: JobRecord, reason: str) -> None:
        if reason != record.reason:
            self._save(key, record, reason=reason)

    def _save(self, key: str, record: JobRecord, **changes: object) -> JobRecord:
        changed = record.model_copy(update=changes)
        self.store.save(key, changed)
        return changed

    def _over(self, since: datetime | None, limit_s: float) -> bool:
        return since is None or self.clock.now() - since >= timedelta(seconds=limit_s)


def _ended_as(parent: JobRecord) -> str:
    word = "failed" if parent.state is JobState.FAILED else "was cancelled"
    return f"{word}: {parent.reason}" if parent.reason else f"{word}."
