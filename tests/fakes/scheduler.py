"""A scheduler in memory: each look moves every job one step, as its command would end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compute_service.ports import QueueState, QueueStatus, SchedulerUnavailableError
from core.contracts.jobs import Resources

ENDLESS = None
ENDED = (QueueState.COMPLETED, QueueState.FAILED, QueueState.CANCELLED, QueueState.INTERRUPTED)


def like_the_shell(argv: Sequence[str]) -> int | None:
    """Exit code of the commands that the conformance suite uses."""
    return 0 if list(argv) == ["sleep", "0"] else {"true": 0, "false": 1, "sleep": ENDLESS}[argv[0]]


@dataclass
class Submission:
    """One submission, with the means to say what happens to it."""

    argv: tuple[str, ...]
    job_dir: Path
    element: int | None
    status: QueueStatus = field(default_factory=lambda: QueueStatus(QueueState.PENDING))


class FakeScheduler:
    """`ends` says with which exit code a command ends; None: never by itself."""

    def __init__(self, ends: Callable[[Sequence[str]], int | None] = like_the_shell) -> None:
        self.submissions: dict[str, Submission] = {}
        self.is_away = False
        self._ends = ends

    def submit(self, argv: Sequence[str], job_dir: Path, resources: Resources) -> str:
        self._answer_or_raise()
        return self._submit(argv, job_dir, None)

    def submit_array(
        self, argv: Sequence[str], job_dir: Path, resources: Resources, elements: Sequence[int]
    ) -> tuple[str, ...]:
        self._answer_or_raise()
        return tuple(self._submit((*argv, str(number)), job_dir, number) for number in elements)

    def status(self, queue_ids: Sequence[str]) -> Mapping[str, QueueStatus]:
        self._answer_or_raise()
        answers = {}
        for queue_id in queue_ids:
            submission = self.submissions.get(queue_id)
            answers[queue_id] = submission.status if submission else QueueStatus(QueueState.UNKNOWN)
        for submission in self.submissions.values():
            self._step(submission)
        return answers

    def cancel(self, queue_id: str) -> None:
        self._answer_or_raise()
        submission = self.submissions.get(queue_id)
        if submission and submission.status.state not in ENDED:
            submission.status = QueueStatus(QueueState.CANCELLED)

    def withdraw(self, job_dir: Path) -> None:
        for queue_id, submission in self.submissions.items():
            if submission.job_dir == job_dir:
                self.cancel(queue_id)

    def end(self, queue_id: str, state: QueueState, reason: str = "") -> None:
        """Something happened to it outside our reach."""
        self.submissions[queue_id].status = QueueStatus(state, reason)

    def forget(self, queue_id: str) -> None:
        """As schedulers do some time after a job's end."""
        del self.submissions[queue_id]

    def _submit(self, argv: Sequence[str], job_dir: Path, element: int | None) -> str:
        for queue_id, submission in self.submissions.items():
            same = (submission.job_dir, submission.element) == (job_dir, element)
            if same and submission.status.state not in ENDED:
                return queue_id
        queue_id = f"fake-{len(self.submissions) + 1}"
        self.submissions[queue_id] = Submission(tuple(argv), job_dir, element)
        return queue_id

    def _step(self, submission: Submission) -> None:
        if submission.status.state is QueueState.PENDING:
            submission.status = QueueStatus(QueueState.RUNNING)
        elif submission.status.state is QueueState.RUNNING:
            code = self._ends(submission.argv)
            if code is not ENDLESS:
                failed = QueueStatus(QueueState.FAILED, f"it ended with exit code {code}")
                submission.status = failed if code else QueueStatus(QueueState.COMPLETED)

    def _answer_or_raise(self) -> None:
        if self.is_away:
            raise SchedulerUnavailableError("the controller does not answer")
