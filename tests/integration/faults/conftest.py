"""One installation for all faults of the folder, from the backend to a Slurm of two nodes; each test leaves it well."""

import contextlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.domain.errors import BackendError
from benchmarks.soak import Found, Round, settle
from benchmarks.soak_faults import Moment
from benchmarks.soak_site import BRAINS, SECTIONS, Site
from brodmann.lab.slurm import INSTALL, missing_programs
from brodmann.lab.sshd import sshd_missing
from core.contracts.jobs import JobReport
from tests.integration.compute_service.installation import await_that


class Hurt:
    """A site with the words of the tests."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._used = 0

    def moment(self, *keys: str) -> Moment:
        """For a fault of the soak."""
        return Moment(self.site, random.Random(0), list(keys))

    def tissue(self) -> tuple[str, str, int]:
        """Key, brain and section of a job that was clicked for."""
        self._used += 1
        place = BRAINS[self._used % len(BRAINS)], SECTIONS[self._used // len(BRAINS)]
        for old in (self.site.folder / "brains" / place[0] / "tissue").glob(f"*{place[1]}*"):
            old.unlink()
        return self.site.tissue(*place), *place

    def report(self, key: str) -> JobReport | None:
        """As the compute service tells it; None while it cannot be asked."""
        with contextlib.suppress(BackendError):
            return next(iter(self.site.services.compute.reports([key])), None)
        return None

    def await_report(self, key: str, holds: Callable[[JobReport], bool], what: str) -> JobReport:
        """Until the report is like that."""
        return await_that(lambda: (found := self.report(key)) and holds(found) and found, f"job {key}: {what}")

    def await_run(self, key: str, count: int = 1) -> list[int]:
        """Process ids, once so many run."""
        return await_that(lambda: (found := self.site.runners(key)) and len(found) >= count and found, f"runs of {key}")

    def judge(self, *jobs: tuple[str, str, int], direct: tuple[str, ...] = (), fault: str = "") -> None:
        """Every job comes to its true end, once."""
        these = Round(self.site, fault, {key: (brain, section) for key, brain, section in jobs}, list(direct))
        settle(these)
        found = Found()
        these.judge(found)
        assert (found.lost, found.doubled, found.wrong_state) == ([], [], [])


@pytest.fixture(scope="package")
def whole_site() -> Iterator[Site]:
    if missing := [*missing_programs(), *([sshd_missing()] if sshd_missing() else [])]:
        pytest.skip(f"NOT TESTED: {', '.join(missing)}: {INSTALL} openssh-server")
    folder = Path(tempfile.mkdtemp(prefix="faults"))  # unix sockets have short names
    try:
        with Site(folder / "s") as site:
            yield site
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def hurt(whole_site: Site) -> Iterator[Hurt]:
    whole_site.slurm.await_nodes()  # a controller that was killed leaves nodes drained now and then
    whole_site.await_health()
    yield Hurt(whole_site)
    whole_site.await_health()
