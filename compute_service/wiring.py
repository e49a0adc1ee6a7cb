"""The one place that chooses the scheduler, the store and the clock."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import compute_service
from compute_service.schedulers.local import LocalOptions, LocalScheduler
from compute_service.services.following import Policy
from compute_service.services.jobs import JobService
from compute_service.services.reconcile import Reconciler
from compute_service.settings import Settings
from compute_service.stores.job_folder import JobFolderStore

SCHEDULER_NAME = "local"
# What a job may see of the service's environment. A list of what is allowed: secrets added later stay out by themselves.
ALLOWED_IN_JOBS = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME",
)  # fmt: skip


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
    return Reconciler(
        store=JobFolderStore(settings.jobs),
        scheduler=build_scheduler(settings, environment),
        clock=SystemClock(),
        command=runner_command,
        # One disk, no lag: an outcome that is not there when the processes are gone never comes.
        policy=Policy(outcome_grace_s=0),
    )


def build_scheduler(settings: Settings, environment: Mapping[str, str] = os.environ) -> LocalScheduler:
    """The scheduler of this machine."""
    options = LocalOptions(
        slots_cpus=settings.slots_cpus,
        stop_grace_s=settings.stop_grace_s,
        environment=job_environment(settings, environment),
    )
    return LocalScheduler(settings.jobs, options)


def runner_command(folder: Path) -> tuple[str, ...]:
    """The command line that runs a job folder."""
    return (sys.executable, "-m", "compute_service.runner", str(folder))


def job_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a job."""
    allowed = {name: environment[name] for name in ALLOWED_IN_JOBS if name in environment}
    # Jobs run the code that the service runs, also from a checkout that is not installed.
    code = str(Path(compute_service.__file__).absolute().parents[1])
    # Numeric threads that wait give up their core at once: others use the same machine.
    habits = {"PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "passive"}
    return allowed | habits | {"PYTHONPATH": code, "BRODMANN_BRAINS": str(settings.brains)}
