"""Ingest of real files in several formats, with broken ones among them, and killed in the middle."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from PIL import Image

from brodmann.cli import main
from core.contracts.jobs import Progress
from core.datasets import BrainFolder
from core.datasets.ingest import IngestOptions, ingest, make_plan

JPEG_STEPS = 6


def smooth(number: int, width_px: int = 700, height_px: int = 600) -> np.ndarray:
    y, x = np.mgrid[:height_px, :width_px]
    return np.round(127 + 60 * np.sin(x / (20 + number)) + 60 * np.cos(y / 31)).astype(np.uint8)


def brodmann_ingest(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["ingest", *map(str, arguments), "--yes", "--json"])


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Four sections in four formats, a truncated TIFF, a text that is called TIFF, and a name without a number."""
    folder = tmp_path / "scans"
    folder.mkdir()
    per_cm = {"resolution": (5000, 5000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(folder / "B20_0001.tif", smooth(1), bigtiff=True, tile=(128, 128), compression="deflate", **per_cm)
    tifffile.imwrite(
        folder / "B20_0002.ome.tif", smooth(2), metadata={"axes": "YX", "PhysicalSizeX": 2.0, "PhysicalSizeY": 2.0}
    )
    aperio = "Aperio Image Library v1\n700x600|MPP = 2.0"
    tifffile.imwrite(folder / "B20_0003.svs", np.dstack([smooth(3)] * 3), photometric="rgb", description=aperio, metadata=None)
    Image.fromarray(smooth(4)).save(folder / "B20_0004.png", dpi=(12_700, 12_700))
    (folder / "B20_0005.tif").write_bytes((folder / "B20_0001.tif").read_bytes()[:9_000])
    (folder / "B20_0006.tif").write_text("this is no image")
    Image.fromarray(smooth(7)).save(folder / "overview.png")
    return folder


def test_a_brain_equals_its_sources_and_broken_files_are_told_and_stop_nothing(scans: Path, tmp_path: Path) -> None:
    answer = brodmann_ingest(scans, "--brain", "B20", "--out", tmp_path / "brains")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert (told["written"], told["kept"]) == ([1, 2, 3, 4], [])
    failed = {Path(failure["file"]).name: failure["reason"] for failure in told["failures"]}
    assert set(failed) == {"B20_0005.tif", "B20_0006.tif", "overview.png"}
    assert "no section number" in failed["overview.png"]
    assert all(name in reason for name, reason in failed.items())
    folder = BrainFolder(tmp_path / "brains" / "B20")
    assert folder.check() == []
    assert (folder.brain.pixel_size_um, folder.brain.section_thickness_um, folder.brain.synthetic) == (2.0, 20.0, False)
    for number in (1, 2, 3, 4):
        with folder.pyramid(number) as pyramid:
            assert pyramid.stored_levels == (0, 1, 2)
            difference = pyramid.read(0, 0, 0, 700, 600).astype(int) - smooth(number)
        assert np.abs(difference).max() <= JPEG_STEPS


def test_16_bit_sections_stay_16_bit_and_are_seen_through_their_window(tmp_path: Path) -> None:
    pixels = smooth(1).astype(np.uint16) * 150 + 2000
    window = [(340, 3, 1, 2000, True), (341, 3, 1, 2000 + 150 * 255, True)]
    options = {"photometric": "minisblack", "extratags": window, "metadata": None, "compression": "zlib", "tile": (256, 256)}
    tifffile.imwrite(tmp_path / "B20_0001.tif", pixels, **options)
    Image.fromarray(pixels).save(tmp_path / "B20_0002.png")
    answer = brodmann_ingest(tmp_path, "--brain", "B20", "--out", tmp_path / "out", "--pixel-size-um", 2)
    assert answer.exit_code == 0, answer.output
    folder = BrainFolder(tmp_path / "out/B20")
    assert folder.check() == []
    for number in (1, 2):
        with folder.pyramid(number) as pyramid:
            assert (pyramid.bits_per_sample, pyramid.stored_levels) == (16, (0, 1, 2))
            assert np.array_equal(pyramid.read_raw(0, 0, 0, 700, 600), pixels)
    with folder.pyramid(1) as pyramid:
        assert np.array_equal(pyramid.read(0, 0, 0, 700, 600), smooth(1))
    with folder.pyramid(2) as pyramid:  # a PNG has no window: its darkest and brightest thousandths are beyond
        assert abs(pyramid.black - np.percentile(pixels, 0.1)) < 200
        assert abs(pyramid.white - np.percentile(pixels, 99.9)) < 200


def test_damage_inside_a_file_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    for number in (1, 2):
        Image.fromarray(smooth(number)).save(tmp_path / f"s{number}.png")
    (tmp_path / "s2.png").write_bytes((tmp_path / "s2.png").read_bytes()[:20_000])
    answer = brodmann_ingest(tmp_path, "--brain", "B20", "--out", tmp_path / "out", "--pixel-size-um", 2)
    assert answer.exit_code == 1
    assert [Path(failure["file"]).name for failure in json.loads(answer.stdout)["failures"]] == ["s2.png"]
    assert [file.name for file in (tmp_path / "out/B20/sections").iterdir()] == ["B20_0001.tif"]


def test_without_a_pixel_size_nothing_is_written_and_the_option_is_named(tmp_path: Path) -> None:
    Image.fromarray(smooth(1)).save(tmp_path / "s1.png")
    answer = brodmann_ingest(tmp_path, "--brain", "B20", "--out", tmp_path / "out")
    assert answer.exit_code == 1
    assert "--pixel-size-um" in answer.output
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_the_numbers_and_writes_nothing(scans: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["ingest", str(scans), "--brain", "B20", "--out", f"{tmp_path}/out", "--dry-run"])
    assert answer.exit_code == 0
    assert "      3  " in answer.output
    assert "*{number}*" in answer.output
    assert not (tmp_path / "out").exists()


def test_a_section_with_other_pixels_than_the_brain_is_refused(scans: Path, tmp_path: Path) -> None:
    Image.fromarray(smooth(8)).save(scans / "B20_0008.png", dpi=(25_400, 25_400))
    told = json.loads(brodmann_ingest(scans, "--brain", "B20", "--out", tmp_path / "out").stdout)
    assert told["written"] == [1, 2, 3, 4]
    assert any("its pixels are 1 µm" in failure["reason"] for failure in told["failures"])


def test_only_changed_and_new_sources_are_written_again(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in (1, 2):
        Image.fromarray(smooth(number)).save(scans / f"s{number}.png")
    command = (scans, "--brain", "B20", "--out", tmp_path / "out", "--pixel-size-um", 2)
    assert json.loads(brodmann_ingest(*command).stdout)["written"] == [1, 2]
    Image.fromarray(smooth(5, 640)).save(scans / "s2.png")
    Image.fromarray(smooth(3)).save(scans / "s3.png")
    told = json.loads(brodmann_ingest(*command).stdout)
    assert (told["written"], told["kept"]) == ([2, 3], [1])
    folder = BrainFolder(tmp_path / "out/B20")
    assert [section.width_px for section in folder.brain.sections] == [700, 640, 700]
    assert folder.check() == []


@pytest.mark.parametrize(("option", "value"), [("--pixel-size-um", 3), ("--thickness-um", 40)])
def test_a_brain_that_is_there_keeps_its_measures(scans: Path, tmp_path: Path, option: str, value: float) -> None:
    command = (scans, "--brain", "B20", "--out", tmp_path / "out")
    brodmann_ingest(*command)
    before = (tmp_path / "out/B20/brain.json").read_bytes()
    answer = brodmann_ingest(*command, option, value)
    assert answer.exit_code == 1
    assert "holds a brain whose" in answer.output
    assert (tmp_path / "out/B20/brain.json").read_bytes() == before


def written_files(folder: Path) -> dict[str, bytes]:
    """Everything of a brain but the journal, which knows when files were written."""
    files = (file for file in folder.rglob("*") if file.is_file() and ".ingest" not in file.parts)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_killed_at_random_moments_and_started_again_it_writes_what_an_unbroken_run_writes(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in range(1, 25):
        tifffile.imwrite(scans / f"s{number}.tif", smooth(number, 3000, 2500))

    def command(name: str) -> list[str]:
        return [
            "ingest",
            str(scans),
            "--brain",
            "B20",
            "--out",
            str(tmp_path / name),
            "--pixel-size-um",
            "2",
            "--yes",
            "--json",
        ]

    assert CliRunner().invoke(main, command("unbroken")).exit_code == 0
    moments = random.Random(3)
    journal = tmp_path / "killed" / "B20" / ".ingest"
    finished: list[int] = []
    for _ in range(3):
        before = len(list(journal.glob("B20_*.json")))
        process = subprocess.Popen(
            [sys.executable, "-m", "brodmann", *command("killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(list(journal.glob("B20_*.json"))) == before:
            assert process.poll() is None
        time.sleep(moments.uniform(0, 0.08))  # anywhere in the writing of a section
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        finished.append(len(list(journal.glob("B20_*.json"))))
    assert not (tmp_path / "killed/B20/brain.json").exists()
    answer = CliRunner().invoke(main, command("killed"))
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert len(told["kept"]) >= finished[-1] >= len(finished)
    assert sorted(told["kept"] + told["written"]) == list(range(1, 25))
    assert written_files(tmp_path / "killed/B20") == written_files(tmp_path / "unbroken/B20")


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_goes_on_within_a_section_and_ends_with_all_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr("core.datasets.workers.REPORT_EVERY_S", 0.02)
    for number in (1, 2):
        tifffile.imwrite(tmp_path / f"s{number}.tif", np.tile(smooth(number, 3000, 2500), (4, 4)))
    plan = make_plan([tmp_path], tmp_path / "out", IngestOptions(brain_id="B20", pixel_size_um=2.0))
    reports: list[Progress] = []
    ingest(plan, workers, reports.append)
    steps = [report.step for report in reports]
    pixels = 12_000 * 10_000
    assert steps == sorted(steps)
    assert any(0 < step < pixels for step in steps)
    assert (steps[-1], reports[-1].of, reports[-1].metrics["sections_done"]) == (2 * pixels, 2 * pixels, 2)
    assert reports[-1].metrics["megapixels_per_s"] > 0
    assert reports[-1].eta_s == 0
