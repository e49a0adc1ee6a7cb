"""`brodmann midsurface` on a dataset."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core.anatomy.midsurface import read_midsurface
from core.contracts.annotations import Outline, SectionOutlines
from core.datasets import write_truth
from tests.fakes.ball_brain import CENTRE_UM, NUMBERS, write_ball_brain

EVERYTHING = ((0.0, 0.0), (12000.0, 0.0), (12000.0, CENTRE_UM[1]), (0.0, CENTRE_UM[1]))


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    return write_ball_brain(tmp_path)


def test_the_mesh_is_written_and_its_topology_told(brain: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["midsurface", str(brain), "--out", str(tmp_path / "run"), "--edge-um", "400"])
    assert answer.exit_code == 0, answer.output
    report = read_midsurface(tmp_path / "run" / "results").report
    assert report.parts[0].euler == 2
    assert report.mean_edge_um == pytest.approx(400, rel=0.1)
    assert f"{report.nodes_on_sections} of {report.nodes} nodes lie on a section" in answer.stdout


def test_areas_left_out_are_those_that_come_with_the_dataset(brain: Path, tmp_path: Path) -> None:
    for number in NUMBERS:
        outlines = (Outline(area="cerebellum", paths=(EVERYTHING,)),) if number in (NUMBERS[0], NUMBERS[-1]) else ()
        write_truth(brain, "BALL", SectionOutlines(section=number, outlines=outlines))
    asked = ["midsurface", str(brain), "--without", "cerebellum", "--json", "--out", str(tmp_path / "run")]
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 0, answer.output
    report = json.loads(answer.stdout)
    assert report["parts"][0]["euler"] == 1
    assert report["removed_voxels"] > 5000


def test_what_is_missing_is_told_with_what_to_run_first(brain: Path, tmp_path: Path) -> None:
    (brain / "alignment.json").unlink()
    answer = CliRunner().invoke(main, ["midsurface", str(brain), "--out", str(tmp_path / "run")])
    assert answer.exit_code == 1
    assert "run an align job on brain BALL first" in answer.stderr
    unknown = CliRunner().invoke(main, ["midsurface", str(brain), "--out", str(tmp_path / "run"), "--voxel-um", "-1"])
    assert unknown.exit_code == 2
