"""Random patches from the analysis store: CPU time of each, the file in the page cache.

Noise in place of tissue: neither the store nor the TIFF files compress, so that content does not matter. Where zarr is
installed (Brodmann does not need it) the same patches are read by tifffile and zarr from BigTIFF files of the same
pixels, with tiles as large as the store's chunks and of 256 px.

Example: python -m benchmarks.store --json benchmarks/results/store.json
"""

import argparse
import importlib
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.imaging.reader import HandleCache
from core.imaging.resampling import Image
from core.imaging.store import (
    STRIP_PX,
    AnalysisStore,
    StoredSection,
    StoredSize,
    StoreWriter,
    checksum,
    store_file,
)
from core.imaging.store_layout import create_store

SIDE_PX, QUICK_SIDE_PX, PATCH_PX = 32_768, 16_384, 2048
PATCHES, ROUNDS = 200, 5
SECTIONS, QUICK_SECTIONS = 1800, 200  # 1,800 image files are the thesis's example (4.3.3)


def make_store(folder: Path, side_px: int, chunk_px: int) -> Path:
    """A store of one finished section of noise."""
    path = store_file(folder, f"NOISE{chunk_px}", split=False)
    create_store(path, 2.0, chunk_px, [StoredSize(1, side_px, side_px)])
    strip = np.random.default_rng(1).integers(0, 256, (STRIP_PX, side_px), np.uint8)
    with StoreWriter(path) as writer:
        for first_row in range(0, side_px, STRIP_PX):
            rows = np.roll(strip, first_row // STRIP_PX, axis=1)
            writer.write(1, first_row, rows, checksum(rows))
        writer.finish(1, "0" * 64)
    return path


def patch_cpu_ms(read: Callable[[int, int], Image], corners: NDArray[np.int64]) -> float:
    """Mean CPU time of reading a patch in the best of the rounds; every patch is read once before."""
    rounds = []
    for _ in range(1 + ROUNDS):
        started = time.process_time()
        for x_px, y_px in corners:
            read(int(x_px), int(y_px))
        rounds.append(1000 * (time.process_time() - started) / len(corners))
    return min(rounds[1:])


def store_reader(section: StoredSection) -> Callable[[int, int], Image]:
    """Patches from the store."""
    return lambda x_px, y_px: section.read(0, x_px, y_px, PATCH_PX, PATCH_PX)


def peer_cpu_ms(section: StoredSection, tile_px: int, corners: NDArray[np.int64], folder: Path) -> float:
    """The same patches by tifffile and zarr; RuntimeError where they are not the same pixels."""
    zarr = importlib.import_module("zarr")
    file = folder / f"tiles{tile_px}.tif"
    pixels = section.read(0, 0, 0, section.width_px, section.height_px)
    tifffile.imwrite(file, pixels, bigtiff=True, tile=(tile_px, tile_px))
    with tifffile.imread(file, aszarr=True) as opened:
        image = zarr.open(opened, mode="r")

        def read(x_px: int, y_px: int) -> Image:
            return np.asarray(image[y_px : y_px + PATCH_PX, x_px : x_px + PATCH_PX], np.uint8)

        x_px, y_px = (int(each) for each in corners[0])
        if not np.array_equal(read(x_px, y_px), pixels[y_px : y_px + PATCH_PX, x_px : x_px + PATCH_PX]):
            raise RuntimeError(f"{file}: zarr reads other pixels than were written")
        return patch_cpu_ms(read, corners)


def open_handles(folder: Path, count: int) -> list[Figure]:
    """Memory that it takes to read one patch of each of so many sections and keep all open; the file has holes for pixels."""
    path = store_file(folder, "MANY", split=False)
    create_store(path, 2.0, 512, [StoredSize(number, PATCH_PX, PATCH_PX) for number in range(count)])
    with StoreWriter(path) as writer:
        for number in range(count):
            writer.finish(number, "0" * 64)
    with AnalysisStore(path) as store:
        sections = HandleCache(store.section, limit=count)
        before = _resident_mb()
        for number in range(count):
            sections.get(number).read(0, 0, 0, PATCH_PX, PATCH_PX)
        grown, held = _resident_mb() - before, sections.held()
    path.unlink()
    return [
        Figure("store.open_sections", held.readers, "sections"),
        Figure("store.open_files", held.files, "files"),
        Figure("store.open_sections_mb", grown, "MB"),
        Figure("store.bytes_per_handle", 1e6 * grown / held.readers, "bytes"),
    ]


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Chunks of 512 px, which is the default, and of 2048 px, which the thesis has; then the peer."""
    side_px = QUICK_SIDE_PX if options.quick else SIDE_PX
    corners = np.random.default_rng(0).integers(0, side_px - PATCH_PX, (PATCHES, 2))
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        handles = open_handles(folder, QUICK_SECTIONS if options.quick else SECTIONS)
        with AnalysisStore(make_store(folder, side_px, 2048)) as store:
            thesis = patch_cpu_ms(store_reader(store.section(1)), corners)
        with AnalysisStore(make_store(folder, side_px, 512)) as store:
            section = store.section(1)
            default = patch_cpu_ms(store_reader(section), corners)
            figures = [
                Figure("store.random_patch_cpu_ms", default, "ms", 1.0),
                Figure("store.random_patch_chunk_2048_cpu_ms", thesis, "ms"),
                *handles,
            ]
            if importlib.util.find_spec("zarr") is None:
                print("zarr is not installed: store.vs_tifffile_zarr is left out")
                return figures
            same, small = (peer_cpu_ms(section, tile_px, corners, folder) for tile_px in (512, 256))
    return [
        *figures,
        Figure("store.vs_tifffile_zarr", same / default, "times", 3.0, "at least"),
        Figure("store.vs_tifffile_zarr_tiles_256", small / default, "times"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, help="folder for the stores, 1 GB a file; the system's temporary folder by default"
    )
    run(measure, parser)
