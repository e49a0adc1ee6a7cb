"""What every scheduler must do. A scheduler's test class inherits this and fills in `scheduler` and `restarted`."""

import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from compute_service.ports import QueueState, QueueStatus, Scheduler
from core.contracts.jobs import Resources

SUCCEEDS = ("true",)
FAILS = ("false",)
ENDLESS = ("sleep", "3600")
ONE_CPU = Resources(cpus=1, time_limit_s=600)
TWO_PROCESSES = Resources(cpus=1, processes=2, memory_mb=500, time_limit_s=600)
SAYS_ITS_RANK = (
    "import sys; from pathlib import Path; from mpi4py import MPI; world = MPI.COMM_WORLD\n"
    "Path(sys.argv[1], f'rank-{world.rank}-of-{world.size}').touch()"
)
WAITS_FOR_EVER = "import time; from mpi4py import MPI; MPI.COMM_WORLD.Barrier(); time.sleep(3600)"
ONE_DIES = (
    "import os, time; from mpi4py import MPI; MPI.COMM_WORLD.Barrier()\n"
    "os.kill(os.getpid(), 9) if MPI.COMM_WORLD.rank else time.sleep(3600)"
)
needs_mpi = pytest.mark.skipif(find_spec("mpi4py") is None, reason="needs MPI: pip install 'brodmann[mpi]'")
PATIENCE_S = 200
LIVING = (QueueState.PENDING, QueueState.RUNNING)


def await_status(scheduler: Scheduler, queue_id: str, *wanted: QueueState) -> QueueStatus:
    """Look until the submission is in one of the wanted states; fails with what was seen instead."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        status = scheduler.status([queue_id])[queue_id]
        if status.state in wanted:
            return status
        if time.monotonic() > deadline or status.state not in LIVING:
            pytest.fail(f"waited for {wanted}, saw {status}")
        time.sleep(0.02)


class SchedulerContract:
    """Rules of the port `compute_service.ports.Scheduler`."""

    @pytest.fixture
    def jobs(self, tmp_path: Path) -> Path:
        folder = tmp_path / "jobs"
        folder.mkdir()
        return folder

    @pytest.fixture
    def scheduler(self, jobs: Path) -> Scheduler:
        raise NotImplementedError("each scheduler's test class makes its own")

    def restarted(self, scheduler: Scheduler) -> Scheduler:
        raise NotImplementedError("the scheduler as a new process would see it")

    @pytest.fixture
    def job_dir(self, jobs: Path) -> Path:
        return self.new_job(jobs)

    @staticmethod
    def new_job(jobs: Path) -> Path:
        folder = jobs / uuid4().hex
        folder.mkdir()
        return folder

    def submit(self, scheduler: Scheduler, argv: Sequence[str], job_dir: Path) -> str:
        return scheduler.submit(argv, job_dir, ONE_CPU)

    def test_what_was_taken_and_never_told_is_withdrawn(self, scheduler: Scheduler, jobs: Path, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        other = self.submit(scheduler, ENDLESS, self.new_job(jobs))
        scheduler.withdraw(self.new_job(jobs))
        self.restarted(scheduler).withdraw(job_dir)
        await_status(scheduler, queue_id, QueueState.CANCELLED)
        assert scheduler.status([other])[other].state in LIVING
        scheduler.cancel(other)
        await_status(scheduler, other, QueueState.CANCELLED)

    def test_a_withdrawn_array_ends_with_all_its_elements(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_ids = scheduler.submit_array(ENDLESS[:1], job_dir, ONE_CPU, (600, 601))
        scheduler.withdraw(job_dir)
        for queue_id in queue_ids:
            await_status(scheduler, queue_id, QueueState.CANCELLED)

    def test_a_stranger_is_unknown_not_failed(self, scheduler: Scheduler) -> None:
        assert scheduler.status(["no-such-id"])["no-such-id"].state is QueueState.UNKNOWN

    def test_nothing_asked_is_nothing_answered(self, scheduler: Scheduler) -> None:
        assert dict(scheduler.status([])) == {}

    def test_only_those_asked_for_are_answered(self, scheduler: Scheduler, jobs: Path) -> None:
        first, second = (self.submit(scheduler, SUCCEEDS, self.new_job(jobs)) for _ in range(2))
        assert set(scheduler.status([first])) == {first}
        await_status(scheduler, second, QueueState.COMPLETED)

    def test_what_was_submitted_is_known_at_once(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        assert scheduler.status([queue_id])[queue_id].state in LIVING
        scheduler.cancel(queue_id)

    def test_a_command_that_ends_well_is_completed(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, SUCCEEDS, job_dir)
        await_status(scheduler, queue_id, QueueState.COMPLETED)

    def test_a_command_that_ends_badly_is_failed_with_a_reason(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, FAILS, job_dir)
        status = await_status(scheduler, queue_id, QueueState.FAILED)
        assert "exit code 1" in status.reason

    def test_an_ended_submission_stays_what_it_is(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, FAILS, job_dir)
        ended = await_status(scheduler, queue_id, QueueState.FAILED)
        scheduler.cancel(queue_id)
        assert scheduler.status([queue_id])[queue_id] == ended

    def test_a_folder_is_not_queued_twice_while_it_is_active(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        assert self.submit(scheduler, ENDLESS, job_dir) == queue_id
        await_status(scheduler, queue_id, QueueState.RUNNING)
        assert self.submit(scheduler, ENDLESS, job_dir) == queue_id
        scheduler.cancel(queue_id)

    def test_a_folder_can_be_queued_again_after_its_end(self, scheduler: Scheduler, job_dir: Path) -> None:
        first = self.submit(scheduler, FAILS, job_dir)
        await_status(scheduler, first, QueueState.FAILED)
        second = self.submit(scheduler, SUCCEEDS, job_dir)
        assert second != first
        await_status(scheduler, second, QueueState.COMPLETED)

    def test_a_running_submission_can_be_cancelled(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        scheduler.cancel(queue_id)
        await_status(scheduler, queue_id, QueueState.CANCELLED)

    def test_a_pending_submission_can_be_cancelled(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        scheduler.cancel(queue_id)
        assert await_status(scheduler, queue_id, QueueState.CANCELLED)

    def test_cancelling_twice_or_a_stranger_does_no_harm(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = self.submit(scheduler, ENDLESS, job_dir)
        for each in (queue_id, queue_id, "no-such-id"):
            scheduler.cancel(each)
        await_status(scheduler, queue_id, QueueState.CANCELLED)

    def test_each_element_of_an_array_is_a_submission_of_its_own(self, scheduler: Scheduler, job_dir: Path) -> None:
        endless, fails = scheduler.submit_array(("sleep",), job_dir, ONE_CPU, (600, 0))
        assert endless != fails
        await_status(scheduler, endless, QueueState.RUNNING)
        await_status(scheduler, fails, QueueState.COMPLETED)
        scheduler.cancel(endless)
        await_status(scheduler, endless, QueueState.CANCELLED)

    def test_an_element_is_not_queued_twice_while_it_is_active_and_again_after_its_end(
        self, scheduler: Scheduler, job_dir: Path
    ) -> None:
        (first,) = scheduler.submit_array(("sleep",), job_dir, ONE_CPU, (600,))
        same, other = scheduler.submit_array(("sleep",), job_dir, ONE_CPU, (600, 601))
        assert same == first
        assert other != first
        for each in (first, other):
            scheduler.cancel(each)
            await_status(scheduler, each, QueueState.CANCELLED)
        assert scheduler.submit_array(("sleep",), job_dir, ONE_CPU, (600,)) != (first,)
        assert scheduler.status([first])[first].state is QueueState.CANCELLED

    def test_a_restart_forgets_nothing(self, scheduler: Scheduler, jobs: Path) -> None:
        living = self.submit(scheduler, ENDLESS, self.new_job(jobs))
        ended = self.submit(scheduler, FAILS, self.new_job(jobs))
        await_status(scheduler, living, QueueState.RUNNING)
        before = await_status(scheduler, ended, QueueState.FAILED)
        again = self.restarted(scheduler)
        assert again.status([living])[living].state is QueueState.RUNNING
        assert again.status([ended])[ended] == before
        again.cancel(living)
        await_status(again, living, QueueState.CANCELLED)


class StartsProcesses(SchedulerContract):
    """Rules of those that start the commands for real, several processes of a job together by MPI."""

    @needs_mpi
    def test_several_processes_are_started_together_and_know_one_another(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = scheduler.submit((sys.executable, "-c", SAYS_ITS_RANK, str(job_dir)), job_dir, TWO_PROCESSES)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert sorted(path.name for path in job_dir.glob("rank-*")) == ["rank-0-of-2", "rank-1-of-2"]

    @needs_mpi
    def test_one_of_several_processes_that_dies_ends_the_others_and_is_a_failure(
        self, scheduler: Scheduler, job_dir: Path
    ) -> None:
        queue_id = scheduler.submit((sys.executable, "-c", ONE_DIES, str(job_dir)), job_dir, TWO_PROCESSES)
        assert await_status(scheduler, queue_id, QueueState.FAILED).reason

    @needs_mpi
    def test_several_processes_are_cancelled_as_one(self, scheduler: Scheduler, job_dir: Path) -> None:
        queue_id = scheduler.submit((sys.executable, "-c", WAITS_FOR_EVER, str(job_dir)), job_dir, TWO_PROCESSES)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        scheduler.cancel(queue_id)
        await_status(scheduler, queue_id, QueueState.CANCELLED)
