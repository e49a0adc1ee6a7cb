import fcntl
import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.contracts.datasets import Brain, Section
from core.datasets import BrainFolder, fingerprint_file, write_brain
from core.datasets.build_store import StoreOptions, build_store
from core.datasets.open_section import open_section
from core.imaging.sections import read_at
from core.imaging.writer import PyramidOptions, write_pyramid
from tests.unit.core.datasets.test_build_store import make_brain, quiet

WINDOWS = ((2.0, -40.0), (2.0, 400.0), (4.0, 80.0), (16.0, 320.0), (5.0, 100.0))


def smooth_brain(folder: Path, pixel_size_um: float) -> BrainFolder:
    """One section with a real pyramid; smooth, so that interpolations agree."""
    (folder / "sections").mkdir(parents=True)
    y, x = np.mgrid[:1400, :1800] * pixel_size_um
    image = np.round(130 + 50 * np.sin(x / 40) + 50 * np.cos(y / 55)).astype(np.uint8)
    path = folder / "sections/B_0003.tif"
    options = PyramidOptions(pixel_size_um=pixel_size_um, jpeg_quality=98)
    write_pyramid(path, lambda first, count: image[first : first + count], 1800, 1400, options)
    section = Section(number=3, file="sections/B_0003.tif", width_px=1800, height_px=1400, fingerprint=fingerprint_file(path))
    about = {"title": "waves", "provenance": "synthetic", "pixel_size_um": pixel_size_um, "section_thickness_um": 20.0}
    write_brain(folder, Brain(id="B", sections=(section,), **about))
    return BrainFolder(folder)


def windows(folder: BrainFolder) -> tuple[bool, list[np.ndarray]]:
    with open_section(folder, 3) as section:
        read = [read_at(section, pixel_size_um, corner, corner, 300, 200) for pixel_size_um, corner in WINDOWS]
        return section.store is not None, read


@pytest.mark.parametrize("split", [False, True])
def test_of_a_brain_of_2_um_store_and_pyramid_give_the_same_pixels(tmp_path: Path, split: bool) -> None:
    folder = smooth_brain(tmp_path, 2.0)
    from_store, pyramid = windows(folder)
    assert not from_store
    build_store(tmp_path, StoreOptions(workers=1, split=split), quiet)
    from_store, stored = windows(folder)
    assert from_store
    assert all(np.array_equal(*pair) for pair in zip(stored, pyramid, strict=True))


@pytest.mark.parametrize("pixel_size_um", [1.0, 1.3, 0.97])
def test_of_a_finer_brain_they_agree_but_for_the_interpolation(tmp_path: Path, pixel_size_um: float) -> None:
    folder = smooth_brain(tmp_path, pixel_size_um)
    pyramid = windows(folder)[1]
    build_store(tmp_path, StoreOptions(workers=1), quiet)
    from_store, stored = windows(folder)
    assert from_store
    assert not np.array_equal(stored[1], pyramid[1])
    with open_section(folder, 3) as section:
        inside = section.width_px * pixel_size_um // 2 - 2
        assert section.stored_levels == tuple(range(len(section.stored_levels)))
        sizes = [section.level_pixel_size_um(level) for level in section.stored_levels]
    assert sizes == sorted(sizes)
    assert 2.0 in sizes
    assert inside > 300
    for mine, theirs in zip(stored, pyramid, strict=True):
        assert np.abs(mine.astype(int) - theirs)[30:, 30:].max() <= 6  # JPEG and half a pixel of a smooth wave


def test_pixels_finer_than_the_stores_come_from_the_image(tmp_path: Path) -> None:
    folder = smooth_brain(tmp_path, 1.0)
    build_store(tmp_path, StoreOptions(workers=1), quiet)
    with open_section(folder, 3) as section, folder.pyramid(3) as pyramid:
        assert np.array_equal(read_at(section, 1.0, 10.0, 10.0, 64, 64), read_at(pyramid, 1.0, 10.0, 10.0, 64, 64))


def test_a_store_of_another_image_or_one_being_written_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    assert path is not None
    with path.open("r+b") as file, caplog.at_level(logging.WARNING):
        fcntl.flock(file, fcntl.LOCK_EX)  # as HDF5 does in the process that writes
        with open_section(BrainFolder(tmp_path), 3) as section:
            assert section.store is None
    assert "another process is writing it" in caplog.text
    brain = BrainFolder(tmp_path).brain
    changed = np.full((1300, 901), 9, np.uint8)
    file = tmp_path / brain.section(3).file
    tifffile.imwrite(file, changed, tile=(128, 128), resolution=(5000, 5000), resolutionunit="CENTIMETER")
    third = brain.section(3).model_copy(update={"fingerprint": fingerprint_file(file)})
    write_brain(tmp_path, brain.model_copy(update={"sections": (third, *brain.sections[1:])}))
    with open_section(BrainFolder(tmp_path), 3) as section:
        assert section.store is None
        assert (section.read(0, 0, 0, 8, 8) == 9).all()
    with open_section(BrainFolder(tmp_path), 7) as section:
        assert section.store is not None
