from pathlib import Path

import pytest

from core.datasets.numbering import IngestError, section_numbers, source_files


def files(*names: str) -> list[Path]:
    return [Path("scans") / name for name in names]


def test_without_a_pattern_the_last_number_of_the_name_counts() -> None:
    numbered, left_out = section_numbers(files("B20_0901.tif", "B20_0021.ome.tif", "overview.png"))
    assert numbered == {21: Path("scans/B20_0021.ome.tif"), 901: Path("scans/B20_0901.tif")}
    assert list(numbered) == [21, 901]
    assert left_out == files("overview.png")


@pytest.mark.parametrize(
    ("pattern", "name", "number"),
    [
        ("B20_{number}_*", "B20_0901_20x.svs", 901),
        ("*-s{number}", "brain7-s12.png", 12),
        ("*{number}(copy)", "a.5(copy).tif", 5),
        ("{number}*", "0044_B20.jpg", 44),
    ],
)
def test_a_pattern_says_which_digits_are_the_number(pattern: str, name: str, number: int) -> None:
    assert section_numbers(files(name), pattern) == ({number: Path("scans") / name}, [])


def test_a_name_that_the_pattern_does_not_fit_is_left_out() -> None:
    assert section_numbers(files("B21_0901_20x.svs", "B20_100000_x.tif"), "B20_{number}_*") == (
        {},
        files("B21_0901_20x.svs", "B20_100000_x.tif"),
    )


def test_two_files_with_one_number_are_refused_by_name() -> None:
    with pytest.raises(IngestError, match=r"a_0007\.tif and .*b_7\.png both get section number 7.*--pattern"):
        section_numbers(files("a_0007.tif", "b_7.png"))


@pytest.mark.parametrize("pattern", ["B20_*", "{number}_{number}", ""])
def test_a_pattern_needs_the_number_once(pattern: str) -> None:
    with pytest.raises(IngestError, match=r"must contain \{number\} once"):
        section_numbers(files("B20_0901.tif"), pattern)


def test_folders_give_their_images_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b_2.TIF", "a_1.png", "notes.txt", ".c_3.tif"):
        (tmp_path / name).touch()
    assert [file.name for file in source_files([tmp_path, tmp_path / "a_1.png"])] == ["a_1.png", "b_2.TIF"]


def test_a_source_that_is_not_there_or_has_no_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="no such file"):
        source_files([tmp_path / "missing"])
    with pytest.raises(IngestError, match="there is no image"):
        source_files([tmp_path])
