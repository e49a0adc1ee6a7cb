"""The tissue job: the raster before its document, and going on after a kill."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.anatomy.tissue import section_classes
from core.contracts.anatomy import SectionTissue, TissueParameters
from core.contracts.jobs import Progress
from core.contracts.training import PredictParameters
from core.datasets import BrainFolder
from core.datasets.tissue import read_tissue
from core.tasks import compute_tissue as task
from core.tasks.context import JobInterruptedError
from tests.fakes.brain_folder import write_small_brain
from tests.fakes.tasks import LocalRun

KEY = "d" * 32


@dataclass
class TissueRun(LocalRun):
    """A tissue job on a small brain."""

    def __call__(self, *sections: int) -> Path:
        """Run the job; the folder with what it wrote."""
        task.compute_tissue(self.definition(KEY, TissueParameters(sections=sections), ()), self.context(KEY))
        return self.results_of(KEY) / "tissue"


@pytest.fixture
def tissue(tmp_path: Path) -> TissueRun:
    return TissueRun(BrainFolder(write_small_brain(tmp_path)), tmp_path)


def test_each_section_gets_a_raster_and_a_document_that_describes_it(tissue: TissueRun) -> None:
    folder = tissue(901, 941)
    assert sorted(path.name for path in folder.iterdir()) == ["901.json", "901.png", "941.json", "941.png"]
    for number in (901, 941):
        document = SectionTissue.model_validate_json((folder / f"{number}.json").read_bytes())
        labels, grid = read_tissue(folder / document.label_file)
        np.testing.assert_array_equal(labels, section_classes(tissue.brain, number)[0])
        assert (document.section, document.grid) == (number, grid)
        pixel_mm2 = (grid.pixel_size_um / 1000) ** 2
        assert document.gray_mm2 == pytest.approx((labels == 2).sum() * pixel_mm2)
        assert document.white_mm2 == pytest.approx((labels == 1).sum() * pixel_mm2)


def test_progress_is_told_after_every_section(tissue: TissueRun) -> None:
    tissue(901, 941)
    assert [(report.step, report.of) for report in tissue.reports] == [(1, 2), (2, 2)]


def test_killed_after_some_sections_it_computes_only_the_others(tissue: TissueRun, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        """The process ends here: nothing tidies up."""

    def killed_at_941(folder: BrainFolder, number: int):
        if number == 941:
            raise KilledError
        return section_classes(folder, number)

    with monkeypatch.context() as patch:
        patch.setattr(task, "section_classes", killed_at_941)
        with pytest.raises(KilledError):
            tissue(901, 921, 941)
    folder = tissue.results_of(KEY) / "tissue"
    assert sorted(path.name for path in folder.glob("*.json")) == ["901.json", "921.json"]
    (folder / "941.png").write_bytes(b"half a raster")  # its document is missing, so it does not count
    asked: list[int] = []

    def noted(brain: BrainFolder, number: int):
        asked.append(number)
        return section_classes(brain, number)

    monkeypatch.setattr(task, "section_classes", noted)
    tissue(901, 921, 941)
    assert asked == [941]
    read_tissue(folder / "941.png")


def test_a_stop_is_heard_between_sections_and_finished_ones_stay(tissue: TissueRun) -> None:
    def stop_after_first(report: Progress) -> None:
        tissue.stop = True

    tissue.reports = type("Listener", (), {"append": staticmethod(stop_after_first)})()
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 3 sections"):
        tissue(901, 921, 941)
    assert sorted(path.name for path in (tissue.results_of(KEY) / "tissue").glob("*.json")) == ["901.json"]


def test_sections_that_the_brain_lacks_are_refused_before_anything_is_computed(tissue: TissueRun) -> None:
    with pytest.raises(task.TissueInputError, match=r"has no sections \[5\]"):
        tissue(901, 5)
    assert not (tissue.results_of(KEY) / "tissue").exists()


def test_another_kind_of_job_is_refused(tissue: TissueRun) -> None:
    other = PredictParameters(model_job="a" * 32, sections=(921,))
    with pytest.raises(task.TissueInputError, match="is a predict job"):
        task.compute_tissue(tissue.definition(KEY, other, ()), tissue.context(KEY))
