"""From the API to the published files with a real compute service and its local scheduler; killed in between, too."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.monitor import run_once
from backend.settings import Settings
from backend.wiring import Services, build
from core.contracts.api import BrainJob, NewBrainJob, NewProject
from core.contracts.datasets import RigidTransform
from core.contracts.jobs import JobState, ResultState
from core.datasets import BrainFolder
from core.phantom import build as build_phantom
from tests.fakes.brain_folder import write_small_brain
from tests.integration.compute_service.installation import Installation, await_that

MANY = tuple(range(901, 1021))


class Site:
    """One brains folder, a compute service that runs, and a backend that can be started again."""

    def __init__(self, folder: Path) -> None:
        self.compute = Installation(folder)
        self.brains = folder / "brains"
        build_phantom(self.brains / "TINY", "tiny", workers=1)
        write_small_brain(self.brains, "MANY", MANY)
        self.forget_tissue()
        self._settings = Settings(
            brains=self.brains,
            store=folder / "store",
            compute_url=f"http://{self.compute.address}",
            compute_token_file=folder / "token",
            secret_file=folder / "secret",
        )
        self.services: Services = build(self._settings)
        self.services.accounts.add("ada", "Ada", "correct horse")
        for brain in ("TINY", "MANY"):
            self.services.projects.create("ada", NewProject(id=brain, title=brain, brain=brain, areas=("hOc1",)))

    def forget_tissue(self) -> None:
        """Take the tissue classes of MANY away."""
        for path in (self.brains / "MANY" / "tissue").iterdir():
            path.unlink()

    def restart(self) -> None:
        """The backend ends and is started again."""
        self.services.close()
        self.services = build(self._settings)

    def start(self, brain: str, kind: str, key: str) -> BrainJob:
        new = NewBrainJob.model_validate({"key": key * 32, "kind": kind})
        return self.services.brain_jobs.create("ada", brain, new)

    def job(self, brain: str, key: str) -> BrainJob:
        return next(job for job in self.services.brain_jobs.all(brain).jobs if job.report.key == key)

    def await_results(self, brain: str, key: str) -> BrainJob:
        """Rounds of the monitor until the job's results are in."""

        def is_in() -> bool:
            problems = run_once(self.services)
            assert problems == ()
            report = self.job(brain, key).report
            return report.state.ended and report.result_state != ResultState.WAITING

        await_that(is_in, f"the results of job {key}")
        return self.job(brain, key)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.services.close()
    site.compute.stop()


def test_tissue_and_alignment_of_the_phantom_are_computed_and_published(site: Site) -> None:
    folder = BrainFolder(site.brains / "TINY")
    assert {facts.tissue for facts in site.services.derived.sections("TINY").sections} == {"missing"}

    tissue, align = (site.start("TINY", kind, key).report.key for kind, key in (("tissue", "a"), ("align", "b")))
    site.services.alignment.set_step("ada", "TINY", 921, RigidTransform(dx_um=12))
    for key in (tissue, align):
        report = site.await_results("TINY", key).report
        assert (report.state, report.result_state) == (JobState.SUCCEEDED, ResultState.READY), report

    sections = site.services.derived.sections("TINY").sections
    assert {facts.tissue for facts in sections} == {"computed"}
    assert [facts.step is not None for facts in sections] == [True, True, True, True, False]
    assert folder.alignment.steps[2].transform.dx_um == 12
    assert folder.alignment == site.services.brains.alignment("TINY")
    for facts in sections:
        assert (folder.tissue(facts.number)[0] == folder.true_tissue(facts.number)[0]).mean() > 0.9
    assert site.services.brain_jobs.log("TINY", tissue).text


def test_a_job_killed_in_between_goes_on_and_computes_no_section_twice(site: Site) -> None:
    key = site.start("MANY", "tissue", "c").report.key
    first = site.compute.jobs / key / "results" / "tissue" / "901.json"
    await_that(first.exists, "the first section")
    os.kill(site.compute.runner_pid(key), signal.SIGKILL)
    done = [path for path in first.parent.glob("*.json") if not path.name.startswith(".")]
    assert len(done) < len(MANY)
    before = {path: path.stat().st_mtime_ns for path in done}
    site.restart()
    report = site.await_results("MANY", key).report
    assert (report.state, report.attempts) == (JobState.SUCCEEDED, 2)
    assert {path: path.stat().st_mtime_ns for path in done} == before
    assert {facts.tissue for facts in site.services.derived.sections("MANY").sections} == {"computed"}


def test_a_stopped_job_publishes_what_it_finished(site: Site) -> None:
    site.forget_tissue()
    key = site.start("MANY", "tissue", "d").report.key
    await_that((site.compute.jobs / key / "results" / "tissue" / "901.json").exists, "the first section")
    assert run_once(site.services) == ()
    site.services.brain_jobs.cancel("ada", "MANY", key)
    report = site.await_results("MANY", key).report
    assert (report.state, report.result_state) == (JobState.CANCELLED, ResultState.INCOMPLETE), report
    states = [facts.tissue for facts in site.services.derived.sections("MANY").sections]
    assert states[0] == "computed"
    assert states[-1] == "missing"
