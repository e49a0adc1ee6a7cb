import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.contracts.anatomy import TissueCorrection, TissueStroke
from core.contracts.annotations import Outline, SectionOutlines
from core.contracts.datasets import Alignment, AlignmentStep, Brain, RasterGrid, RigidTransform, Section
from core.datasets import (
    BrainFolder,
    DatasetError,
    MissingFileError,
    find_brains,
    write_alignment,
    write_brain,
    write_tissue,
    write_tissue_correction,
    write_truth,
)
from core.datasets.files import fingerprint_file
from core.imaging.writer import PyramidOptions, write_pyramid

GRID = RasterGrid(pixel_size_um=16.0, width_px=20, height_px=15)
SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0))


def make_brain(folder: Path, numbers: tuple[int, ...] = (3, 7), **changes: object) -> BrainFolder:
    """A small complete dataset of flat gray sections of 320 x 240 px."""
    brain_id = folder.name
    (folder / "sections").mkdir(parents=True)
    sections = []
    for number in numbers:
        name = f"sections/{brain_id}_{number:04d}.tif"
        options = PyramidOptions(pixel_size_um=1.0)
        write_pyramid(folder / name, lambda first, count, n=number: np.full((count, 320), n, np.uint8), 320, 240, options)
        sections.append(
            Section(number=number, file=name, width_px=320, height_px=240, fingerprint=fingerprint_file(folder / name))
        )
        write_tissue(folder, brain_id, number, np.full((15, 20), 2, np.uint8), GRID)
        write_truth(folder, brain_id, SectionOutlines(section=number, outlines=(Outline(area="hOc1", paths=(SQUARE,)),)))
    steps = tuple(
        AlignmentStep(section=one, successor=other, transform=RigidTransform(dx_um=10.0)) for one, other in pairwise(numbers)
    )
    write_alignment(folder, Alignment(base_section=numbers[0], steps=steps))
    about = {"title": "test", "provenance": "synthetic", "pixel_size_um": 1.0, "section_thickness_um": 20.0}
    write_brain(folder, Brain(**{"id": brain_id, "sections": tuple(sections), **about, **changes}))
    return BrainFolder(folder)


@pytest.fixture
def folder(tmp_path: Path) -> BrainFolder:
    return make_brain(tmp_path / "T1")


def test_what_was_written_is_read(folder: BrainFolder) -> None:
    assert [section.number for section in folder.brain.sections] == [3, 7]
    assert folder.alignment.steps[0].transform.dx_um == 10.0
    with folder.pyramid(7) as pyramid:
        assert (pyramid.read(0, 0, 0, 320, 240) == 7).all()
    labels, grid = folder.tissue(3)
    assert (labels == 2).all()
    assert grid == GRID
    assert folder.truth(7).outlines[0].area == "hOc1"
    assert folder.check() == []


def test_a_correction_is_painted_over_the_computed_tissue_which_stays(folder: BrainFolder) -> None:
    assert folder.tissue_correction(3) == TissueCorrection(section=3)
    stroke = TissueStroke(tissue="background", radius_um=40.0, points=((0.0, 0.0),))
    write_tissue_correction(folder.path, "T1", TissueCorrection(section=3, version=1, strokes=(stroke,)))
    assert folder.tissue_correction(3).version == 1
    labels, _ = folder.tissue(3)
    assert (labels[:2, :2] == 0).all()
    assert (labels == 0).sum() == 4  # centres at 8 and 24 µm: (24, 24) lies 34 µm away, (40, 8) lies 41 µm away
    assert (folder.computed_tissue(3)[0] == 2).all()
    assert (folder.tissue(7)[0] == 2).all()


def test_files_are_called_after_brain_and_section(folder: BrainFolder) -> None:
    names = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())
    assert names == [
        "alignment.json",
        "brain.json",
        "sections/T1_0003.tif",
        "sections/T1_0007.tif",
        "tissue/T1_0003.png",
        "tissue/T1_0007.png",
        "truth/T1_0003.json",
        "truth/T1_0007.json",
    ]


def test_an_unknown_section_is_named(folder: BrainFolder) -> None:
    for read in (folder.pyramid, folder.tissue, folder.truth, folder.section_path):
        with pytest.raises(KeyError, match="T1 has no section 5"):
            read(5)


def test_absent_tissue_and_truth_are_missing_not_wrong(folder: BrainFolder) -> None:
    (folder.path / "tissue/T1_0003.png").unlink()
    (folder.path / "truth/T1_0003.json").unlink()
    with pytest.raises(MissingFileError, match=r"T1_0003\.png"):
        folder.tissue(3)
    with pytest.raises(FileNotFoundError, match=r"T1_0003\.json"):
        folder.truth(3)
    assert folder.check() == []


def test_the_fingerprint_follows_the_images(tmp_path: Path) -> None:
    one, other = make_brain(tmp_path / "a" / "T1"), make_brain(tmp_path / "b" / "T1")
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint() == make_brain(tmp_path / "c" / "T1", title="another title").fingerprint()
    changed = make_brain(tmp_path / "d" / "T1", numbers=(3, 8))
    assert changed.fingerprint() != one.fingerprint()


def test_a_changed_image_is_found_by_checking(folder: BrainFolder) -> None:
    image = np.zeros((240, 320), np.uint8)
    options = PyramidOptions(pixel_size_um=1.0)
    write_pyramid(folder.section_path(3), lambda first, count: image[first : first + count], 320, 240, options)
    (problem,) = folder.check()
    assert "T1_0003.tif" in problem
    assert "changed" in problem


def test_an_image_of_another_size_or_scale_is_refused(folder: BrainFolder) -> None:
    for pixel_size_um, height, words in ((1.0, 100, "320 x 100 px"), (2.0, 240, "2 µm")):
        options = PyramidOptions(pixel_size_um=pixel_size_um)
        write_pyramid(folder.section_path(3), lambda first, count: np.zeros((count, 320), np.uint8), 320, height, options)
        with pytest.raises(DatasetError, match=words):
            folder.pyramid(3)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("truth/T1_0003.json", "{", "not a valid SectionOutlines"),
        ("truth/T1_0003.json", '{"section": 7, "outlines": []}', "about section 7"),
        ("alignment.json", '{"base_section": 3, "unknown": 1}', "unknown"),
        ("alignment.json", '{"base_section": 99}', "does not have"),
        ("tissue/T1_0003.png", "no picture", "not a readable PNG"),
        ("tissue/T1_0003.strokes.json", '{"section": 7}', "about section 7"),
        ("tissue/T1_0003.strokes.json", '{"section": 3, "strokes": [{"tissue": "bone"}]}', "not a valid TissueCorrection"),
        ("sections/T1_0003.tif", "no picture", "cannot be read as TIFF"),
    ],
)
def test_a_wrong_file_is_named(folder: BrainFolder, name: str, content: str, words: str) -> None:
    (folder.path / name).write_text(content)
    (problem,) = folder.check()
    assert name in problem
    assert words in problem


@pytest.mark.parametrize("change", [{"id": "../T1"}, {"pixel_size_um": -1}, {"sections": [{"file": "../../etc/passwd"}]}])
def test_a_brain_file_that_escapes_or_lies_is_refused(folder: BrainFolder, change: dict) -> None:
    document = json.loads((folder.path / "brain.json").read_text())
    if "sections" in change:
        document["sections"][0] |= change["sections"][0]
    else:
        document |= change
    (folder.path / "brain.json").write_text(json.dumps(document))
    with pytest.raises(DatasetError, match=r"brain\.json"):
        BrainFolder(folder.path)


def test_writers_refuse_ids_that_are_no_names(tmp_path: Path) -> None:
    for bad in ("../x", "a/b", "", ".hidden"):
        with pytest.raises(ValueError, match="pattern"):
            write_tissue(tmp_path, bad, 3, np.zeros((15, 20), np.uint8), GRID)
        with pytest.raises(ValueError, match="pattern"):
            write_tissue_correction(tmp_path, bad, TissueCorrection(section=3))
        with pytest.raises(ValueError, match="pattern"):
            write_truth(tmp_path, bad, SectionOutlines(section=3, outlines=()))
    assert list(tmp_path.iterdir()) == []


class TestFindBrains:
    def test_every_brain_is_found_in_order(self, tmp_path: Path) -> None:
        make_brain(tmp_path / "T2")
        make_brain(tmp_path / "T1")
        (tmp_path / "other").mkdir()
        (tmp_path / "file.txt").write_text("x")
        brains, problems = find_brains(tmp_path)
        assert [folder.brain.id for folder in brains] == ["T1", "T2"]
        assert problems == []

    def test_a_broken_brain_does_not_hide_the_others(self, tmp_path: Path) -> None:
        make_brain(tmp_path / "T1")
        (tmp_path / "T2").mkdir()
        (tmp_path / "T2" / "brain.json").write_text("{}")
        brains, problems = find_brains(tmp_path)
        assert [folder.brain.id for folder in brains] == ["T1"]
        assert "T2" in problems[0]

    def test_a_folder_with_another_name_than_its_brain_is_a_problem(self, tmp_path: Path) -> None:
        make_brain(tmp_path / "T1").path.rename(tmp_path / "copy")
        brains, problems = find_brains(tmp_path)
        assert brains == []
        assert "rename" in problems[0]

    def test_a_brain_file_that_is_a_folder_is_a_problem_in_words(self, tmp_path: Path) -> None:
        (tmp_path / "T1" / "brain.json").mkdir(parents=True)
        assert "brain.json: it cannot be read" in find_brains(tmp_path)[1][0]

    def test_no_folder_is_a_problem_in_words(self, tmp_path: Path) -> None:
        assert find_brains(tmp_path / "none")[1] == [
            f"{tmp_path / 'none'}: there is no such folder; create it or set another one"
        ]
