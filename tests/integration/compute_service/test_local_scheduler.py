import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from compute_service.ports import QueueState, SubmissionRefusedError
from compute_service.schedulers import mpiexec
from compute_service.schedulers.local import THREAD_VARIABLES, LocalOptions, LocalScheduler
from compute_service.schedulers.local_files import LocalPaths, Process, read_process
from compute_service.schedulers.processes import MARK, is_alive, kill_all, session_members
from core.contracts.jobs import Resources
from tests.contract.scheduler_contract import (
    ENDLESS,
    ONE_CPU,
    ONE_DIES,
    SUCCEEDS,
    TWO_PROCESSES,
    WAITS_FOR_EVER,
    StartsProcesses,
    await_status,
)

ROOT = str(Path(__file__).parents[3])
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOT}
PATIENCE_S = 60

STUBBORN_WITH_GRANDCHILDREN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
quiet = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(3600)"
children = [
    subprocess.Popen((sys.executable, "-c", quiet), stdout=subprocess.PIPE, process_group=group) for group in (None, 0)
]
for child in children:
    child.stdout.readline()
open("ready.tmp", "w").write(" ".join(str(child.pid) for child in children))
os.rename("ready.tmp", "ready")
time.sleep(3600)
"""
COUNTS_ITS_STARTS = (
    "import os, time; os.write(os.open('starts', os.O_CREAT | os.O_APPEND | os.O_WRONLY), b'1'); time.sleep(0.3)"
)


def await_that(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def make(jobs: Path, slots_cpus: int = 2, stop_grace_s: float = 30) -> LocalScheduler:
    return LocalScheduler(jobs, LocalOptions(slots_cpus=slots_cpus, stop_grace_s=stop_grace_s, environment=ENVIRONMENT))


def supervisor_of(job_dir: Path, queue_id: str) -> Process:
    process = read_process(LocalPaths(job_dir).process, queue_id)
    assert process is not None
    return process


class TestLocalScheduler(StartsProcesses):
    @pytest.fixture
    def jobs(self, tmp_path):
        folder = tmp_path / "jobs"
        folder.mkdir()
        yield folder
        end_all(folder)

    @pytest.fixture
    def scheduler(self, jobs):
        return make(jobs)

    def restarted(self, scheduler):
        return make(scheduler._jobs)

    def test_no_more_run_than_there_are_slots_and_none_overtakes(self, scheduler, jobs):
        folders = [self.new_job(jobs) for _ in range(4)]
        needs = (ONE_CPU, Resources(cpus=2), ONE_CPU, ONE_CPU)
        ids = [scheduler.submit(ENDLESS, folder, need) for folder, need in zip(folders, needs, strict=True)]
        await_status(scheduler, ids[0], QueueState.RUNNING)
        assert [scheduler.status(ids)[each].state.value for each in ids] == ["running", "pending", "pending", "pending"]
        scheduler.cancel(ids[0])
        await_status(scheduler, ids[1], QueueState.RUNNING)
        assert [scheduler.status(ids)[each].state.value for each in ids] == ["cancelled", "running", "pending", "pending"]
        scheduler.cancel(ids[1])
        await_status(scheduler, ids[3], QueueState.RUNNING)
        assert scheduler.status(ids)[ids[2]].state is QueueState.RUNNING

    def test_a_job_wider_than_the_machine_gets_the_machine(self, scheduler, job_dir):
        queue_id = scheduler.submit(("sh", "-c", "echo $OMP_NUM_THREADS"), job_dir, Resources(cpus=64))
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert LocalPaths(job_dir).log.read_text() == "2\n"

    def test_a_job_sees_only_the_environment_it_is_given(self, jobs, job_dir, monkeypatch):
        monkeypatch.setenv("SECRET_OF_THE_SERVICE", "x")
        scheduler = make(jobs)
        queue_id = scheduler.submit(("env",), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        names = {line.split("=")[0] for line in LocalPaths(job_dir).log.read_text().splitlines()}
        # The C locale is set by Python itself where no locale is given.
        assert names - {"LC_CTYPE"} == {*ENVIRONMENT, *THREAD_VARIABLES, MARK}

    def test_a_command_that_does_not_exist_fails_with_its_name(self, scheduler, job_dir):
        queue_id = scheduler.submit(("no-such-command",), job_dir, ONE_CPU)
        assert "no-such-command" in await_status(scheduler, queue_id, QueueState.FAILED).reason

    def test_a_folder_elsewhere_is_refused(self, scheduler, tmp_path):
        with pytest.raises(SubmissionRefusedError, match="jobs folder"):
            scheduler.submit(SUCCEEDS, tmp_path, ONE_CPU)

    def test_cancel_ends_the_whole_session_even_when_nobody_listens(self, jobs, job_dir):
        scheduler = make(jobs, stop_grace_s=0.2)
        queue_id = scheduler.submit((sys.executable, "-c", STUBBORN_WITH_GRANDCHILDREN), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        await_that((job_dir / "ready").exists)
        leader = supervisor_of(job_dir, queue_id).identity
        assert len(session_members(leader)) == 4
        scheduler.cancel(queue_id)
        await_status(scheduler, queue_id, QueueState.CANCELLED)
        assert session_members(leader) == []

    def test_a_job_is_asked_to_stop_at_its_time_limit(self, scheduler, job_dir):
        polite = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(75)); time.sleep(3600)"
        queue_id = scheduler.submit((sys.executable, "-c", polite), job_dir, Resources(cpus=1, time_limit_s=1))
        status = await_status(scheduler, queue_id, QueueState.FAILED)
        assert "time limit of 1 s" in status.reason

    def test_several_processes_count_with_all_their_processors(self, scheduler, jobs):
        wide, narrow = Resources(cpus=1, processes=2), ONE_CPU
        threads = (sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'], flush=True)")
        first, second = (
            scheduler.submit(ENDLESS, self.new_job(jobs), narrow),
            scheduler.submit(threads, self.new_job(jobs), wide),
        )
        await_status(scheduler, first, QueueState.RUNNING)
        assert scheduler.status([second])[second].state is QueueState.PENDING
        scheduler.cancel(first)
        await_status(scheduler, second, QueueState.COMPLETED)
        assert LocalPaths(jobs / second.split(".")[0]).log.read_text() == "1\n1\n"

    def test_a_killed_process_of_several_is_named_with_its_signal(self, scheduler, job_dir):
        queue_id = scheduler.submit((sys.executable, "-c", ONE_DIES), job_dir, TWO_PROCESSES)
        assert (
            await_status(scheduler, queue_id, QueueState.FAILED).reason == "one of its 2 processes was killed by signal SIGKILL"
        )

    def test_a_cancelled_job_leaves_none_of_its_processes_also_in_sessions_of_their_own(self, jobs, job_dir):
        scheduler = make(jobs, stop_grace_s=0.2)
        command = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS_FOR_EVER}"
        queue_id = scheduler.submit((sys.executable, "-c", command), job_dir, TWO_PROCESSES)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        leader = supervisor_of(job_dir, queue_id).identity
        await_that(lambda: len({os.getsid(pid) for pid in session_members(leader)}) > 3)
        scheduler.cancel(queue_id)
        await_status(scheduler, queue_id, QueueState.CANCELLED)
        assert session_members(leader) == []

    def test_several_processes_are_refused_where_there_is_no_mpi(self, scheduler, job_dir, monkeypatch):
        monkeypatch.setattr(mpiexec, "find_mpiexec", lambda _path: None)
        with pytest.raises(SubmissionRefusedError, match=r"no mpiexec.*brodmann\[mpi\]"):
            scheduler.submit(SUCCEEDS, job_dir, TWO_PROCESSES)

    def test_one_process_with_readers_starts_them_itself_where_there_is_no_mpi(self, scheduler, job_dir, monkeypatch):
        monkeypatch.setattr(mpiexec, "find_mpiexec", lambda _path: None)
        queue_id = scheduler.submit(("sh", "-c", 'test -z "$PMI_SIZE"'), job_dir, Resources(cpus=1, readers=3))
        await_status(scheduler, queue_id, QueueState.COMPLETED)

    def test_processes_left_behind_by_a_command_are_ended(self, scheduler, job_dir):
        queue_id = scheduler.submit(("sh", "-c", "sleep 3600 & sleep 3600 & true"), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert session_members(supervisor_of(job_dir, queue_id).identity) == []

    def test_a_killed_command_is_failed_with_its_signal(self, scheduler, job_dir):
        queue_id = scheduler.submit(ENDLESS, job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        leader = supervisor_of(job_dir, queue_id).identity
        await_that(lambda: len(session_members(leader)) == 2)
        kill_all([pid for pid in session_members(leader) if pid != leader.pid])
        assert "SIGKILL" in await_status(scheduler, queue_id, QueueState.FAILED).reason

    def test_a_killed_supervisor_leaves_nothing_running(self, scheduler, job_dir):
        queue_id = scheduler.submit(ENDLESS, job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.RUNNING)
        leader = supervisor_of(job_dir, queue_id).identity
        await_that(lambda: len(session_members(leader)) == 2)
        os.kill(leader.pid, signal.SIGKILL)
        assert "killed" in await_status(scheduler, queue_id, QueueState.FAILED).reason
        assert session_members(leader) == []

    def test_two_schedulers_at_once_start_each_job_once(self, jobs):
        folders = [self.new_job(jobs) for _ in range(6)]
        schedulers = [make(jobs, slots_cpus=6) for _ in range(2)]
        ids = [schedulers[0].submit((sys.executable, "-c", COUNTS_ITS_STARTS), folder, ONE_CPU) for folder in folders]
        threads = [
            threading.Thread(target=lambda each=each: [await_status(each, one, QueueState.COMPLETED) for one in ids])
            for each in schedulers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [(folder / "starts").read_text() for folder in folders] == ["1"] * 6

    def test_two_supervisors_at_once_run_a_folder_once(self, scheduler, jobs, job_dir):
        """What a scheduler killed between starting a supervisor and learning its name could cause."""
        queue_id = scheduler.submit((sys.executable, "-c", COUNTS_ITS_STARTS), job_dir, ONE_CPU)
        command = (sys.executable, "-m", "compute_service.schedulers.supervisor", str(jobs / ".local" / "active" / queue_id))
        both = [subprocess.Popen(command, env=ENVIRONMENT) for _ in range(2)]
        assert sorted(each.wait() for each in both) == [0, 3]
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert (job_dir / "starts").read_text() == "1"

    def test_a_job_outlives_the_process_that_started_it(self, jobs, job_dir):
        script = (
            "import sys; from pathlib import Path; from core.contracts.jobs import Resources\n"
            "from compute_service.schedulers.local import LocalOptions, LocalScheduler\n"
            "jobs, job_dir = map(Path, sys.argv[1:3])\n"
            "environment = dict(PATH=sys.argv[3], PYTHONPATH=sys.argv[4])\n"
            "options = LocalOptions(slots_cpus=2, stop_grace_s=30, environment=environment)\n"
            "scheduler = LocalScheduler(jobs, options)\n"
            "queue_id = scheduler.submit(('sleep', '3600'), job_dir, Resources(cpus=1))\n"
            "scheduler.status([queue_id]); print(queue_id, flush=True); sys.stdin.read()"
        )
        arguments = (sys.executable, "-c", script, str(jobs), str(job_dir), ENVIRONMENT["PATH"], ROOT)
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
            queue_id = starter.stdout.readline().strip()
            starter.kill()
        scheduler = make(jobs)
        assert scheduler.status([queue_id])[queue_id].state is QueueState.RUNNING
        assert is_alive(supervisor_of(job_dir, queue_id).identity)
        scheduler.cancel(queue_id)
        await_status(scheduler, queue_id, QueueState.CANCELLED)

    def test_interrupting_ends_every_job_and_says_why(self, scheduler, jobs):
        folders = [self.new_job(jobs) for _ in range(2)]
        ids = [scheduler.submit(ENDLESS, folder, ONE_CPU) for folder in folders]
        await_status(scheduler, ids[0], QueueState.RUNNING)
        await_status(scheduler, ids[1], QueueState.RUNNING)
        identities = [supervisor_of(folder, queue_id).identity for folder, queue_id in zip(folders, ids, strict=True)]
        scheduler.interrupt_all()
        assert [identity for identity in identities if session_members(identity)] == []
        statuses = scheduler.status(ids)
        assert {status.state for status in statuses.values()} == {QueueState.INTERRUPTED}
        assert {status.reason for status in statuses.values()} == {"it was told to stop"}

    def test_interrupting_leaves_waiting_jobs_waiting(self, jobs):
        scheduler = make(jobs, slots_cpus=1)
        running, waiting = (scheduler.submit(ENDLESS, self.new_job(jobs), ONE_CPU) for _ in range(2))
        await_status(scheduler, running, QueueState.RUNNING)
        scheduler.interrupt_all()
        await_status(scheduler, waiting, QueueState.RUNNING)


def end_all(jobs: Path) -> None:
    """End what a test left running, and wait until it is gone."""
    scheduler = make(jobs)
    ids = [entry.queue_id for entry in scheduler._entries()]
    for queue_id in ids:
        scheduler.cancel(queue_id)
    await_that(lambda: not scheduler._entries() or not scheduler.status(ids))
