"""`brodmann align` on a dataset."""

import json
from pathlib import Path

from click.testing import CliRunner

from brodmann.cli import main
from core.datasets import BrainFolder
from tests.fakes.brain_folder import write_small_brain


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
