"""A features job of four MPI ranks, some of which read for the others: the same encoder, whoever reads and whoever dies."""

import json
import os
import re
import signal
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from compute_service.ports import JobPaths, QueueState
from compute_service.schedulers.local import LocalOptions, LocalScheduler
from core.contracts.features import FeaturesParameters
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Resources
from core.datasets import BrainFolder
from core.tasks.run_here import context
from core.tasks.train_features import train_features
from tests.contract.scheduler_contract import await_status
from tests.fakes.feature_jobs import SMALL
from tests.fakes.jobs import training_job
from tests.fakes.patches import AREAS, annotated_brain
from tests.integration.compute_service.installation import ROOT, await_that

pytestmark = pytest.mark.skipif(find_spec("mpi4py") is None, reason="needs MPI: pip install 'brodmann[mpi]'")
STEPS = 4


@dataclass(frozen=True, slots=True)
class Machine:
    """A brain with outlines, a jobs folder and the scheduler of one machine."""

    inputs: JobInputs
    brains: Path
    jobs: Path
    scheduler: LocalScheduler

    def job(self, **resources: int) -> JobDefinition:
        """A small features job, its folder made."""
        definition = training_job(
            parameters=FeaturesParameters(areas=AREAS, settings=SMALL),
            inputs=self.inputs,
            resources=Resources(cpus=1, time_limit_s=600, **resources),
        )
        folder = self.jobs / definition.key
        folder.mkdir()
        JobPaths(folder).definition.write_text(definition.model_dump_json())
        return definition

    def start(self, definition: JobDefinition) -> str:
        """Start its processes."""
        folder = self.jobs / definition.key
        argv = (sys.executable, "-m", "tests.integration.compute_service.held_features", str(folder))
        return self.scheduler.submit(argv, folder, definition.resources)

    def finish(self, definition: JobDefinition) -> None:
        """Run it to its end."""
        (self.jobs / definition.key / "hold").unlink(missing_ok=True)
        await_status(self.scheduler, self.start(definition), QueueState.COMPLETED)

    def held(self, definition: JobDefinition, after: int) -> str:
        """Start it, and wait until its first process is held after so many steps."""
        paths = self.paths(definition)
        (paths.folder / "held").unlink(missing_ok=True)
        (paths.folder / "hold").write_text(str(after))
        queue_id = self.start(definition)
        await_status(self.scheduler, queue_id, QueueState.RUNNING)
        await_that((paths.folder / "held").exists, "the step where it is held")
        return queue_id

    def paths(self, definition: JobDefinition) -> JobPaths:
        """The job's files."""
        return JobPaths(self.jobs / definition.key)

    def encoder(self, definition: JobDefinition) -> dict[str, torch.Tensor]:
        """What was learnt."""
        return load_file(self.paths(definition).results / "encoder.safetensors")

    def steps(self, definition: JobDefinition) -> list[int]:
        """The steps that were told, in all attempts."""
        told = [json.loads(line) for line in self.paths(definition).progress.read_text().splitlines()]
        return [each["step"] for each in told if each["phase"] == "training"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    root = tmp_path_factory.mktemp("readers")
    brain, jobs = annotated_brain(root / "brains"), root / "jobs"
    jobs.mkdir()
    reference = BrainReference(id=brain.folder.brain.id, fingerprint=brain.folder.fingerprint())
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "BRODMANN_BRAINS": str(root / "brains")}
    scheduler = LocalScheduler(jobs, LocalOptions(slots_cpus=4, stop_grace_s=30, environment=environment))
    return Machine(JobInputs(brain=reference, annotations=brain.annotations), root / "brains", jobs, scheduler)


@pytest.fixture(scope="module")
def alone(machine, tmp_path_factory):
    """The encoder that one process learns, whose threads read."""
    folder, threads = tmp_path_factory.mktemp("alone"), torch.get_num_threads()
    torch.set_num_threads(1)
    around = context([BrainFolder(machine.brains / "SMALL")], folder, folder, lambda _: None, lambda: False)
    train_features(machine.job(), around)
    torch.set_num_threads(threads)
    return load_file(folder / "results" / "encoder.safetensors")


def kill(machine, definition, rank, number=signal.SIGKILL):
    said = re.findall(rf"process {rank + 1} of 4.* is number (\d+) there", machine.paths(definition).log.read_text())
    os.kill(int(said[-1]), number)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    differ = [name for name, value in expected.items() if not torch.equal(found[name], value)]
    assert not differ


def test_a_job_with_readers_that_is_killed_and_stopped_goes_on_and_learns_bit_for_bit_what_one_process_learns(machine, alone):
    definition = machine.job(readers=3)
    paths, host = machine.paths(definition), socket.gethostname()
    queue_id = machine.held(definition, after=1)
    kill(machine, definition, 3)
    died = f"process 4 of 4, which reads for process 1, on {host} was killed by signal SIGKILL"
    assert await_status(machine.scheduler, queue_id, QueueState.FAILED).reason == died
    queue_id = machine.held(definition, after=1)
    kill(machine, definition, 0)
    died = f"process 1 of 4, on {host} was killed by signal SIGKILL"
    assert await_status(machine.scheduler, queue_id, QueueState.FAILED).reason == died
    queue_id = machine.held(definition, after=0)
    machine.scheduler.interrupt_all()
    await_status(machine.scheduler, queue_id, QueueState.INTERRUPTED)
    assert machine.steps(definition) == [1, 2, 3]
    assert not paths.outcome.exists()
    machine.finish(definition)
    assert machine.steps(definition) == [1, 2, 3, 4]
    assert_same(machine.encoder(definition), alone)
    log = paths.log.read_text()
    assert [f"[{rank}/4] this process reads for process 1" in log for rank in (1, 2, 3, 4)] == [False, True, True, True]
    assert log.count("interrupted, ") == 0


def test_two_processes_with_a_reader_each_go_on_when_one_was_killed_and_learn_what_one_process_learns(machine, alone):
    definition = machine.job(processes=2, readers=1)
    queue_id = machine.held(definition, after=1)
    kill(machine, definition, 1)
    reason = await_status(machine.scheduler, queue_id, QueueState.FAILED).reason
    assert reason == f"process 2 of 4, on {socket.gethostname()} was killed by signal SIGKILL"
    machine.finish(definition)
    assert machine.steps(definition) == [1, 2, 3, 4]
    # In float32, where batch normalisation rounds otherwise; that the gradients are the same is told below in float64.
    for name, value in alone.items():
        torch.testing.assert_close(machine.encoder(definition)[name], value, rtol=0.05, atol=0.02, msg=name)
