"""A job of several processes as the local scheduler starts it: MPI's mpiexec, the runner as each rank, torch between them."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors.torch import load_file

from compute_service.ports import JobPaths, QueueState
from compute_service.runner.__main__ import INTERRUPTED
from compute_service.schedulers.local import LocalOptions, LocalScheduler
from compute_service.schedulers.local_files import LocalPaths, read_process
from compute_service.schedulers.mpiexec import find_mpiexec
from compute_service.schedulers.processes import session_members
from compute_service.wiring import runner_command
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Outcome, Resources
from core.contracts.presets import PRESETS
from core.contracts.training import TrainParameters
from core.models.factory import build_model
from core.models.start_weights import load_start_weights
from tests.contract.scheduler_contract import await_status
from tests.fakes.brain_folder import NUMBERS
from tests.fakes.jobs import training_job
from tests.integration.compute_service.installation import ROOT, await_that, make_brain, square

pytestmark = pytest.mark.skipif(find_spec("mpi4py") is None, reason="needs MPI: pip install 'brodmann[mpi]'")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m")
ENDS = (NUMBERS[0], NUMBERS[-1])
SETTINGS = PRESETS["tiny"].settings.model_copy(
    update={"iterations": 1, "batch_size": 2, "halve_learning_rate_at": (), "precision": "float32", "validation_share": 0.0}
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A brain, a jobs folder and the scheduler of one machine."""

    brain: JobInputs
    jobs: Path
    scheduler: LocalScheduler
    brains: Path

    def job(self, processes: int, readers: int = 0, **settings: object) -> JobDefinition:
        """A small training by so many processes, its folder made."""
        parameters = TrainParameters(areas=("hOc1",), sections=ENDS, settings=SETTINGS.model_copy(update=settings))
        resources = Resources(cpus=1, processes=processes, readers=readers, time_limit_s=600)
        definition = training_job(parameters=parameters, inputs=self.brain, resources=resources)
        folder = self.jobs / definition.key
        folder.mkdir()
        JobPaths(folder).definition.write_text(definition.model_dump_json())
        return definition

    def start(self, definition: JobDefinition, task: str = "") -> str:
        """Start the job, or its processes with another task."""
        folder = self.jobs / definition.key
        other = (sys.executable, "-m", "tests.integration.compute_service.rank_job", str(folder), task)
        return self.scheduler.submit(other if task else runner_command(folder), folder, definition.resources)

    def paths(self, definition: JobDefinition) -> JobPaths:
        """The job's files."""
        return JobPaths(self.jobs / definition.key)

    def outcome(self, definition: JobDefinition) -> Outcome:
        """What its processes left."""
        return Outcome.model_validate_json(self.paths(definition).outcome.read_bytes())


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    root = tmp_path_factory.mktemp("machine")
    brain, jobs = make_brain(root / "brains", NUMBERS), root / "jobs"
    reference = BrainReference(id=brain.brain.id, fingerprint=brain.fingerprint())
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "BRODMANN_BRAINS": str(root / "brains")}
    jobs.mkdir()
    scheduler = LocalScheduler(jobs, LocalOptions(slots_cpus=4, stop_grace_s=30, environment=environment))
    return Machine(
        JobInputs(brain=reference, annotations=tuple(square(each) for each in ENDS)), jobs, scheduler, root / "brains"
    )


def test_two_ranks_with_a_reader_each_learn_what_one_process_learns(machine):
    alone, two = machine.job(1), machine.job(2, readers=1)
    for definition in (alone, two):
        await_status(machine.scheduler, machine.start(definition), QueueState.COMPLETED)
        assert machine.outcome(definition).state == "succeeded"
    one, both = (load_file(machine.paths(each).results / "model.safetensors") for each in (alone, two))
    start = build_model(SETTINGS.architecture, SETTINGS.seed, 1, 0)
    load_start_weights(start, SETTINGS.start_weights)
    name, weight = "decoder.classifier.weight", start.decoder.classifier.weight.detach()
    # Near the loss: torch's batch normalisation of one process rounds so that deeper gradients differ by more. In float64
    # all weights are the same (tests/integration/core/test_train_together.py).
    assert (both[name] - one[name]).norm() < 0.03 * (one[name] - weight).norm()
    assert loss_of(machine, two) == pytest.approx(loss_of(machine, alone), rel=0.01)
    assert "[1/4] training: 1 of 1" in machine.paths(two).log.read_text()
    assert "[2/4] training" not in machine.paths(two).log.read_text()


def loss_of(machine, definition):
    return json.loads((machine.paths(definition).results / "report.json").read_text())["final_loss"]


def test_a_word_to_stop_that_reaches_one_rank_stops_all_at_one_step_with_a_checkpoint(machine):
    definition = machine.job(2, iterations=100_000)
    queue_id, paths = machine.start(definition), machine.paths(definition)
    await_status(machine.scheduler, queue_id, QueueState.RUNNING)
    await_that(lambda: paths.progress.exists() and '"training"' in paths.progress.read_text(), "the first step")
    supervisor = read_process(LocalPaths(paths.folder).process, queue_id).identity
    ranks = [pid for pid in session_members(supervisor) if rank_of(pid) is not None]
    os.kill(next(pid for pid in ranks if rank_of(pid) == 1), signal.SIGTERM)
    assert f"exit code {INTERRUPTED}" in await_status(machine.scheduler, queue_id, QueueState.FAILED).reason
    assert (paths.checkpoints / "checkpoint.safetensors").exists()
    assert not paths.outcome.exists()


def rank_of(pid):
    names = dict(each.split(b"=", 1) for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if b"=" in each)
    return int(names[b"PMI_RANK"]) if b"PMI_RANK" in names else None


def test_the_ranks_know_where_to_meet(machine):
    definition = machine.job(2)
    await_status(machine.scheduler, machine.start(definition, "meets"), QueueState.COMPLETED)
    first, second = ((machine.paths(definition).results / f"rank-{rank}").read_text().split() for rank in (0, 1))
    assert first[:4] == ["0", "2", "0", "127.0.0.1"]
    assert second == ["1", "2", "1", *first[3:]]
    assert machine.outcome(definition).results == ("rank-0", "rank-1")


@pytest.mark.parametrize("task", ["second_fails", "second_fails_first_notices"])
def test_a_rank_that_fails_ends_the_job_with_its_own_message(machine, task):
    definition = machine.job(2)
    queue_id = machine.start(definition, task)
    await_status(machine.scheduler, queue_id, QueueState.FAILED)
    outcome = machine.outcome(definition)
    assert outcome.message.startswith("section 911 cannot be read (process 2 of 2, on ")
    assert "ValueError" in outcome.details


@pytest.mark.parametrize(("started", "says"), [(1, "alone in its MPI"), (2, "and 2 were started")])
def test_another_number_of_ranks_than_asked_for_is_refused_with_the_remedy(machine, started, says):
    definition = machine.job(4, batch_size=4)
    launcher = (find_mpiexec(), "-n", str(started)) if started > 1 else ()
    command = (*launcher, *runner_command(machine.paths(definition).folder))
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False).returncode == 1
    assert "asks for 4 processes" in machine.outcome(definition).message
    assert says in machine.outcome(definition).message


def by_torchrun(machine, definition, task):
    command = (*TORCHRUN, "tests.integration.compute_service.rank_job", str(machine.jobs / definition.key), task)
    environment = {"PATH": os.environ["PATH"], "BRODMANN_BRAINS": str(machine.brains), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120, check=False).returncode


def test_processes_that_torchrun_started_wait_for_one_another(machine):
    definition = machine.job(2)
    assert by_torchrun(machine, definition, "first_is_late") == 0
    outcome = machine.outcome(definition)
    assert (outcome.state, outcome.results) == ("succeeded", ("rank-0", "rank-1"))


def test_a_process_of_torchrun_that_fails_ends_the_job_with_its_own_message(machine):
    definition = machine.job(2)
    assert by_torchrun(machine, definition, "second_fails") == 1
    assert machine.outcome(definition).message.startswith("section 911 cannot be read (process 2 of 2, on ")


def test_processes_of_torchrun_start_their_readers_themselves(machine):
    definition = machine.job(2, readers=1)
    assert by_torchrun(machine, definition, "reads") == 0
    found = [(machine.paths(definition).results / f"rank-{rank}").read_text().split() for rank in (0, 1)]
    assert [each[:2] for each in found] == [["4950", "1"], ["4950", "1"]]
    assert found[0][2] != found[1][2]
