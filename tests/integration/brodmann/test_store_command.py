"""The terminal's way to the analysis store, on a small brain written by the real writers."""

from pathlib import Path

from click.testing import CliRunner

from brodmann.cli import main
from tests.fakes.brain_folder import PIXEL_SIZE_UM, write_small_brain


def test_a_store_is_built_and_verified_and_damage_is_told(tmp_path: Path) -> None:
    folder = write_small_brain(tmp_path)
    build = ["store", "build", str(folder), "--pixel-size", str(2 * PIXEL_SIZE_UM), "--workers", "1"]
    answer = CliRunner().invoke(main, build)
    assert answer.exit_code == 0, answer.output
    store = folder / "SMALL.h5"
    answer = CliRunner().invoke(main, ["store", "verify", str(store)])
    assert answer.exit_code == 0, answer.output
    assert "4 of 4 sections are whole" in answer.output
    store.write_bytes(store.read_bytes()[:20_000])
    answer = CliRunner().invoke(main, ["store", "verify", str(store)])
    assert answer.exit_code == 1
    assert "truncated" in answer.output
    assert "Traceback" not in answer.output


def test_a_pixel_size_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["store", "build", str(write_small_brain(tmp_path)), "--pixel-size", "2"])
    assert answer.exit_code == 1
    assert "its pixels are 8 µm" in answer.output
