"""An array as one job: its record, progress and outcome, put together from those of its elements. All pure."""

from collections.abc import Sequence
from datetime import datetime

from compute_service.ports import JobRecord
from compute_service.services.following import changed, started
from compute_service.services.lifecycle import JobEvent, next_state
from core.contracts.jobs import JobState, Outcome, Progress


def together(record: JobRecord, elements: Sequence[JobRecord], now: datetime) -> JobRecord:
    """The record of an array that has not ended: it runs while some element does, or some have ended and others wait."""
    record = changed(record, elements=tuple(elements), attempts=max(one.attempts for one in elements))
    if all(one.state is JobState.CREATED for one in elements):
        return record
    if record.state is JobState.CREATED:
        record = changed(record, state=next_state(record.state, JobEvent.SUBMIT))
    runs = any(one.state is JobState.RUNNING or one.state.ended for one in elements)
    if runs and record.state is JobState.SUBMITTED:
        record = started(record, now)
    elif not runs and record.state is JobState.RUNNING:
        record = changed(record, state=next_state(record.state, JobEvent.REQUEUE))
    return changed(record, reason=_reason(elements, runs))


def _reason(elements: Sequence[JobRecord], runs: bool) -> str:
    """Why it waits; while it runs, that a part was interrupted and waits for its next attempt."""
    if not runs:
        return next((one.reason for one in elements if one.reason), "")
    for number, one in enumerate(elements, 1):
        if one.state is JobState.SUBMITTED and (one.queue_id is None or one.attempts > 1):
            return f"Part {number} of {len(elements)}: {one.reason}"
    return ""


def summed(lines: Sequence[Progress | None], since: datetime) -> Progress | None:
    """The progress of all elements as one, their steps added; None while nobody has told any.

    An element that has told nothing yet is taken to have as much to do as the others on average.
    """
    told = [line for line in lines if line is not None]
    if not told:
        return None
    newest = max(told, key=lambda line: line.at)
    step, of = sum(line.step for line in told), round(sum(line.of for line in told) * len(lines) / len(told))
    elapsed_s = max(0.0, (newest.at - since).total_seconds())
    return Progress(
        at=newest.at, phase=newest.phase, step=step, of=of, eta_s=elapsed_s / step * (of - step) if 0 < step <= of else None
    )


def joined(elements: Sequence[JobRecord], outcomes: Sequence[Outcome | None], now: datetime) -> Outcome:
    """The outcome of an array whose elements have all ended: the first failure's, else the first that was cancelled, else well.

    Results are those that any element saw, which is everything once the last one has ended.
    """
    by_state = {one.state: one for one in reversed(elements)}
    worst = next(by_state[state] for state in (JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED) if state in by_state)
    return Outcome.model_validate(
        {
            "state": worst.state.value,
            "message": worst.reason,
            "details": worst.details,
            "results": sorted({name for outcome in outcomes if outcome is not None for name in outcome.results}),
            "finished_at": max((one.finished_at for one in elements if one.finished_at is not None), default=now),
        }
    )
