import os
from pathlib import Path

import pytest

from brodmann.lab.slurm import SlurmLab
from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.slurm import SlurmOptions, SlurmScheduler
from tests.contract.scheduler_contract import SchedulerContract
from tests.integration.cluster import needs_slurm

pytestmark = needs_slurm


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


class TestSlurmScheduler(SchedulerContract):
    @pytest.fixture
    def scheduler(self, jobs, lab):
        return make(jobs, lab)

    @pytest.fixture(autouse=True)
    def _remember(self, lab):
        self.lab = lab

    def restarted(self, scheduler):
        return make(scheduler._jobs, self.lab)
