import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
import tifffile

from core.contracts.datasets import Brain, Section
from core.contracts.jobs import Progress
from core.datasets import BrainFolder, DatasetError, fingerprint_file, write_brain
from core.datasets.build_store import StoreOptions, build_store
from core.imaging.errors import UnreadableImageError
from core.imaging.pyramid import open_pyramid
from core.imaging.reader import HandleCache
from core.imaging.sections import read_at
from core.imaging.store import AnalysisStore, StoredSize, damaged_sections, raw_file, store_file
from core.imaging.store_layout import KeepingFile, change_store, undo

SHAPES = {3: (1300, 901), 7: (1541, 640), 9: (100, 90)}


def make_brain(folder: Path, pixel_size_um: float, shapes: dict[int, tuple[int, int]] = SHAPES) -> dict[int, np.ndarray]:
    """Lossless sections of noise; the images by number."""
    (folder / "sections").mkdir(parents=True)
    generator = np.random.default_rng(5)
    images, sections = {}, []
    for number, shape in shapes.items():
        images[number] = generator.integers(0, 256, shape, np.uint8)
        file = f"sections/B_{number:04d}.tif"
        per_cm = 10_000 / pixel_size_um
        tifffile.imwrite(
            folder / file, images[number], tile=(128, 128), resolution=(per_cm, per_cm), resolutionunit="CENTIMETER"
        )
        mark = fingerprint_file(folder / file)
        sections.append(Section(number=number, file=file, width_px=shape[1], height_px=shape[0], fingerprint=mark))
    about = {"title": "noise", "provenance": "synthetic", "pixel_size_um": pixel_size_um, "section_thickness_um": 20.0}
    write_brain(folder, Brain(id="B", sections=tuple(sections), **about))
    return images


def quiet(_progress: Progress) -> None:
    """Nobody looks."""


def cubic(image: np.ndarray, ratio: float) -> np.ndarray:
    """The whole image at once by OpenCV, which takes the ratio as it is when it is not given a size."""
    even = np.pad(image, ((0, 4), (0, 4)), mode="edge")
    height, width = (math.ceil(side / ratio - 1e-3) for side in image.shape)
    return cv2.resize(even, None, fx=1 / ratio, fy=1 / ratio, interpolation=cv2.INTER_CUBIC)[:height, :width]


def whole(store: AnalysisStore, number: int) -> np.ndarray:
    section = store.section(number)
    return section.read(0, 0, 0, section.width_px, section.height_px)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("chunk_px", [512, 2048])
def test_sections_at_the_stores_pixel_size_are_copied(tmp_path: Path, chunk_px: int, split: bool) -> None:
    images = make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(chunk_px=chunk_px, split=split, workers=1), quiet)
    assert sorted(file.name for file in tmp_path.glob("*.h5")) == (["B-m.h5", "B-r.h5"] if split else ["B.h5"])
    with AnalysisStore(path) as store:
        for number, image in images.items():
            assert np.array_equal(whole(store, number), image)
    assert damaged_sections(path) == {}


@pytest.mark.parametrize("pixel_size_um", [1.0, 0.97, 1.3, 1.999])
def test_finer_sections_are_resampled_like_the_whole_image_by_cubic_interpolation(tmp_path: Path, pixel_size_um: float) -> None:
    images = make_brain(tmp_path, pixel_size_um, {3: (2600, 901), 7: (2051, 640)})  # strips meet within, odd sides
    path = build_store(tmp_path, StoreOptions(workers=2), quiet)
    with AnalysisStore(path) as store, BrainFolder(tmp_path).pyramid(3) as pyramid:
        for number, image in images.items():
            expected = cubic(image, 2 / pyramid.pixel_size_um)  # which TIFF keeps as a fraction
            difference = np.abs(whole(store, number).astype(int) - expected)
            assert difference.max() <= 1  # OpenCV rounds its weights
            assert (difference > 0).mean() < 0.002


def test_pixels_finer_than_1_um_are_averaged_first_so_that_none_is_skipped(tmp_path: Path) -> None:
    image = make_brain(tmp_path, 0.5, {3: (1200, 900)})[3]
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    averaged = cv2.resize(image, (450, 600), interpolation=cv2.INTER_AREA)
    with AnalysisStore(path) as store:
        assert np.abs(whole(store, 3).astype(int) - cubic(averaged, 2.0)).max() <= 1


def test_store_and_pyramid_read_the_same_windows(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    with AnalysisStore(path) as store, BrainFolder(tmp_path).pyramid(3) as pyramid:
        section = deepcopy(store.section(3))  # opens the file anew, as in a loader's worker
        for pixel_size_um, corner in ((2.0, -40.0), (2.0, 1000.0), (8.0, 80.0), (5.0, 100.0)):
            windows = [read_at(reader, pixel_size_um, corner, corner, 300, 200) for reader in (section, pyramid)]
            assert np.array_equal(*windows)
        with pytest.raises(IndexError, match="level 0 only"):
            section.read(1, 0, 0, 8, 8)


def test_sections_coarser_than_the_store_are_refused(tmp_path: Path) -> None:
    make_brain(tmp_path, 3.0)
    with pytest.raises(DatasetError, match="its pixels are 3 µm"):
        build_store(tmp_path, StoreOptions(workers=1), quiet)
    assert not list(tmp_path.glob("*.h5"))


def test_a_built_store_is_not_written_again_and_a_changed_section_is(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    steps: list[Progress] = []
    build_store(tmp_path, StoreOptions(workers=1), steps.append)
    assert steps == []
    brain = BrainFolder(tmp_path).brain
    changed = np.full(SHAPES[9], 9, np.uint8)
    file = tmp_path / brain.section(9).file
    tifffile.imwrite(file, changed, tile=(128, 128), resolution=(5000, 5000), resolutionunit="CENTIMETER")
    ninth = brain.section(9).model_copy(update={"fingerprint": fingerprint_file(file)})
    write_brain(tmp_path, brain.model_copy(update={"sections": (*brain.sections[:2], ninth)}))
    build_store(tmp_path, StoreOptions(workers=1), steps.append)
    assert len(steps) == 1
    with AnalysisStore(path) as store:
        assert np.array_equal(whole(store, 9), changed)


def test_an_image_that_changed_since_ingest_does_not_count_and_stops_no_other(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    file = tmp_path / BrainFolder(tmp_path).brain.section(7).file
    with file.open("ab") as image:
        image.write(b"more")
    with pytest.raises(DatasetError, match=r"(?s)1 sections could not be stored.*B_0007.tif: its content changed"):
        build_store(tmp_path, StoreOptions(workers=1), quiet)
    with AnalysisStore(store_file(tmp_path, "B", split=False)) as store:
        assert list(store.completed()) == [3, 9]
        with pytest.raises(UnreadableImageError, match="section 7 is not finished"):
            store.section(7)


def test_a_damaged_image_is_told_out_of_a_worker_and_stops_no_other(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    file = tmp_path / BrainFolder(tmp_path).brain.section(7).file
    tifffile.imwrite(
        file, tifffile.imread(file), tile=(128, 128), compression="deflate", resolution=(5000, 5000), resolutionunit=3
    )
    with tifffile.TiffFile(file) as tiff:
        tile = tiff.pages[0].dataoffsets[3]
    with file.open("r+b") as image:
        image.seek(tile)
        image.write(b"\0" * 64)
    with pytest.raises(DatasetError, match=r"(?s)1 sections could not be stored.*B_0007.tif: tile or strip 3 is damaged"):
        build_store(tmp_path, StoreOptions(workers=2), quiet)
    with AnalysisStore(store_file(tmp_path, "B", split=False)) as store:
        assert list(store.completed()) == [3, 9]


def replaced(folder: Path, number: int, image: np.ndarray) -> None:
    """Another image of 2 µm under the number, in the brain or new to it."""
    brain = BrainFolder(folder).brain
    file = f"sections/B_{number:04d}.tif"
    tifffile.imwrite(folder / file, image, tile=(128, 128), resolution=(5000, 5000), resolutionunit="CENTIMETER")
    mark = fingerprint_file(folder / file)
    section = Section(number=number, file=file, width_px=image.shape[1], height_px=image.shape[0], fingerprint=mark)
    others = [each for each in brain.sections if each.number != number]
    write_brain(folder, brain.model_copy(update={"sections": tuple(sorted([*others, section], key=lambda each: each.number))}))


@pytest.mark.parametrize("split", [False, True])
def test_new_and_replaced_sections_are_stored_without_making_the_others_again(tmp_path: Path, split: bool) -> None:
    images = make_brain(tmp_path, 2.0)
    options = StoreOptions(workers=1, split=split)
    build_store(tmp_path, options, quiet)
    generator = np.random.default_rng(8)
    for number, shape in ((5, (700, 600)), (9, (130, 70)), (12, (40, 50))):  # new, of another size, new
        images[number] = generator.integers(0, 256, shape, np.uint8)
        replaced(tmp_path, number, images[number])
    steps: list[Progress] = []
    path = build_store(tmp_path, options, steps.append)
    assert steps[-1].of == sum(images[number].size for number in (5, 9, 12))
    with AnalysisStore(path) as store:
        assert sorted(store.completed()) == [3, 5, 7, 9, 12]
        assert all(np.array_equal(whole(store, number), image) for number, image in images.items())
    assert damaged_sections(path) == {}


def dies_at_write(work: Path, sizes: list[StoredSize], writes: int) -> bool:
    """Change the structure in a process that ends like a killed one before so many writes; False when it got through."""
    child = os.fork()
    if child == 0:
        calls = iter(range(writes))

        def counted(call: Callable[..., int], *args: Any) -> int:
            if next(calls, None) is None:
                os._exit(1)
            return call(*args)

        KeepingFile.write = partialmethod(partial(counted, KeepingFile.write))  # type: ignore[assignment]
        KeepingFile.truncate = partialmethod(partial(counted, KeepingFile.truncate))  # type: ignore[assignment]
        try:
            change_store(work, sizes)
        except BaseException:
            os._exit(2)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 1


def test_killed_at_any_write_of_the_new_structure_the_store_can_be_brought_back(tmp_path: Path) -> None:
    images = make_brain(tmp_path, 2.0, {3: (300, 200), 9: (100, 90)})
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    before, work = path.read_bytes(), tmp_path / "work.h5"
    sizes = [StoredSize(3, 200, 300), StoredSize(9, 70, 80), *(StoredSize(number, 30, 20) for number in range(20, 40))]
    work.write_bytes(before)
    writes = 0
    while dies_at_write(work, sizes, writes):
        with pytest.raises(UnreadableImageError, match="interrupted"):
            AnalysisStore(work)
        undo(work)
        assert work.read_bytes() == before
        writes += 1
    assert writes > 5
    with AnalysisStore(work) as store:
        assert np.array_equal(whole(store, 3), images[3])
        assert list(store.sizes()) == sizes
        assert list(store.completed()) == [3]


def test_another_layout_is_refused(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    build_store(tmp_path, StoreOptions(workers=1), quiet)
    with pytest.raises(DatasetError, match="other chunks"):
        build_store(tmp_path, StoreOptions(workers=1, chunk_px=2048), quiet)


BUILD = """
import sys, time
from pathlib import Path
from core.datasets.build_store import StoreOptions, build_store

def report(progress):
    print(progress.step, flush=True)
    time.sleep(0.005)  # the killer must meet it at work

if __name__ == "__main__":
    build_store(Path(sys.argv[1]), StoreOptions(workers=int(sys.argv[3]), split=sys.argv[2] == "split"), report)
"""


@pytest.mark.parametrize("form", ["one", "split"])
def test_a_build_killed_at_random_moments_goes_on_where_it_was(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "B"
    count, strips = 12, 3
    images = make_brain(folder, 2.0, dict.fromkeys(range(1, count + 1), (1200, 3000)))
    script = tmp_path / "build.py"
    script.write_text(BUILD)
    moments = random.Random(form)
    done: list[list[int]] = [[]]
    for _ in range(3):
        command = [sys.executable, str(script), str(folder), form, "2"]
        surroundings = os.environ | {"PYTHONPATH": os.getcwd()}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=surroundings) as build:
            assert build.stdout is not None
            for _ in range(strips + 1):  # a section is whole
                assert build.stdout.readline()
            time.sleep(moments.uniform(0, 0.02))
            build.send_signal(signal.SIGKILL)
            build.wait()
            build.stdout.close()
        with AnalysisStore(store_file(folder, "B", split=form == "split")) as store:
            done.append(list(store.completed()))
            assert all(np.array_equal(whole(store, number), images[number]) for number in done[-1])
        assert len(done[-1]) > len(done[-2])
    steps: list[Progress] = []
    path = build_store(folder, StoreOptions(workers=1, split=form == "split"), steps.append)
    assert len(steps) == strips * (count - len(done[-1]))
    with AnalysisStore(path) as store:
        assert all(np.array_equal(whole(store, number), image) for number, image in images.items())
    assert damaged_sections(path) == {}


def test_workers_of_a_killed_build_end(tmp_path: Path) -> None:
    make_brain(tmp_path / "B", 2.0, dict.fromkeys(range(1, 7), (1200, 300)))
    script = tmp_path / "build.py"
    script.write_text(BUILD)
    command = [sys.executable, str(script), str(tmp_path / "B"), "one", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.getcwd()}) as build:
        assert build.stdout is not None
        build.stdout.readline()
        children = Path(f"/proc/{build.pid}/task/{build.pid}/children").read_text().split()
        build.send_signal(signal.SIGKILL)
        build.stdout.close()
    assert len(children) >= 2
    until = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() and "Z" not in _state(child) for child in children):
        assert time.monotonic() < until, "a worker outlived its parent"
        time.sleep(0.05)


def _state(process: str) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


@pytest.mark.parametrize("split", [False, True])
def test_a_changed_byte_is_found(tmp_path: Path, split: bool) -> None:
    make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(workers=1, split=split), quiet)
    with AnalysisStore(path) as store:
        first_chunk = store.dataset(3).id.get_chunk_info(0).byte_offset
    with raw_file(path).open("r+b") as file:
        file.seek(0 if split else first_chunk)  # a split store counts from the start of its pixel file
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))
    assert sum(damaged_sections(path).values()) == 1


@pytest.mark.parametrize("split", [False, True])
def test_a_truncated_store_has_a_named_error(tmp_path: Path, split: bool) -> None:
    make_brain(tmp_path, 2.0)
    path = build_store(tmp_path, StoreOptions(workers=1, split=split), quiet)
    size = raw_file(path).stat().st_size
    for kept in (size - 1, size // 2, 100, 0):
        os.truncate(raw_file(path), kept)
        with pytest.raises(UnreadableImageError, match=r"B.*h5"):
            damaged_sections(path)


def test_a_foreign_file_has_a_named_error(tmp_path: Path) -> None:
    path = tmp_path / "B.h5"
    path.write_bytes(b"not HDF5" * 1000)
    with pytest.raises(UnreadableImageError, match="no HDF5 file"):
        AnalysisStore(path)
    with h5py.File(path, "w") as other:
        other.attrs["format"] = "something else"
    with pytest.raises(UnreadableImageError, match="no analysis store"):
        AnalysisStore(path)
    with pytest.raises(UnreadableImageError, match="no such file"):
        AnalysisStore(tmp_path / "none.h5")


def test_a_cache_holds_no_more_than_its_limit_and_says_what_it_holds(tmp_path: Path) -> None:
    make_brain(tmp_path, 2.0)
    brain = BrainFolder(tmp_path)
    cache = HandleCache(lambda number: open_pyramid(brain.section_path(number)), limit=2)
    first = cache.get(3)
    assert cache.get(3) is first
    cache.get(7)
    cache.get(9)
    held = cache.held()
    assert (held.readers, held.files) == (2, 2)
    assert held.bytes_per_handle > 0
    assert first.read(0, 0, 0, 4, 4).shape == (4, 4)  # dropped, and yet whole for who uses it
    assert cache.get(3) is not first
    path = build_store(tmp_path, StoreOptions(workers=1), quiet)
    with AnalysisStore(path) as store:
        stored = HandleCache(store.section, limit=8)
        for number in SHAPES:
            stored.get(number)
        assert (stored.held().readers, stored.held().files) == (3, 1)
