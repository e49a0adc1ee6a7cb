"""Where `brodmann evaluate lsm --through` computes: as jobs of a scheduler on this machine, or of a compute service."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from backend.clients.compute import HttpCompute
from compute_service.ports import SchedulerUnavailableError
from compute_service.services.health import POLLER_LOCK
from compute_service.settings import Settings
from compute_service.wiring import build_jobs, build_reconciler, interrupt_jobs
from core.contracts.jobs import JobDefinition, JobReport
from core.datasets import BrainFolder
from core.tasks.job_pairs import ComputeService

LOCAL = "local"
LOOK_EVERY_S = 1.0


@contextmanager
def compute_service(
    through: str, token_file: Path | None, jobs: Path, brains: Sequence[BrainFolder]
) -> Iterator[tuple[ComputeService, Callable[[], None]]]:
    """What runs the jobs, and what to call between two looks at them."""
    if through == LOCAL:
        with _only_one(jobs):
            local = _LocalJobs(jobs, _brains_folder(brains))
            try:
                yield local, local.look
            finally:
                local.close()
    elif through.startswith(("http://", "https://")):
        yield HttpCompute(through.rstrip("/"), token_file), _rest
    else:
        raise click.UsageError(f"--through takes {LOCAL}, or the address of a compute service, not {through!r}")


class _LocalJobs:
    """A compute service without a web process: this command is its poller."""

    def __init__(self, jobs: Path, brains: Path) -> None:
        slots_cpus = len(os.sched_getaffinity(0))
        self._settings = Settings(brains=brains, jobs=jobs, token_file=jobs / "none", slots_cpus=slots_cpus)
        self._jobs = build_jobs(self._settings)
        self._reconciler = build_reconciler(self._settings)

    def submit(self, definition: JobDefinition) -> JobReport:
        """Put a job into the jobs folder."""
        return self._jobs.submit(definition)[0]

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """Where these jobs stand."""
        return self._jobs.reports(keys)

    def result(self, key: str, path: str) -> bytes:
        """A result file."""
        return self._jobs.result_file(key, path).read_bytes()

    def look(self) -> None:
        """Start what waits and notice what has ended; then rest."""
        try:
            self._reconciler.look()
        except SchedulerUnavailableError as error:
            click.echo(f"waiting: {error}", err=True)
        _rest()

    def close(self) -> None:
        """Nothing goes on behind the user's back: jobs that run write a checkpoint, and go on from it the next time."""
        interrupt_jobs(self._settings)


def _rest() -> None:
    time.sleep(LOOK_EVERY_S)


@contextmanager
def _only_one(jobs: Path) -> Iterator[None]:
    jobs.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (jobs / POLLER_LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"another evaluation is running in {jobs.parent}; wait for it, or take another --out"
            ) from None
        yield


def _brains_folder(brains: Sequence[BrainFolder]) -> Path:
    """The folder that holds all brains, each under its name, as jobs find them."""
    parents = {brain.path.resolve().parent for brain in brains}
    misnamed = [brain for brain in brains if brain.path.name != brain.brain.id]
    if len(parents) > 1 or misnamed:
        raise click.UsageError("with --through local all brains lie in one folder, each in a folder of its own name")
    return parents.pop()
