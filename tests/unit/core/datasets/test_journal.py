from pathlib import Path

import pytest

from core.contracts.datasets import Section
from core.datasets.journal import FinishedSection, file_state, finished_section, only_one, record
from core.datasets.numbering import IngestError


def test_a_brain_folder_is_held_by_one_ingest_at_a_time(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(IngestError, match="another ingest"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_what_a_killed_run_left_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / ".B20_0001.tif.0f.tmp").touch()
    (tmp_path / "sections" / "B20_0002.tif").touch()
    with only_one(tmp_path):
        assert [file.name for file in (tmp_path / "sections").iterdir()] == ["B20_0002.tif"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The source of section 7, which stands in the journal."""
    source, written = tmp_path / "scan_7.tif", tmp_path / "sections" / "B20_0007.tif"
    written.parent.mkdir()
    source.write_bytes(b"scan")
    written.write_bytes(b"pyramid")
    section = Section(number=7, file="sections/B20_0007.tif", width_px=3, height_px=2, fingerprint="0" * 64)
    finished = FinishedSection(section=section, pixel_size_um=2.0, source=file_state(source), written=file_state(written))
    record(tmp_path, "B20", finished)
    return source


def test_a_finished_section_is_known_again(tmp_path: Path, source: Path) -> None:
    found = finished_section(tmp_path, "B20", 7, source, 2.0)
    assert found is not None
    assert (found.number, found.width_px) == (7, 3)


@pytest.mark.parametrize("changed", ["scan_7.tif", "sections/B20_0007.tif", ".ingest/B20_0007.json"])
def test_a_section_is_written_again_when_any_of_its_files_changed(tmp_path: Path, source: Path, changed: str) -> None:
    (tmp_path / changed).write_bytes(b"something else")
    assert finished_section(tmp_path, "B20", 7, source, 2.0) is None


def test_a_section_is_written_again_for_another_pixel_size_or_source(tmp_path: Path, source: Path) -> None:
    other = tmp_path / "scan_07.tif"
    other.write_bytes(b"scan")
    assert finished_section(tmp_path, "B20", 7, source, 1.0) is None
    assert finished_section(tmp_path, "B20", 7, other, 2.0) is None
    assert finished_section(tmp_path, "B20", 8, source, 2.0) is None
