"""A job of several processes over two nodes of a real Slurm: srun starts the runner as each rank."""

import os
import socket
import sys
from importlib.util import find_spec

import pytest

from brodmann.lab.slurm import SlurmLab
from compute_service.ports import JobPaths, QueueState
from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.slurm import SlurmOptions, SlurmScheduler
from core.contracts.jobs import BrainReference, JobInputs, Outcome, Resources
from core.contracts.training import TrainParameters
from tests.contract.scheduler_contract import await_status
from tests.fakes.brain_folder import NUMBERS
from tests.fakes.jobs import training_job
from tests.integration.cluster import needs_slurm
from tests.integration.compute_service.installation import ROOT, make_brain, square

pytestmark = [needs_slurm, pytest.mark.skipif(find_spec("mpi4py") is None, reason="needs MPI: pip install 'brodmann[mpi]'")]
PARTITION = Partition(name="batch", nodes=2, cpus_per_node=4, memory_mb_per_node=8_000, longest_h=24)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    root = tmp_path_factory.mktemp("cluster")
    brain, jobs = make_brain(root / "brains", NUMBERS), root / "jobs"
    jobs.mkdir()
    quick = {"poll_interval_s": 0, "longest_back_off_s": 1, "forgotten_after_s": 0}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "BRODMANN_BRAINS": str(root / "brains")}
    with SlurmLab(root / "lab", cpus=4, memory_mb=8_000) as lab:
        options = SlurmOptions(
            profile=ClusterProfile(name="lab", partitions=(PARTITION,), **quick),
            stop_grace_s=30,
            environment=environment | lab.environment,
        )
        yield brain, jobs, SlurmScheduler(jobs, options)


def finished(cluster, task, state, readers=0):
    """The files of a job of two processes, one on each node with its readers, once it has come to a state, and the reason."""
    brain, jobs, scheduler = cluster
    definition = training_job(
        parameters=TrainParameters(areas=("hOc1",), sections=(NUMBERS[0], NUMBERS[-1])),
        inputs=JobInputs(
            brain=BrainReference(id=brain.brain.id, fingerprint=brain.fingerprint()),
            annotations=tuple(square(number) for number in (NUMBERS[0], NUMBERS[-1])),
        ),
        resources=Resources(cpus=1, processes=2, readers=readers, nodes=2, memory_mb=500, time_limit_s=600),
    )
    folder = jobs / definition.key
    folder.mkdir()
    JobPaths(folder).definition.write_text(definition.model_dump_json())
    argv = (sys.executable, "-m", "tests.integration.compute_service.rank_job", str(folder), task)
    return JobPaths(folder), await_status(scheduler, scheduler.submit(argv, folder, definition.resources), state).reason


def test_the_ranks_of_two_nodes_know_where_to_meet(cluster):
    paths, _ = finished(cluster, "meets", QueueState.COMPLETED)
    first, second = ((paths.results / f"rank-{rank}").read_text().split() for rank in (0, 1))
    assert (first[:3], second[:3]) == (["0", "2", "0"], ["1", "2", "0"])
    assert first[3:] == second[3:]


def test_a_rank_that_fails_on_another_node_ends_the_job_with_its_own_message(cluster):
    paths, _ = finished(cluster, "second_fails", QueueState.FAILED)
    outcome = Outcome.model_validate_json(paths.outcome.read_bytes())
    assert outcome.message.startswith("section 911 cannot be read (process 2 of 2, on ")


def test_ranks_of_a_node_read_for_the_one_that_works_there_and_share_its_arrays(cluster):
    paths, _ = finished(cluster, "reads", QueueState.COMPLETED, readers=1)
    found = [[int(word) for word in (paths.results / f"rank-{rank}").read_text().split()] for rank in (0, 1)]
    assert [each[:2] for each in found] == [[99 * 100 // 2, 1], [99 * 100 // 2, 1]]
    assert found[0][2] != found[1][2]
    assert Outcome.model_validate_json(paths.outcome.read_bytes()).state == "succeeded"


def test_a_reader_that_is_killed_on_another_node_is_named(cluster):
    paths, reason = finished(cluster, "reader_dies", QueueState.FAILED, readers=1)
    assert reason == f"process 4 of 4, which reads for process 3, on {socket.gethostname()} was killed by signal SIGKILL"
    assert not paths.outcome.exists()
