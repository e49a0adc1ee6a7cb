"""The terminal's way to the analysis store, on a small brain written by the real writers."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from core.imaging.store import AnalysisStore
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


def test_damage_is_told_and_mended_by_the_next_build(tmp_path: Path) -> None:
    folder = write_small_brain(tmp_path)
    store = folder / "SMALL.h5"
    build = ["store", "build", str(folder), "--pixel-size", str(PIXEL_SIZE_UM), "--workers", "1"]
    CliRunner().invoke(main, build)
    whole = store.read_bytes()
    answer = CliRunner().invoke(main, ["store", "verify", str(store), "--json"])
    told = json.loads(answer.stdout)
    assert (told["sections"], told["whole"], told["damaged_strips"]) == (4, 4, {})
    assert (told["handles"]["readers"], told["handles"]["files"]) == (4, 1)
    assert told["handles"]["bytes_per_handle"] > 0
    with AnalysisStore(store) as opened:
        place = opened.dataset(921).id.get_chunk_info(0).byte_offset
    with store.open("r+b") as file:
        file.seek(place)
        file.write(bytes([whole[place] ^ 0xFF]))
    answer = CliRunner().invoke(main, ["store", "verify", str(store)])
    assert answer.exit_code == 1
    assert "section 921: 1 strips differ" in answer.output
    assert CliRunner().invoke(main, build).exit_code == 0
    assert store.read_bytes() == whole
    assert CliRunner().invoke(main, ["store", "verify", str(store)]).exit_code == 0


MPIEXEC = Path(sys.executable).with_name("mpiexec")


@pytest.mark.skipif(find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs mpi4py and mpiexec beside Python")
@pytest.mark.parametrize("ranks", [2, 3])
def test_mpi_ranks_build_the_same_store_as_one_process(tmp_path: Path, ranks: int) -> None:
    folder = write_small_brain(tmp_path)
    build = ["store", "build", str(folder), "--pixel-size", "10.5"]
    CliRunner().invoke(main, [*build, "--workers", "1"])
    alone = (folder / "SMALL.h5").read_bytes()
    (folder / "SMALL.h5").unlink()
    command = [str(MPIEXEC), "-n", str(ranks), sys.executable, "-m", "brodmann", *build, "--mpi"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SMALL.h5") == 1
    assert (folder / "SMALL.h5").read_bytes() == alone


@pytest.mark.skipif(find_spec("mpi4py") is None, reason="needs mpi4py")
def test_mpi_with_one_rank_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "brodmann", "store", "build", str(write_small_brain(tmp_path)), "--mpi"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "one rank only" in done.stderr
