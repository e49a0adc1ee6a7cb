"""The command: help is instant, every subcommand can be found, mistakes are told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from brodmann.cli import COMMANDS, main
from brodmann.layout import DataFolder


def test_help_loads_no_science() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from brodmann.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print(sorted({'torch', 'numba', 'cv2'} & set(sys.modules)))\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_help_lists_every_command() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    assert [name for name in COMMANDS if name not in text] == []


def test_an_unknown_command_is_told() -> None:
    answer = CliRunner().invoke(main, ["trian"])
    assert answer.exit_code == 2
    assert "trian" in answer.output


def test_an_unknown_phantom_preset_is_refused_with_those_there_are(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["phantom", "build", f"{tmp_path}/B99", "--preset", "huge"])
    assert answer.exit_code == 2
    assert "tiny" in answer.output


def test_a_phantom_never_overwrites(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["phantom", "build", f"{tmp_path}", "--preset", "tiny"])
    assert answer.exit_code == 2
    assert "exists" in answer.output


@pytest.mark.parametrize(("name", "parameters"), [("hr_unet", 1_420_500), ("lr_unet", 1_766_356), ("ms_unet", 2_364_708)])
def test_models_prints_what_the_design_says(name: str, parameters: int) -> None:
    models = json.loads(CliRunner().invoke(main, ["models", "--json"]).output)
    assert {model["name"]: model["parameters"] for model in models}[name] == parameters


def test_doctor_finds_a_loose_secret(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.create()
    data.compute_token_file.chmod(0o644)
    answer = CliRunner().invoke(main, ["doctor", "--json", "--data", str(data.root)])
    assert answer.exit_code == 1
    finding = next(finding for finding in json.loads(answer.output) if finding["check"] == "secrets")
    assert not finding["holds"]
    assert "chmod 600" in finding["remedy"]


def test_a_folder_that_is_no_brain_is_told_in_words(tmp_path: Path) -> None:
    command = ["train", str(tmp_path), "--area", "hOc1", "--sections", "1,2", "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 1
    assert "brain.json" in answer.output
    assert "Traceback" not in answer.output


def test_a_password_that_is_too_short_is_told_in_words(tmp_path: Path) -> None:
    command = ["user", "add", "bob", "--password", "short", "--data", str(tmp_path)]
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 1
    assert "8 characters" in answer.output
