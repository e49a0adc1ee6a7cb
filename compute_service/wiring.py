"""The one place that chooses the scheduler, the store and the clock."""

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import compute_service
from compute_service.ports import Scheduler
from compute_service.profile import ClusterProfile
from compute_service.schedulers.local import LocalOptions, LocalScheduler
from compute_service.schedulers.slurm import SlurmOptions, SlurmScheduler
from compute_service.services.following import Policy
from compute_service.services.jobs import JobService
from compute_service.services.reconcile import Reconciler
from compute_service.settings import Settings
from compute_service.stores.job_folder import JobFolderStore

# What a job may see of the service's environment. A list of what is allowed: secrets added later stay out by themselves.
ALLOWED_IN_JOBS = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME",
)  # fmt: skip
# On a cluster Slurm says where temporary files go and which GPUs are the job's; modules come from the profile's prologue.
ALLOWED_ON_CLUSTER = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "SLURM_CONF")


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)


def build_jobs(settings: Settings) -> JobService:
    """What the web process works with."""
    return JobService(JobFolderStore(settings.jobs), SystemClock())


def build_reconciler(settings: Settings, environment: Mapping[str, str] = os.environ) -> Reconciler:
    """What the poller works with."""
    profile = settings.cluster
    return Reconciler(
        store=JobFolderStore(settings.jobs),
        scheduler=build_scheduler(settings, environment),
        clock=SystemClock(),
        command=runner_command if profile is None else partial(runner_command, python=profile.python),
        # One disk, no lag: an outcome that is not there when the processes are gone never comes. Disks of clusters lag.
        policy=Policy(outcome_grace_s=0 if profile is None else profile.outcome_grace_s),
    )


def build_scheduler(settings: Settings, environment: Mapping[str, str] = os.environ) -> Scheduler:
    """Slurm where there is a cluster profile, else this machine."""
    if settings.cluster is None:
        return local_scheduler(settings, environment)
    options = SlurmOptions(
        profile=settings.cluster,
        stop_grace_s=settings.stop_grace_s,
        environment=cluster_environment(settings, settings.cluster, environment),
    )
    return SlurmScheduler(settings.jobs, options)


def local_scheduler(settings: Settings, environment: Mapping[str, str] = os.environ) -> LocalScheduler:
    """The scheduler of this machine."""
    options = LocalOptions(
        slots_cpus=settings.slots_cpus,
        stop_grace_s=settings.stop_grace_s,
        environment=job_environment(settings, environment),
    )
    return LocalScheduler(settings.jobs, options)


def interrupt_jobs(settings: Settings) -> None:
    """Jobs of this machine write a checkpoint, end, and go on at the next start; those of a cluster go on without us."""
    if settings.cluster is None:
        local_scheduler(settings).interrupt_all()


def scheduler_name(settings: Settings) -> str:
    """As `/health` tells it."""
    return "local" if settings.cluster is None else "slurm"


def runner_command(folder: Path, python: Path | None = None) -> tuple[str, ...]:
    """The command line that runs a job folder, with this Python or another."""
    return (str(python or sys.executable), "-m", "compute_service.runner", str(folder))


def job_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a job of this machine."""
    return _chosen(ALLOWED_IN_JOBS, environment) | _of_every_job(settings)


def cluster_environment(settings: Settings, profile: ClusterProfile, environment: Mapping[str, str]) -> dict[str, str]:
    """All that Slurm's commands and the jobs of a cluster see."""
    return _chosen((*ALLOWED_ON_CLUSTER, *profile.environment), environment) | _of_every_job(settings)


def _chosen(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in names if name in environment}


def _of_every_job(settings: Settings) -> dict[str, str]:
    # Jobs run the code that the service runs, also from a checkout that is not installed.
    code = str(Path(compute_service.__file__).absolute().parents[1])
    # Numeric threads that wait give up their core at once: others use the same machine.
    habits = {"PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "passive"}
    return habits | {"PYTHONPATH": code, "BRODMANN_BRAINS": str(settings.brains)}
