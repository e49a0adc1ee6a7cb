"""What stands between a job that was taken and a job that runs, looked at from the compute service."""

import os
import shutil
import sys
import uuid
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from compute_service.services.health import poller_is_there
from core.contracts.cluster import CheckedHop, ServiceCheck
from core.datasets import find_brains

LEAST_FREE_GB = 2.0
PACKAGES = ("torch", "numpy", "h5py")
SCHEDULER_NOTE = ".scheduler_away"
"""Holds the reason, in the jobs folder, as long as the poller gets no answer from the scheduler."""


@dataclass(frozen=True, slots=True)
class CheckService:
    """Answers `/check`."""

    brains: Path
    jobs: Path
    version: str
    scheduler: str

    def report(self) -> ServiceCheck:
        """Every hop that can be seen from here, whether it holds or not: none of them makes the others meaningless."""
        folders, problems = find_brains(self.brains)
        return ServiceCheck(
            version=self.version,
            scheduler=self.scheduler,
            brains={folder.brain.id: folder.fingerprint() for folder in folders},
            hops=(self._poller(), self._scheduler(), self._disk(), self._brains(len(folders), problems), _python()),
        )

    def _poller(self) -> CheckedHop:
        try:
            there = poller_is_there(self.jobs)
        except OSError:  # `disk` tells why
            there = False
        return CheckedHop(
            hop="poller",
            holds=there,
            found="moves jobs on" if there else "nobody moves jobs on: no poller works on the jobs folder",
            remedy="" if there else "Start `python -m compute_service.poller` beside the service, with the same settings.",
        )

    def _scheduler(self) -> CheckedHop:
        try:
            reason = (self.jobs / SCHEDULER_NOTE).read_text("utf-8")
        except FileNotFoundError:
            asked = "answers" if self._poller().holds else "is not asked without a poller"
            return CheckedHop(hop="scheduler", holds=True, found=f"{self.scheduler} {asked}")
        return CheckedHop(
            hop="scheduler",
            holds=False,
            found=f"{self.scheduler} does not answer: {reason}",
            remedy="Jobs wait and nothing is lost. If it lasts, ask the cluster's staff.",
        )

    def _disk(self) -> CheckedHop:
        probe = self.jobs / f".check-{uuid.uuid4().hex}"
        remedy = "Free some space there, or set BRODMANN_JOBS to a folder on a disk with room that the nodes see too."
        try:
            with probe.open("xb") as file:
                file.write(b"check")
                file.flush()
                os.fsync(file.fileno())
            free_gb = shutil.disk_usage(self.jobs).free / 1e9
        except OSError as error:
            return CheckedHop(hop="disk", holds=False, found=f"{self.jobs} cannot be written: {error.strerror}", remedy=remedy)
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
        holds = free_gb >= LEAST_FREE_GB
        return CheckedHop(
            hop="disk", holds=holds, found=f"{free_gb:.0f} GB free in {self.jobs}", remedy="" if holds else remedy
        )

    def _brains(self, readable: int, problems: list[str]) -> CheckedHop:
        found = f"{readable} readable in {self.brains}" + (f"; {problems[0]}" if problems else "")
        remedy = "Mend or remove the named one; jobs on other brains run." if problems else ""
        return CheckedHop(hop="brains", holds=not problems, found=found, remedy=remedy)


def _python() -> CheckedHop:
    found, missing = [f"Python {sys.version.split()[0]}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        found.append(f"without {', '.join(missing)}")
    remedy = "Install Brodmann into the service's environment again: pip install brodmann." if missing else ""
    return CheckedHop(hop="python", holds=not missing, found=", ".join(found), remedy=remedy)
