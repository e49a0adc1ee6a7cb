"""Jobs on a brain: neither lost nor doubled by a crash, and their results published whole."""

from itertools import pairwise
from pathlib import Path

import pytest

from backend.domain.collections import JOBS
from backend.domain.errors import ComputeUnreachableError, ConflictError
from backend.ports import Query
from core.contracts.api import BrainJob, NewBrainJob
from core.contracts.datasets import RigidTransform
from core.contracts.jobs import JobState, ResultState
from core.datasets import BrainFolder
from tests.fakes.brain_folder import NUMBERS, write_small_brain
from tests.fakes.brain_results import alignment_file, labels_of, tissue_files
from tests.unit.backend.installation import Crash, Installation

PAIRS = tuple(pairwise(NUMBERS))


@pytest.fixture
def brain(tmp_path: Path) -> BrainFolder:
    return BrainFolder(write_small_brain(tmp_path / "brains"))


@pytest.fixture
def installation(brain: BrainFolder, tmp_path: Path) -> Installation:
    return Installation(brain.path.parent, tmp_path)


def start(installation: Installation, kind: str = "tissue", sections: tuple[int, ...] = NUMBERS, key: str = "a") -> BrainJob:
    new = NewBrainJob.model_validate({"key": key * 32, "kind": kind, "sections": sections})
    return installation.services.brain_jobs.create("ada", "SMALL", new)


def started_again(installation: Installation) -> None:
    installation.services = installation.started()


def stages(installation: Installation) -> set[str]:
    return {job["stage"] for job in installation.store.find(JOBS, Query())}


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("write", [1, 2])
def test_a_job_asked_for_again_after_a_crash_is_one_job(installation: Installation, write: int, after_writing: bool) -> None:
    installation.crash_at(write, after_writing)
    with pytest.raises(Crash):
        start(installation)
    started_again(installation)
    job = start(installation)
    assert installation.count(JOBS) == 1
    assert list(installation.compute.jobs) == [job.report.key]
    assert stages(installation) == {"watch"}


def test_a_job_that_was_stored_is_sent_though_nobody_asks_again(installation: Installation) -> None:
    installation.crash_at(1, after_writing=True)
    with pytest.raises(Crash):
        start(installation)
    started_again(installation)
    assert installation.monitor()
    assert len(installation.compute.jobs) == 1


def test_while_the_compute_service_is_away_a_job_waits(installation: Installation) -> None:
    installation.compute.reachable = False
    assert start(installation).report.state == JobState.CREATED
    with pytest.raises(ComputeUnreachableError):
        installation.compute.scheduler()
    assert installation.services.brain_jobs.log("SMALL", start(installation).report.key).text == ""
    installation.compute.reachable = True
    assert installation.monitor()
    assert start(installation).report.state == JobState.SUBMITTED


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("write", range(1, 4))
def test_tissue_is_published_however_often_the_monitor_dies(
    installation: Installation, brain: BrainFolder, write: int, after_writing: bool
) -> None:
    key = start(installation).report.key
    installation.compute.finish(key, tissue_files(901) | tissue_files(921, 0))
    installation.crash_at(write, after_writing)
    if not installation.monitor():
        started_again(installation)
        assert installation.monitor()
    assert stages(installation) == {"done"}
    assert [int(brain.tissue(number)[0].max()) for number in NUMBERS] == [1, 0, 2, 2]


def test_more_sections_than_are_fetched_at_once_arrive_all(
    installation: Installation, brain: BrainFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.fetching.SECTIONS_AT_ONCE", 1)
    key = start(installation).report.key
    installation.compute.finish(key, {name: content for number in NUMBERS for name, content in tissue_files(number).items()})
    installation.services.dispatch.watch()
    installation.services.fetching.fetch_ready()
    assert stages(installation) == {"fetch"}
    assert [int(brain.tissue(number)[0].max()) for number in NUMBERS] == [1, 2, 2, 2]
    assert installation.monitor()
    assert stages(installation) == {"done"}
    assert {int(brain.tissue(number)[0].max()) for number in NUMBERS} == {1}


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_what_a_stopped_job_finished_is_published(installation: Installation, brain: BrainFolder, state: JobState) -> None:
    key = start(installation).report.key
    installation.compute.finish(key, tissue_files(901))
    installation.compute.set(key, state, ResultState.INCOMPLETE, reason="out of memory")
    assert installation.monitor()
    assert [int(brain.tissue(number)[0].max()) for number in NUMBERS] == [1, 2, 2, 2]
    assert start(installation).report.reason == "out of memory"


def test_steps_of_the_job_are_replaced_and_those_set_by_hand_since_stay(installation: Installation, brain: BrainFolder) -> None:
    key = start(installation, "align", (901, 921)).report.key
    installation.services.alignment.set_step("ada", "SMALL", 921, RigidTransform(dx_um=-3))
    installation.compute.finish(key, alignment_file(PAIRS))
    assert installation.monitor()
    steps = brain.alignment.steps
    assert [step.transform.dx_um for step in steps] == [7, -3, 0]
    assert [step.author for step in steps] == [None, "ada", None]
    assert installation.services.brains.alignment("SMALL") == brain.alignment


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"tissue/901.json": b"{}"}, "no SectionTissue"),
        (tissue_files(901) | {"tissue/901.png": b"nothing"}, "no PNG"),
        ({name: content for name, content in tissue_files(901).items() if name.endswith("json")}, "no result of the job"),
        (tissue_files(961), "not asked for"),
    ],
    ids=["document", "raster", "missing", "section"],
)
def test_results_that_cannot_be_believed_are_given_up_with_the_reason(
    installation: Installation, brain: BrainFolder, files: dict[str, bytes], words: str
) -> None:
    job = start(installation, sections=(901, 921))
    installation.compute.finish(job.report.key, files)
    for _ in range(2):
        assert installation.monitor()
    report = start(installation, sections=(901, 921)).report
    assert report.result_state == ResultState.UNAVAILABLE
    assert words in report.reason
    assert {int(brain.tissue(number)[0].max()) for number in NUMBERS} == {2}


def test_results_on_images_that_changed_meanwhile_are_not_published(installation: Installation, brain: BrainFolder) -> None:
    key = start(installation).report.key
    installation.compute.finish(key, tissue_files(901))
    text = (brain.path / "brain.json").read_text()
    (brain.path / "brain.json").write_text(text.replace(brain.brain.section(921).fingerprint, "f" * 64))
    for _ in range(2):
        assert installation.monitor()
    assert "images of brain SMALL changed" in start(installation).report.reason
    assert int(brain.tissue(901)[0].max()) == 2


def test_results_wait_while_the_disk_is_full(
    installation: Installation, brain: BrainFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    key = start(installation).report.key
    installation.compute.finish(key, tissue_files(901))
    with monkeypatch.context() as patch:
        patch.setattr("backend.services.publishing.write_tissue", full)
        for _ in range(3):
            assert installation.monitor()
        assert "No space left" in start(installation).report.reason
        assert stages(installation) == {"fetch"}
    assert installation.monitor()
    assert start(installation).report.reason == ""
    assert brain.tissue(901)[0].tolist() == labels_of(1).tolist()


def test_overlapping_jobs_of_a_kind_exclude_one_another_until_the_first_is_done(installation: Installation) -> None:
    first = start(installation, sections=(901, 921))
    with pytest.raises(ConflictError, match="“Tissue classes of 2 sections, 901–921”, started by ada") as caught:
        start(installation, sections=(921, 941), key="b")
    assert caught.value.details == {"job": first.report.key, "sections": [921]}
    start(installation, sections=(941,), key="c")
    start(installation, "align", (901, 921), key="d")
    installation.compute.finish(first.report.key, tissue_files(901) | tissue_files(921))
    assert installation.monitor()
    start(installation, sections=(921,), key="e")


def test_a_key_used_for_something_else_is_refused(installation: Installation) -> None:
    start(installation, sections=(901,))
    with pytest.raises(ConflictError, match="belongs to another job"):
        start(installation, sections=(921,))
