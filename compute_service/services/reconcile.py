"""Bring the jobs' records in line with the scheduler and with what the runner left behind: one look at a time."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from compute_service.ports import (
    ELEMENT_OPTION,
    Clock,
    DamagedJobError,
    JobNotFoundError,
    JobRecord,
    JobStore,
    JobUnreadableError,
    QueueState,
    QueueStatus,
    Scheduler,
    SchedulerUnavailableError,
    SubmissionRefusedError,
)
from compute_service.services.array import joined, summed, together
from compute_service.services.following import Policy, Seen, believed, changed, ended, followed, handed_over
from compute_service.services.lifecycle import JobEvent
from core.contracts.jobs import JobDefinition, JobState

log = logging.getLogger(__name__)

CANCELLED_ON_REQUEST = "Stopped on request."
ANOTHER_FAILED = "Stopped, because another part of the job failed."
UNKNOWN = QueueStatus(QueueState.UNKNOWN)
UNDER_WAY = (QueueState.PENDING, QueueState.RUNNING)

Statuses = Mapping[str, QueueStatus]


@dataclass(slots=True)
class Reconciler:
    """The one writer of job records; run by the poller, one at a time."""

    store: JobStore
    scheduler: Scheduler
    clock: Clock
    command: Callable[[Path], tuple[str, ...]]
    """The command line that runs a job folder."""
    policy: Policy = field(default_factory=Policy)
    steady_s: Callable[[], float] = time.monotonic
    """Patience is measured by this: the machine's clock may be set while we wait."""
    _unreadable: set[str] = field(default_factory=set)
    _since: dict[str, tuple[bool, float]] = field(default_factory=dict)

    def look(self) -> None:
        """Look once at every job that has not ended, and do what is due.

        Raises:
            SchedulerUnavailableError: nothing was changed that depends on the scheduler.
        """
        records = self._records()
        queue_ids = [queue_id for record in records.values() for queue_id in record.queue_ids]
        try:
            # Asked before the outcomes are read: a job seen as ended has written its outcome, if it ever will.
            statuses = self.scheduler.status(queue_ids)
        except SchedulerUnavailableError as error:
            self._each(records, partial(self._step_alone, why=_waits_for_scheduler(error)))
            raise
        self._notice_time(statuses)
        self._each(records, partial(self._step, statuses=statuses))
        self.store.tidy()

    def _each(self, records: Mapping[str, JobRecord], step: Callable[[str, JobRecord], JobRecord]) -> None:
        """Take a step with every job, the oldest first. A disk that fails one job keeps back no other."""
        for key, record in sorted(records.items(), key=lambda item: (item[1].created_at, item[0])):
            try:
                try:
                    self._save(key, record, step(key, record))
                except (DamagedJobError, JobNotFoundError) as error:
                    for queue_id in record.queue_ids:  # Nobody will ask for them again.
                        self.scheduler.cancel(queue_id)
                    self._save(key, record, ended(record, JobEvent.FAIL, str(error), self.clock.now()))
            except (OSError, JobUnreadableError) as error:
                log.error("job %s waits for the next look: %s", key, error)

    def _step_alone(self, key: str, record: JobRecord, why: str) -> JobRecord:
        """What can be done while the scheduler does not answer: believe what a job left, and say what one waits for."""
        outcome = self.store.files(key).outcome()
        if outcome is not None:
            return believed(record, outcome)
        return changed(record, reason=why) if record.state is JobState.CREATED else record

    def _notice_time(self, statuses: Statuses) -> None:
        """Since when each was seen as it is; a process that was just started is patient from its start on."""
        now = self.steady_s()
        phases = {queue_id: one.state is QueueState.UNKNOWN for queue_id, one in statuses.items() if one.state not in UNDER_WAY}
        before = self._since
        self._since = {
            queue_id: before[queue_id] if before.get(queue_id, (None, 0.0))[0] is phase else (phase, now)
            for queue_id, phase in phases.items()
        }

    def _records(self) -> dict[str, JobRecord]:
        records = {}
        for key in self.store.unfinished():
            try:
                records[key] = self.store.record(key)
            except (DamagedJobError, JobNotFoundError, JobUnreadableError) as error:
                if key not in self._unreadable:  # Said once, not at every look.
                    self._unreadable.add(key)
                    log.error("%s", error)
        return records

    def _step(self, key: str, record: JobRecord, statuses: Statuses) -> JobRecord:
        outcome = self.store.files(key).outcome()
        if outcome is not None:
            return believed(record, outcome)
        if record.elements:
            return self._follow_array(key, record, statuses)
        stopping = CANCELLED_ON_REQUEST if self.store.cancel_requested(key) else ""
        if record.queue_id is not None:
            return self._follow(record, statuses, stopping)
        if stopping:
            # We may have died, or got no answer, between its submission and the record of it.
            self.scheduler.withdraw(self.store.folder(key))
            return ended(record, JobEvent.CANCEL, stopping, self.clock.now())
        return self._hand_over_when_ready(key, record)

    # -- before the scheduler has the job

    def _hand_over_when_ready(self, key: str, record: JobRecord) -> JobRecord:
        definition = self.store.definition(key)
        parents = {parent: self.store.record(parent) for parent in definition.after}
        lost = [parent for parent, its in parents.items() if its.state.ended and its.state is not JobState.SUCCEEDED]
        waiting = [parent for parent, its in parents.items() if not its.state.ended]
        if lost:
            title, parent = self.store.definition(lost[0]).title, parents[lost[0]]
            reason = f"Not started: the job it waits for, “{title}”, {_ended_as(parent)}".strip()
            return ended(record, JobEvent.CANCEL, reason, self.clock.now())
        if waiting:
            return changed(record, reason=f"Waits for “{self.store.definition(waiting[0]).title}”.")
        if definition.resources.array > 1:
            elements = (JobRecord(created_at=self.clock.now()),) * definition.resources.array
            return self._follow_array(key, changed(record, elements=elements), {})
        return self._hand_over(key, record, definition)

    def _hand_over(self, key: str, record: JobRecord, definition: JobDefinition) -> JobRecord:
        folder = self.store.folder(key)
        try:
            queue_id = self.scheduler.submit(self.command(folder), folder, definition.resources)
        except SubmissionRefusedError as error:
            return ended(record, JobEvent.FAIL, str(error), self.clock.now())
        except SchedulerUnavailableError as error:
            return changed(record, reason=_waits_for_scheduler(error))
        return handed_over(record, queue_id)

    # -- while the scheduler has the job

    def _follow(self, record: JobRecord, statuses: Statuses, stopping: str) -> JobRecord:
        assert record.queue_id is not None
        status = statuses.get(record.queue_id, UNKNOWN)
        if stopping and status.state in (QueueState.PENDING, QueueState.RUNNING):
            self.scheduler.cancel(record.queue_id)
        now = self.steady_s()
        waited_s = now - self._since.get(record.queue_id, (None, now))[1]
        return followed(record, Seen(status, self.clock.now(), stopping, waited_s), self.policy)

    # -- arrays: the same for each element, and the job's record from theirs

    def _follow_array(self, key: str, record: JobRecord, statuses: Statuses) -> JobRecord:
        """Elements wait, run and are tried again each for itself; one that fails for good ends the others."""
        stopping = CANCELLED_ON_REQUEST if self.store.cancel_requested(key) else ""
        if any(one.state is JobState.FAILED for one in record.elements):
            stopping = stopping or ANOTHER_FAILED
        if stopping and any(one.queue_id is None and not one.state.ended for one in record.elements):
            self.scheduler.withdraw(self.store.folder(key))
        elements = [self._follow_element(key, number, one, statuses, stopping) for number, one in enumerate(record.elements)]
        record = self._hand_over_elements(key, record, elements)
        self._tell_progress(key, record)
        if not all(one.state.ended for one in record.elements):
            return record
        # Written first: a poller that dies now finds it at its next start, and believes it.
        outcomes = [self.store.files(key, number).outcome() for number in range(len(elements))]
        self.store.files(key).conclude(outcome := joined(record.elements, outcomes, self.clock.now()))
        return believed(record, outcome)

    def _follow_element(self, key: str, number: int, one: JobRecord, statuses: Statuses, stopping: str) -> JobRecord:
        if one.state.ended:
            return one
        try:
            outcome = self.store.files(key, number).outcome()
        except DamagedJobError as error:
            return ended(one, JobEvent.FAIL, str(error), self.clock.now())
        if outcome is not None:
            return believed(one, outcome)
        if one.queue_id is not None:
            return self._follow(one, statuses, stopping)
        return ended(one, JobEvent.CANCEL, stopping, self.clock.now()) if stopping else one

    def _hand_over_elements(self, key: str, record: JobRecord, elements: list[JobRecord]) -> JobRecord:
        """Submit those that wait for their first or their next attempt, all in one go."""
        waiting = [number for number, one in enumerate(elements) if one.queue_id is None and not one.state.ended]
        try:
            queue_ids = self._submit_elements(key, waiting) if waiting else ()
        except SubmissionRefusedError as error:
            for number in waiting:
                elements[number] = ended(elements[number], JobEvent.FAIL, str(error), self.clock.now())
        except SchedulerUnavailableError as error:
            return changed(together(record, elements, self.clock.now()), reason=_waits_for_scheduler(error))
        else:
            for number, queue_id in zip(waiting, queue_ids, strict=True):
                elements[number] = handed_over(elements[number], queue_id)
        return together(record, elements, self.clock.now())

    def _submit_elements(self, key: str, numbers: Sequence[int]) -> Sequence[str]:
        folder, resources = self.store.folder(key), self.store.definition(key).resources
        return self.scheduler.submit_array((*self.command(folder), ELEMENT_OPTION), folder, resources, numbers)

    def _tell_progress(self, key: str, record: JobRecord) -> None:
        lines = [self.store.files(key, number).last_progress() for number in range(len(record.elements))]
        told, now = self.store.files(key).last_progress(), summed(lines, record.started_at or self.clock.now())
        if now is not None and (told is None or told.at < now.at):
            self.store.files(key).tell(now)

    # -- writing

    def _save(self, key: str, before: JobRecord, after: JobRecord) -> None:
        if after != before:
            self.store.save(key, after)
        if after.state.ended:
            log.info("job %s: %s (%s)", key, after.state, after.reason)


def _waits_for_scheduler(error: SchedulerUnavailableError) -> str:
    return f"Waits for the scheduler: {error}"


def _ended_as(parent: JobRecord) -> str:
    word = "failed" if parent.state is JobState.FAILED else "was cancelled"
    return f"{word}: {parent.reason}" if parent.reason else f"{word}."
