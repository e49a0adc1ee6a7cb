"""`brodmann tissue` on a dataset."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core import datasets
from core.anatomy.tissue import section_classes
from core.datasets import BrainFolder
from tests.fakes.brain_folder import is_held, write_small_brain


def rasters(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (path / "tissue").glob("*.png")}


def test_without_write_the_tissue_on_disk_stays(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    before = rasters(path)
    answer = CliRunner().invoke(main, ["tissue", str(path)])
    assert answer.exit_code == 0, answer.output
    assert len(answer.stdout.splitlines()) == 1 + len(BrainFolder(path).brain.sections)
    assert "Nothing was written" in answer.stderr
    assert rasters(path) == before


def test_with_write_the_named_sections_are_replaced(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    before = rasters(path)
    answer = CliRunner().invoke(main, ["tissue", str(path), "--sections", "901,930-945", "--write", "--json"])
    assert answer.exit_code == 0, answer.output
    assert [each["section"] for each in json.loads(answer.stdout)] == [901, 941]
    for number in (901, 941):
        np.testing.assert_array_equal(
            BrainFolder(path).computed_tissue(number)[0], section_classes(BrainFolder(path), number)[0]
        )
    assert {name for name, data in rasters(path).items() if before.get(name) != data} == {"SMALL_0901.png", "SMALL_0941.png"}


def test_each_section_is_written_under_the_lock_that_the_backend_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small_brain(tmp_path)
    write, held = datasets.write_tissue, []

    def write_held(*arguments: Any) -> None:
        held.append(is_held(path))
        write(*arguments)

    monkeypatch.setattr(datasets, "write_tissue", write_held)
    answer = CliRunner().invoke(main, ["tissue", str(path), "--sections", "901,921", "--write"])
    assert answer.exit_code == 0, answer.output
    assert held == [True, True]
    assert not is_held(path)


@pytest.mark.parametrize(
    ("text", "words"), [("902", "has no section 902"), ("1-5", "has no section 1-5"), ("x", "does not name sections")]
)
def test_sections_that_are_not_there_are_named(tmp_path: Path, text: str, words: str) -> None:
    answer = CliRunner().invoke(main, ["tissue", str(write_small_brain(tmp_path)), "--sections", text])
    assert answer.exit_code == 2
    assert words in answer.stderr
