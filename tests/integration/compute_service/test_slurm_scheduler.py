import dataclasses
import getpass
import os
import sys
import time
from pathlib import Path

import pytest

from brodmann.lab.slurm import SlurmLab
from compute_service.ports import QueueState, SubmissionRefusedError
from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.local import THREAD_VARIABLES
from compute_service.schedulers.slurm import SlurmOptions, SlurmScheduler
from compute_service.schedulers.slurm_files import read_ledger, write_ledger
from core.contracts.jobs import Resources
from tests.contract.scheduler_contract import ENDLESS, ONE_CPU, SUCCEEDS, StartsProcesses, await_status
from tests.integration.cluster import needs_slurm

pytestmark = needs_slurm
PATIENCE_S = 60
SMALL = Resources(cpus=1, memory_mb=100)
POLITE = """
import os, signal, sys, time
rank = os.environ["SLURM_PROCID"]
def stop(*_):
    open(f"polite-{rank}", "w").close()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
open("ready" if "SLURM_STEP_NODELIST" not in os.environ else f"ready-{rank}", "w").close()
time.sleep(3600)
"""


def await_that(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def printed(folder: Path) -> list[str]:
    """What the command printed, without the line that says where it runs."""
    return (folder / "log.txt").read_text().splitlines()[1:]


def names_in_queue(lab: SlurmLab, job_dir: Path) -> list[str]:
    names = lab.call("squeue", "-h", "-o", "%j").split()
    return [name for name in names if name.startswith(job_dir.name)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with SlurmLab(tmp_path_factory.mktemp("slurm") / "lab", cpus=8, memory_mb=80_000, gpus=4) as lab:
        yield lab


def profile(**more) -> ClusterProfile:
    partition = Partition(name="batch", nodes=2, cpus_per_node=8, memory_mb_per_node=80_000, gpus_per_node=4, longest_h=24)
    quick = {"poll_interval_s": 0, "longest_back_off_s": 1, "forgotten_after_s": 0}
    return ClusterProfile(name="lab", partitions=(partition,), **quick | more)


def make(jobs: Path, lab: SlurmLab, stop_grace_s=30, **more) -> SlurmScheduler:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **lab.environment}
    return SlurmScheduler(jobs, SlurmOptions(profile=profile(**more), stop_grace_s=stop_grace_s, environment=environment))


class TestSlurmScheduler(StartsProcesses):
    @pytest.fixture
    def scheduler(self, jobs, lab):
        return make(jobs, lab)

    @pytest.fixture(autouse=True)
    def _remember(self, lab):
        self.lab = lab
        yield
        lab.call("scancel", f"--user={getpass.getuser()}")

    def restarted(self, scheduler):
        return make(scheduler._jobs, self.lab)

    def test_what_no_partition_has_is_refused_in_words(self, scheduler, job_dir):
        with pytest.raises(SubmissionRefusedError, match="asks for 8 GPUs on a node, partition batch has 4"):
            scheduler.submit(SUCCEEDS, job_dir, Resources(gpus=8))

    def test_what_slurm_refuses_is_told_in_its_words(self, jobs, lab, job_dir):
        with pytest.raises(SubmissionRefusedError, match="refused the job: Invalid generic resource"):
            make(jobs, lab, gpu_gres="tpu").submit(SUCCEEDS, job_dir, Resources(gpus=1, memory_mb=100))

    def test_a_job_gets_what_it_asks_for(self, scheduler, job_dir):
        asked = Resources(cpus=3, gpus=2, memory_mb=300)
        queue_id = scheduler.submit(
            ("sh", "-c", "echo $OMP_NUM_THREADS $SLURM_GPUS_ON_NODE $SLURM_MEM_PER_NODE"), job_dir, asked
        )
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert printed(job_dir) == ["3 2 300"]

    def test_no_variable_of_the_service_reaches_a_job_unless_it_is_chosen(self, jobs, lab, job_dir, monkeypatch):
        monkeypatch.setenv("SECRET_OF_THE_SERVICE", "x")
        monkeypatch.setenv("SBATCH_EXPORT", "ALL")
        scheduler = make(jobs, lab)
        queue_id = scheduler.submit(("env",), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        names = {line.split("=")[0] for line in printed(job_dir)}
        own = {name for name in names if not name.startswith(("SLURM", "SBATCH", "GPU_", "CUDA", "ROCR"))}
        shells = {"PWD", "SHLVL", "_", "ENVIRONMENT", "HOSTNAME", "TMPDIR", "USER", "LOGNAME", "SHELL", "MAIL", "OLDPWD"}
        assert own - shells == {"PATH", "HOME", *THREAD_VARIABLES}
        assert not names & {"SECRET_OF_THE_SERVICE", "SBATCH_EXPORT"}

    def test_names_and_arguments_are_no_shell(self, scheduler, job_dir):
        odd = "a b;$(touch ran)'\"\\ *\n`touch ran`"
        queue_id = scheduler.submit((sys.executable, "-c", "import sys; print(ascii(sys.argv[1]))", odd), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert printed(job_dir) == [ascii(odd)]
        assert not (job_dir / "ran").exists()

    def test_the_prologue_prepares_and_its_failure_names_the_line(self, jobs, lab):
        good, bad = self.new_job(jobs), self.new_job(jobs)
        scheduler = make(jobs, lab, prologue=("export FROM_PROLOGUE=1",))
        queue_id = scheduler.submit(("sh", "-c", "echo $FROM_PROLOGUE"), good, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        assert printed(good) == ["1"]
        scheduler = make(jobs, lab, prologue=("true", "module load no-such-module"))
        queue_id = scheduler.submit(SUCCEEDS, bad, ONE_CPU)
        assert "prologue failed" in await_status(scheduler, queue_id, QueueState.FAILED).reason
        assert "brodmann: line 2 of the prologue failed" in printed(bad)

    def test_a_submission_that_was_cut_off_is_adopted_not_doubled(self, scheduler, jobs, lab, job_dir):
        queue_id = scheduler.submit(ENDLESS, job_dir, ONE_CPU)
        ledger = read_ledger(job_dir)
        write_ledger(job_dir, dataclasses.replace(ledger, slurm_id=None))  # As if sbatch's answer had never come.
        assert self.restarted(scheduler).submit(ENDLESS, job_dir, ONE_CPU) == queue_id
        assert read_ledger(job_dir) == ledger
        assert names_in_queue(lab, job_dir) == [ledger.name]
        scheduler.cancel(queue_id)

    def test_a_submission_taken_late_never_runs_beside_its_successor(self, scheduler, lab, jobs, job_dir):
        """Slurm took the first only after we had looked for it, found nothing and sent a second."""
        queue_id = scheduler.submit(("sh", "-c", "echo ran"), job_dir, ONE_CPU)
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        late = lab.call("sbatch", "--parsable", f"--output={job_dir}/late.txt", f"{job_dir}/slurm.sh").strip()
        await_that(lambda: lab.call("squeue", "-h", "-t", "all", "-o", "%T", "-j", late).strip() == "COMPLETED")
        assert printed(job_dir) == ["ran"]
        assert "another submission has taken its place" in (job_dir / "late.txt").read_text()

    def test_one_that_slurm_forgot_before_it_began_goes_on_and_can_never_begin_twice(self, scheduler, lab, job_dir):
        queue_id = scheduler.submit(SUCCEEDS, job_dir, Resources(cpus=1, memory_mb=100))
        await_status(scheduler, queue_id, QueueState.COMPLETED)
        stranger = queue_id.replace(".1", ".2")
        assert "no longer knew it" in await_status(scheduler, stranger, QueueState.INTERRUPTED).reason
        assert (job_dir / "slurm.2.claim").read_text() == "revoked\n"

    def test_a_number_given_out_again_is_not_taken_for_the_job(self, scheduler, jobs):
        mine, other = self.new_job(jobs), self.new_job(jobs)
        number = scheduler.submit(ENDLESS, other, ONE_CPU).split("@")[0]
        queue_id = f"{number}@{mine.name}.1"
        (mine / "slurm.1.claim").write_text(number)  # It began, and left no word.
        assert scheduler.status([queue_id])[queue_id].state is QueueState.UNKNOWN
        scheduler.cancel(queue_id)
        ledger = read_ledger(other)
        theirs = f"{ledger.slurm_id}@{ledger.name}"
        assert scheduler.status([theirs])[theirs].state in (QueueState.PENDING, QueueState.RUNNING)
        scheduler.cancel(theirs)

    def test_a_command_that_was_told_to_stop_is_interrupted(self, scheduler, lab, job_dir):
        queue_id = scheduler.submit((sys.executable, "-c", POLITE), job_dir, ONE_CPU)
        await_that((job_dir / "ready").exists)
        lab.call("scancel", "--batch", "--signal=TERM", queue_id.split("@")[0])  # As Slurm does before the time limit.
        assert await_status(scheduler, queue_id, QueueState.INTERRUPTED).reason == "its time at the cluster was nearly over"

    def test_all_processes_of_a_job_are_told_to_stop(self, scheduler, lab, job_dir):
        queue_id = scheduler.submit(
            (sys.executable, "-c", POLITE), job_dir, Resources(cpus=1, processes=4, nodes=2, memory_mb=100)
        )
        await_that(lambda: len(list(job_dir.glob("ready*"))) == 4)
        lab.call("scancel", "--batch", "--signal=TERM", queue_id.split("@")[0])
        await_status(scheduler, queue_id, QueueState.INTERRUPTED)
        assert len(list(job_dir.glob("polite*"))) == 4

    def test_a_killed_command_is_failed_with_its_signal(self, scheduler, job_dir):
        queue_id = scheduler.submit((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), job_dir, ONE_CPU)
        assert "SIGKILL" in await_status(scheduler, queue_id, QueueState.FAILED).reason

    def test_too_much_memory_is_told_as_such(self, scheduler, job_dir):
        # Without control groups Slurm looks once a second.
        greedy = "import time; filled = bytearray(400 << 20); time.sleep(600)"
        queue_id = scheduler.submit((sys.executable, "-c", greedy), job_dir, Resources(cpus=1, memory_mb=50))
        assert "more memory than the 50 MB" in await_status(scheduler, queue_id, QueueState.FAILED).reason

    def test_who_waits_learns_how_many_come_before(self, scheduler, jobs):
        wide = Resources(cpus=8, processes=2, nodes=2, memory_mb=100)
        folders = [self.new_job(jobs) for _ in range(3)]
        ids = [scheduler.submit(ENDLESS, folder, wide) for folder in folders]
        await_status(scheduler, ids[0], QueueState.RUNNING)
        await_that(lambda: "before yours" in scheduler.status(ids)[ids[2]].reason)
        told = [scheduler.status(ids)[each].reason for each in ids]
        assert told[1] == "Waiting in the queue: it is next, as soon as what it asks for is free."
        assert told[2] == "Waiting in the queue: 1 job before yours."
        for each in ids:
            scheduler.cancel(each)
            await_status(scheduler, each, QueueState.CANCELLED)

    def test_an_array_is_one_submission_with_an_id_for_each_element(self, scheduler, lab, job_dir):
        ids = scheduler.submit_array(("sh", "-c", "echo element $1 > element", "sh"), job_dir, SMALL, (0, 2, 5))
        assert {each.split("_")[0] for each in ids} == {ids[0].split("_")[0]}
        for each in ids:
            await_status(scheduler, each, QueueState.COMPLETED)
        told = {path.parent.name: path.read_text().strip() for path in job_dir.glob("elements/*/element")}
        assert told == {"0": "element 0", "2": "element 2", "5": "element 5"}
        assert all("begins as job" in (job_dir / "elements" / each / "log.txt").read_text() for each in told)

    def test_a_folder_elsewhere_is_refused(self, scheduler, tmp_path):
        with pytest.raises(SubmissionRefusedError, match="jobs folder"):
            scheduler.submit(SUCCEEDS, tmp_path, ONE_CPU)
