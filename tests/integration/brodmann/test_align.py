"""`brodmann align` on a dataset."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core import datasets
from core.anatomy import series
from core.anatomy.by_hand import set_step
from core.contracts.datasets import Alignment, RigidTransform
from core.datasets import BrainFolder, write_alignment
from tests.fakes.brain_folder import is_held, write_small_brain


def test_without_write_the_alignment_on_disk_stays(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    before = (path / "alignment.json").read_bytes()
    answer = CliRunner().invoke(main, ["align", str(path)])
    assert answer.exit_code == 0, answer.output
    assert "3 of 3 pairs are weak" in answer.stdout  # noise has nothing to align
    assert "Nothing was written" in answer.stderr
    assert (path / "alignment.json").read_bytes() == before


def test_with_write_what_is_printed_is_on_disk(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    answer = CliRunner().invoke(main, ["align", str(path), "--write", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == BrainFolder(path).alignment.model_dump(mode="json")
    assert all(step.quality is not None for step in BrainFolder(path).alignment.steps)


def test_only_the_steps_between_two_sections_are_computed_and_hand_set_ones_stay(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    folder = BrainFolder(path)
    write_alignment(path, set_step(folder.alignment, folder.brain, 921, RigidTransform(dx_um=70.0)))
    answer = CliRunner().invoke(main, ["align", str(path), "--sections", "901", "941", "--write"])
    assert answer.exit_code == 0, answer.output
    after = BrainFolder(path).alignment.steps
    assert [step.quality is not None for step in after] == [True, False, False]
    assert after[1].hand_set
    assert "set by hand" in answer.stdout
    assert "the step from section 901 to 921 is weak" in answer.stdout


def test_steps_set_by_hand_while_it_computes_stay_and_it_writes_under_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_small_brain(tmp_path)
    align_brain, write = series.align_brain, datasets.write_alignment

    def with_somebody_else(folder: BrainFolder, *arguments: Any, **more: Any) -> Alignment:
        alignment = align_brain(folder, *arguments, **more)
        write(path, set_step(folder.alignment, folder.brain, 921, RigidTransform(dx_um=70.0)))
        return alignment

    def write_held(folder: Path, alignment: Alignment) -> None:
        assert is_held(path)
        write(folder, alignment)

    monkeypatch.setattr(series, "align_brain", with_somebody_else)
    monkeypatch.setattr(datasets, "write_alignment", write_held)
    answer = CliRunner().invoke(main, ["align", str(path), "--write"])
    assert answer.exit_code == 0, answer.output
    after = BrainFolder(path).alignment.steps
    assert [(step.section, step.hand_set) for step in after] == [(901, False), (921, True), (941, False)]
    assert all(step.quality is not None for step in (after[0], after[2]))
    assert not is_held(path)


def test_sections_that_the_brain_does_not_have_are_refused_by_number(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["align", str(write_small_brain(tmp_path)), "--sections", "901", "999"])
    assert answer.exit_code != 0
    assert "SMALL has no sections [999]" in answer.output
