"""Models trained, gone on from and looked into, from the API to their results, with a real compute service."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from backend.domain.collections import JOBS
from backend.monitor import run_once
from backend.settings import Settings
from backend.wiring import Services, build
from core.contracts.api import NewInspection, NewProject, NewTask, SaveAnnotation
from core.contracts.projects import TaskRun, TrainingTask
from core.datasets import BrainFolder, adopt_truth
from core.phantom import build as build_phantom
from core.tasks.model_files import load_description
from tests.integration.compute_service.installation import Installation, await_that

AREA = "hOc1"


class Site:
    """The tiny phantom with an area annotated on three sections, in a backend with a compute service that runs."""

    def __init__(self, folder: Path) -> None:
        self.compute = Installation(folder)
        build_phantom(folder / "brains" / "TINY", "tiny", workers=1)
        adopt_truth(folder / "brains" / "TINY")
        self.brain = BrainFolder(folder / "brains" / "TINY")
        self.numbers = [section.number for section in self.brain.brain.sections]
        self.services: Services = build(
            Settings(
                brains=folder / "brains",
                store=folder / "store",
                compute_url=f"http://{self.compute.address}",
                compute_token_file=folder / "token",
                secret_file=folder / "secret",
            )
        )
        self.services.accounts.add("ada", "Ada", "correct horse")
        self.services.projects.create("ada", NewProject(id="demo", title="Demo", brain="TINY", areas=(AREA,)))
        for number in self.numbers[::2]:
            [paths] = [outline.paths for outline in self.brain.truth(number).outlines if outline.area == AREA]
            wanted = SaveAnnotation(section=number, area=AREA, paths=paths, version=0)
            self.services.annotations.save("ada", "demo", uuid4().hex, wanted)

    def train(self, *pairs: tuple[int, int], **more: object) -> TrainingTask:
        new = {"key": uuid4().hex, "area": AREA, "pairs": pairs, "preset": "tiny", **more}
        return self.services.tasks.create("ada", "demo", NewTask.model_validate(new))

    def await_results(self, run: TaskRun) -> None:
        """Rounds of the monitor until both jobs of the run succeeded and what was predicted is in."""

        self.await_done(run.train_job, run.predict_job)

    def await_done(self, *keys: str) -> None:
        """Rounds of the monitor until all these jobs succeeded and their results are in."""

        def are_in() -> bool:
            assert run_once(self.services) == ()
            jobs = [self.services.store.get(JOBS, f"demo/{key}") for key in keys]
            assert not {job["report"]["state"] for job in jobs} & {"failed", "cancelled"}, jobs
            return all(job["stage"] == "done" for job in jobs)

        await_that(are_in, "the results")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.services.close()
    site.compute.stop()


@pytest.fixture(scope="module")
def local(site: Site) -> TaskRun:
    """A local model of the first interval, trained."""
    [run] = site.train((site.numbers[0], site.numbers[2])).runs
    site.await_results(run)
    return run


def test_a_trained_model_is_looked_into_between_its_sections(site: Site, local: TaskRun) -> None:
    place = {"model_job": local.train_job, "section": site.numbers[1], "centre_um": (4000.0, 4000.0)}
    key = site.services.inspections.create("ada", "demo", NewInspection(key=uuid4().hex, **place)).job.report.key
    site.await_done(key)
    found = site.services.inspections.get("ada", "demo", key).inspection
    assert found is not None
    assert (found.section, found.areas, [each.shown for each in found.occlusions]) == (site.numbers[1], (AREA,), [("low",)])
    for name in found.files:
        assert site.services.inspections.picture("ada", "demo", key, name).startswith(b"\x89PNG")


def test_a_global_model_goes_on_from_a_local_one_and_fills_all_intervals(site: Site, local: TaskRun) -> None:
    first, second, third, fourth, fifth = site.numbers
    [whole] = site.train((first, third), (third, fifth), method="global", start_job=local.train_job).runs
    site.await_results(whole)

    model = load_description(site.compute.jobs / whole.train_job / "results")
    assert model.sections == (first, third, fifth)
    assert {annotation.section for annotation in model.annotations} == {first, third, fifth}
    report = site.services.jobs.model_report("ada", "demo", whole.train_job)
    assert (report.areas, report.sections) == ((AREA,), (first, third, fifth))
    for number in (second, fourth):
        [prediction] = site.services.predictions.newest("demo", number)
        assert prediction.job == whole.predict_job
        assert site.services.predictions.raster("ada", "demo", prediction.id, "probability")
        assert site.services.predictions.raster("ada", "demo", prediction.id, "entropy")
    assert site.services.predictions.newest("demo", third) == ()
