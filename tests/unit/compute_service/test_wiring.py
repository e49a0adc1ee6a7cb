from dataclasses import replace
from pathlib import Path

import pytest

from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.local import LocalScheduler
from compute_service.schedulers.slurm import SlurmScheduler
from compute_service.settings import Settings
from compute_service.wiring import build_reconciler, cluster_environment, job_environment, runner_command, scheduler_name


@pytest.fixture
def settings(tmp_path):
    return Settings(brains=tmp_path / "brains", jobs=tmp_path, token_file=tmp_path / "token", slots_cpus=2)


def test_a_job_gets_a_list_of_variables_and_no_secret(settings):
    service = {"PATH": "/bin", "BRODMANN_COMPUTE_TOKEN_FILE": "/token", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONSTARTUP": "y"}
    job = job_environment(settings, service)
    assert set(job) == {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "OMP_WAIT_POLICY", "BRODMANN_BRAINS"}
    assert job["BRODMANN_BRAINS"] == str(settings.brains)


PARTITION = Partition(name="p", nodes=1, cpus_per_node=1, memory_mb_per_node=1000, longest_h=1)
PROFILE = ClusterProfile(name="c", partitions=(PARTITION,), environment=("HTTPS_PROXY",), python=Path("/venv/bin/python"))


def test_with_a_profile_jobs_go_to_slurm_and_their_disks_may_lag(settings):
    assert isinstance(build_reconciler(settings, {}).scheduler, LocalScheduler)
    assert scheduler_name(settings) == "local"
    on_cluster = replace(settings, cluster=PROFILE)
    reconciler = build_reconciler(on_cluster, {})
    assert isinstance(reconciler.scheduler, SlurmScheduler)
    assert scheduler_name(on_cluster) == "slurm"
    assert reconciler.policy.outcome_grace_s == PROFILE.outcome_grace_s
    assert reconciler.command(Path("/j"))[0] == "/venv/bin/python"
    assert runner_command(Path("/j"))[1:] == ("-m", "compute_service.runner", "/j")


def test_a_job_on_a_cluster_gets_the_profiles_variables_and_no_secret(settings):
    service = {
        "PATH": "/bin",
        "BRODMANN_COMPUTE_TOKEN_FILE": "/token",
        "HTTPS_PROXY": "p",
        "TMPDIR": "/x",
        "SBATCH_EXPORT": "ALL",
    }
    job = cluster_environment(settings, PROFILE, service)
    assert set(job) == {"PATH", "HTTPS_PROXY", "PYTHONPATH", "PYTHONUNBUFFERED", "OMP_WAIT_POLICY", "BRODMANN_BRAINS"}
