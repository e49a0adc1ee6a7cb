"""What becomes of a job, or of one element of an array, by what a look found out: pure, from record to record."""

from dataclasses import dataclass
from datetime import datetime

from compute_service.ports import JobRecord, QueueState, QueueStatus
from compute_service.services.lifecycle import JobEvent, next_state
from core.contracts.jobs import JobState, Outcome

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found out of something the scheduler has and that left no outcome."""

    status: QueueStatus
    now: datetime
    stopping: str
    """Why it is being stopped, in words; empty when it is not."""
    waited_s: float = 0.0
    """How long it has been unknown, or ended without an outcome, by a clock that does not jump."""


def believed(record: JobRecord, outcome: Outcome) -> JobRecord:
    """Only Python can write an outcome, as its last act: it counts more than the scheduler's word."""
    if record.state is JobState.CREATED:  # The submission was cut off before it could be recorded.
        record = changed(record, state=next_state(record.state, JobEvent.SUBMIT))
    record = changed(record, details=outcome.details)
    return ended(record, EVENT_OF_OUTCOME[outcome.state], outcome.message, outcome.finished_at)


def handed_over(record: JobRecord, queue_id: str) -> JobRecord:
    """The scheduler has taken it."""
    if record.state is JobState.CREATED:  # After a requeue it is `submitted` already.
        record = changed(record, state=next_state(record.state, JobEvent.SUBMIT), reason="")
    return changed(record, queue_id=queue_id, attempts=record.attempts + 1)


def followed(record: JobRecord, seen: Seen, policy: Policy) -> JobRecord:
    """The scheduler has it, and there is no outcome."""
    if seen.status.state is QueueState.UNKNOWN:
        return _waits_for_word(record, seen, policy)
    record = changed(record, unknown_since=None)
    if seen.status.state is QueueState.PENDING:
        return changed(record, reason=seen.status.reason or record.reason or WAITS_FOR_SLOT)
    if seen.status.state is QueueState.RUNNING:
        return started(record, seen.now) if record.state is JobState.SUBMITTED else record
    if seen.waited_s >= policy.outcome_grace_s:
        return _ended_without_outcome(record, seen, policy)
    return changed(record, ended_since=record.ended_since or seen.now)


def started(record: JobRecord, now: datetime) -> JobRecord:
    """It runs; the start of the first attempt stays the start."""
    state = next_state(record.state, JobEvent.START)
    return changed(record, state=state, started_at=record.started_at or now, reason="")


def ended(record: JobRecord, event: JobEvent, reason: str, now: datetime) -> JobRecord:
    """It is over."""
    return changed(record, state=next_state(record.state, event), reason=reason, finished_at=now)


def changed(record: JobRecord, **changes: object) -> JobRecord:
    """The record with other values."""
    return record.model_copy(update=changes)


def _ended_without_outcome(record: JobRecord, seen: Seen, policy: Policy) -> JobRecord:
    if seen.stopping:
        return ended(record, JobEvent.CANCEL, seen.stopping, seen.now)
    if seen.status.state is QueueState.CANCELLED:
        return ended(record, JobEvent.CANCEL, "Cancelled at the scheduler, not through Brodmann.", seen.now)
    if seen.status.state is QueueState.COMPLETED:
        message = "The job ended without saying how, which is counted as a failure. Its log may tell more."
        return ended(record, JobEvent.FAIL, message, seen.now)
    return _tried_again(record, seen, policy)


def _tried_again(record: JobRecord, seen: Seen, policy: Policy) -> JobRecord:
    """Killed, or interrupted at its time limit: it goes on from its checkpoint, but not for ever."""
    why = seen.status.reason or "its process vanished"
    if seen.status.state is QueueState.INTERRUPTED:
        record = changed(record, attempts=record.attempts - 1)
    attempts, limit = record.attempts, policy.max_attempts
    if attempts >= limit:
        message = (
            f"The job was interrupted {attempts} times and is given up; the last time: {why}. "
            "If the machine ran out of memory or time, choose a smaller preset or a longer limit, and start it again."
        )
        return ended(record, JobEvent.FAIL, message, seen.now)
    if record.state is JobState.SUBMITTED:
        record = started(record, seen.now)
    # Without a queue id the next look hands it over again, also if this process dies in between.
    return changed(
        record,
        state=next_state(record.state, JobEvent.REQUEUE),
        queue_id=None,
        ended_since=None,
        reason=f"Interrupted ({why}); goes on from its last checkpoint, attempt {attempts + 1} of {limit}.",
    )


def _waits_for_word(record: JobRecord, seen: Seen, policy: Policy) -> JobRecord:
    if seen.waited_s < policy.unknown_limit_s:
        return changed(record, unknown_since=record.unknown_since or seen.now)
    minutes = policy.unknown_limit_s / 60
    message = f"The scheduler has not known the job for {minutes:.0f} minutes; it counts as lost. Start it again."
    return ended(record, JobEvent.FAIL, message, seen.now)
