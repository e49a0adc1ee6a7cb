"""`brodmann graph` on a dataset."""

import json

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core.anatomy.midsurface import write_midsurface
from core.contracts.mapping_presets import MAPPING_PRESETS
from core.datasets import BrainFolder, adopt_truth
from core.phantom import build
from tests.fakes.graphs import gray_midsurface

FEW = ["--also", "coordinates", "--layer", "sage", "--layers", "1", "--width", "8", "--epochs", "2", "--learning-rate", "0.1"]


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    build(folder, "tiny", workers=1)
    adopt_truth(folder)
    (folder.parent / "surface" / "results").mkdir(parents=True)
    write_midsurface(folder.parent / "surface" / "results", gray_midsurface(BrainFolder(folder), 800.0))
    return folder


def test_scores_and_extents_are_told(brain, tmp_path):
    asked = ["graph", str(brain), "--midsurface", str(brain.parent / "surface"), *FEW, "--out", str(tmp_path / "run")]
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 0, answer.output
    assert "test      macro F1" in answer.stdout
    assert "hOc1" in answer.stdout
    again = CliRunner().invoke(main, [*asked[:-1], str(tmp_path / "json"), "--json", "--area", "hOc1", "--area", "hOc2"])
    assert again.exit_code == 0, again.output
    report = json.loads(again.stdout)
    assert report["areas"] == ["hOc1", "hOc2"]
    # what is named is in place of the demo preset's, which is for a few thousand nodes
    assert (report["settings"]["width"], report["settings"]["batch_size"]) == (8, MAPPING_PRESETS["demo"].graph.batch_size)


def test_it_says_what_to_name(brain, tmp_path):
    asked = ["graph", str(brain), "--midsurface", str(brain.parent / "surface"), "--out", str(tmp_path / "run")]
    nothing = CliRunner().invoke(main, asked)
    assert nothing.exit_code == 2
    assert "name what nodes are told apart by" in nothing.stderr
    unknown = CliRunner().invoke(main, [*asked, "--also", "coordinates", "--layer", "conv"])
    assert unknown.exit_code == 2
    assert "Input should be 'gat', 'sage' or 'mlp'" in unknown.stderr
    no_preset = CliRunner().invoke(main, [*asked, "--also", "coordinates", "--preset", "best"])
    assert no_preset.exit_code == 2
    assert "there are demo, standard" in no_preset.stderr
