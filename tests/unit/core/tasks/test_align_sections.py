"""The align job: named sections only, a checkpoint for each step, and going on after a kill."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.anatomy import series
from core.anatomy.by_hand import set_step
from core.contracts.anatomy import AlignParameters
from core.contracts.datasets import Alignment, AlignmentStep, RigidTransform
from core.contracts.jobs import Progress
from core.contracts.training import PredictParameters
from core.datasets import BrainFolder, write_alignment
from core.tasks.align_sections import AlignmentInputError, align_sections
from core.tasks.context import JobInterruptedError
from tests.fakes.brain_folder import write_small_brain
from tests.fakes.tasks import LocalRun

KEY = "c" * 32
HAND = RigidTransform(dx_um=70.0)


@dataclass
class AlignRun(LocalRun):
    """An align job on a brain of noise: every pair it computes is weak."""

    def __call__(self, *sections: int) -> Alignment:
        """Run the job and read what it wrote."""
        align_sections(self.definition(KEY, AlignParameters(sections=sections), ()), self.context(KEY))
        return Alignment.model_validate_json((self.results_of(KEY) / "alignment.json").read_bytes())


@pytest.fixture
def align(tmp_path: Path) -> AlignRun:
    return AlignRun(BrainFolder(write_small_brain(tmp_path)), tmp_path)


def computed(alignment: Alignment) -> list[int]:
    return [step.section for step in alignment.steps if step.quality is not None]


def test_steps_of_named_sections_are_computed_and_the_others_kept(align: AlignRun) -> None:
    result = align(901, 941)
    assert computed(result) == [901, 941]
    assert [step.section for step in result.steps] == [901, 921, 941]
    assert result.steps[1] == align.brain.alignment.steps[1]


def test_a_brain_without_an_alignment_gets_the_steps_it_asked_for(align: AlignRun) -> None:
    (align.brain.path / "alignment.json").unlink()
    result = align(921, 961)  # 961 is the last section: there is nothing to align it to
    assert [step.section for step in result.steps] == [921]
    assert result.base_section == 941


def test_a_step_set_by_hand_is_not_touched(align: AlignRun) -> None:
    by_hand = set_step(align.brain.alignment, align.brain.brain, 921, HAND)
    write_alignment(align.brain.path, by_hand)
    result = align(901, 921, 941)
    assert computed(result) == [901, 941]
    assert result.steps[1] == by_hand.steps[1]


def test_a_stopped_job_goes_on_where_it_was(align: AlignRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def report_and_ask_to_stop(progress: Progress) -> None:
        align.reports.append(progress)
        align.stop = True

    definition = align.definition(KEY, AlignParameters(sections=(901, 921, 941)), ())
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 3 pairs"):
        align_sections(definition, replace(align.context(KEY), report=report_and_ask_to_stop))
    assert not (align.results_of(KEY) / "alignment.json").exists()

    align.stop = False
    seen = []
    whole = series.align_features

    def counting(section: int, *rest: Any) -> AlignmentStep:
        seen.append(section)
        return whole(section, *rest)

    monkeypatch.setattr(series, "align_features", counting)
    assert computed(align(901, 921, 941)) == [901, 921, 941]
    assert seen == [921, 941]
    assert [(report.step, report.of) for report in align.reports] == [(1, 3), (2, 3), (3, 3)]


def test_going_on_gives_the_same_as_one_run(align: AlignRun, tmp_path: Path) -> None:
    whole = align(901, 921, 941)
    (align.results_of(KEY) / "alignment.json").unlink()
    (tmp_path / KEY / "checkpoints" / "921_941.json").unlink()
    assert align(901, 921, 941) == whole


def test_unknown_sections_and_other_jobs_are_refused_by_name(align: AlignRun) -> None:
    with pytest.raises(AlignmentInputError, match=r"SMALL has no sections \[902\]"):
        align(902)
    other = PredictParameters(model_job="a" * 32, sections=(921,))
    with pytest.raises(AlignmentInputError, match="is a predict job"):
        align_sections(align.definition(KEY, other, ()), align.context(KEY))
