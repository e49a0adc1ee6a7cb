"""The terminal's way: build a phantom, train, predict, evaluate; each command on what the one before left."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core.datasets import adopt_truth

MPIEXEC = Path(sys.executable).with_name("mpiexec")
SECTIONS = ("--sections", "901,941")


def brodmann(*arguments: str) -> str:
    """What the command prints; a failure fails the test with its words."""
    answer = CliRunner().invoke(main, arguments)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny brain, a model of hOc1 and its predictions."""
    folder = tmp_path_factory.mktemp("terminal")
    brodmann("phantom", "build", f"{folder}/TINY", "--preset", "tiny")
    adopt_truth(folder / "TINY")
    brodmann("train", f"{folder}/TINY", "--area", "hOc1", *SECTIONS, "--preset", "tiny", "--out", f"{folder}/model")
    arguments = ("--model", f"{folder}/model", "--out", f"{folder}/predicted", "--json")
    (folder / "told.json").write_text(brodmann("predict", f"{folder}/TINY", *arguments))
    return folder


def test_predict_tells_every_section_in_between(workplace: Path) -> None:
    told = json.loads((workplace / "told.json").read_text())
    assert [prediction["section"] for prediction in told] == [911, 921, 931]
    for prediction in told:
        for file in (prediction["label_file"], prediction["confidence_file"]):
            assert (workplace / "predicted" / "results" / "predictions" / file).is_file()


def test_of_several_models_all_have_a_say(workplace: Path) -> None:
    """A model and its own copy agree with the model alone."""
    models = ("--model", f"{workplace}/model", "--model", f"{workplace}/model")
    brodmann("predict", f"{workplace}/TINY", *models, "--sections", "921", "--out", f"{workplace}/together")
    alone, both = (
        (workplace / name / "results" / "predictions" / "921_hOc1_label.png").read_bytes() for name in ("predicted", "together")
    )
    assert both == alone


def test_evaluate_scores_every_section_and_draws_the_worst(workplace: Path) -> None:
    picture = workplace / "worst.png"
    folders = ("--model", f"{workplace}/model", "--predictions", f"{workplace}/predicted")
    scores = json.loads(brodmann("evaluate", f"{workplace}/TINY", *folders, "--picture", str(picture), "--json"))
    assert [score["section"] for score in scores["scores"]] == [911, 921, 931]
    assert all(0.5 < score["f1_interpolation"] <= 1 for score in scores["scores"])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_evaluate_prints_a_table_with_both_methods(workplace: Path) -> None:
    folders = ("--model", f"{workplace}/model", "--predictions", f"{workplace}/predicted")
    text = brodmann("evaluate", f"{workplace}/TINY", *folders)
    assert "interpolation" in text
    assert "921" in text
    assert "middle third" in text


def test_evaluate_lsm_trains_scores_and_writes_a_page(workplace: Path) -> None:
    arguments = ("--area", "hOc1", "--ends", "901", "941", "--preset", "tiny", "--iterations", "1", "--middle-third")
    text = brodmann("evaluate", "lsm", f"{workplace}/TINY", *arguments, "--out", f"{workplace}/grid")
    assert "LSM (LR)" in text
    assert "shape interpolation" in text
    assert (workplace / "grid" / "results.html").read_text().startswith("<!doctype html>")


def test_inspect_draws_and_names_the_layers_there_are(workplace: Path) -> None:
    where = ("inspect", f"{workplace}/TINY", "--model", f"{workplace}/model", "--section", "921", "--at", "4000", "4000")
    brodmann(*where, "--out", f"{workplace}/inside")
    assert (workplace / "inside" / "occlusion_921.png").is_file()
    answer = CliRunner().invoke(main, [*where, "--layer", "nothing", "--out", f"{workplace}/inside"])
    assert answer.exit_code != 0
    assert "it has low_encoder.blocks.0.0" in answer.output


def test_training_on_a_section_without_the_area_is_refused(workplace: Path) -> None:
    command = ("train", f"{workplace}/TINY", "--area", "hOc9", *SECTIONS, "--preset", "tiny", "--out", f"{workplace}/none")
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 1
    assert "hOc9" in answer.output


def test_features_are_learnt_and_then_tell_areas_apart(workplace: Path) -> None:
    areas = ("--area", "hOc1", "--area", "hOc2")
    train = ("features", f"{workplace}/TINY", *areas, "--epochs", "1", "--readers", "1")
    told = brodmann(*train, "--out", f"{workplace}/features")
    assert "patches/s" in told
    assert (workplace / "features" / "results" / "encoder.safetensors").is_file()
    scored = ("classify", f"{workplace}/TINY", *areas, "--features", f"{workplace}/features", "--out", f"{workplace}/classes")
    report = json.loads(brodmann(*scored, "--json"))
    assert report["areas"] == ["hOc1", "hOc2"]
    assert report["transfer"] is None
    assert len(report["test"]["confusion"]) == 2


@pytest.mark.skipif(find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs mpi4py and mpiexec beside Python")
def test_of_two_ranks_one_learns_features_and_the_other_reads_for_it(workplace: Path) -> None:
    train = ("features", f"{workplace}/TINY", "--area", "hOc1", "--area", "hOc2", "--epochs", "1", "--readers", "1")
    command = (str(MPIEXEC), "-n", "2", sys.executable, "-m", "brodmann", *train, "--out", f"{workplace}/ranks")
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("patches/s") == 1
    assert (workplace / "ranks" / "results" / "encoder.safetensors").is_file()


def test_ranks_that_cannot_be_shared_out_to_readers_are_refused(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_SIZE", "3")
    answer = CliRunner().invoke(main, ["features", f"{workplace}/TINY", "--readers", "1", "--out", f"{workplace}/refused"])
    assert answer.exit_code == 2
    assert "3 ranks were started: with --readers 1 start a multiple of 2" in answer.output


def test_what_is_wrong_with_a_request_for_features_is_told(workplace: Path) -> None:
    def refused(*options: str) -> str:
        answer = CliRunner().invoke(main, ["features", f"{workplace}/TINY", *options, "--out", f"{workplace}/refused"])
        assert answer.exit_code != 0
        return answer.output

    assert "none of the datasets has an outline of hOc9" in refused("--area", "hOc1", "--area", "hOc9")
    assert "two areas or more are wanted" in refused("--area", "hOc1")
    assert "no preset 'best'; there are demo, standard" in refused("--preset", "best")
    assert "Input should be 'base', 'resnet18'" in refused("--encoder", "resnet17")
    assert "B07 cannot be held out" in refused("--transfer", "B07")
