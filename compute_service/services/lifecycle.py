"""The life of a job as a table: which event leads from which state to which."""

from enum import StrEnum

from compute_service.ports import ComputeError
from core.contracts.jobs import JobState


class JobEvent(StrEnum):
    """What can happen to a job."""

    SUBMIT = "submit"
    START = "start"
    REQUEUE = "requeue"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


class IllegalTransition(ComputeError):  # noqa: N818 - the name the design gives it
    """An event that the state does not allow; a mistake in this program, never in a request."""

    def __init__(self, state: JobState, event: JobEvent) -> None:
        allowed = ", ".join(sorted(TRANSITIONS[state])) or "nothing"
        super().__init__(f"A job that is {state} cannot {event}; allowed: {allowed}.")


# submitted -> succeeded: a short job can begin and end between two looks.
TRANSITIONS: dict[JobState, dict[JobEvent, JobState]] = {
    JobState.CREATED: {
        JobEvent.SUBMIT: JobState.SUBMITTED,
        JobEvent.FAIL: JobState.FAILED,
        JobEvent.CANCEL: JobState.CANCELLED,
    },
    JobState.SUBMITTED: {
        JobEvent.START: JobState.RUNNING,
        JobEvent.SUCCEED: JobState.SUCCEEDED,
        JobEvent.FAIL: JobState.FAILED,
        JobEvent.CANCEL: JobState.CANCELLED,
    },
    JobState.RUNNING: {
        JobEvent.REQUEUE: JobState.SUBMITTED,
        JobEvent.SUCCEED: JobState.SUCCEEDED,
        JobEvent.FAIL: JobState.FAILED,
        JobEvent.CANCEL: JobState.CANCELLED,
    },
    JobState.SUCCEEDED: {},
    JobState.FAILED: {},
    JobState.CANCELLED: {},
}


def next_state(state: JobState, event: JobEvent) -> JobState:
    """The state after an event; raises IllegalTransition naming what is allowed."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(state, event) from None
