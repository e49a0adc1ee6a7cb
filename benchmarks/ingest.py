"""Memory and speed of a section's way into the program: ingested, stored for analysis, and served tile by tile.

A synthetic section, JPEG tiles of noisy texture repeated and no pyramid, as a scanner might write it. Each step runs in
a process of its own, and memory is the sum over it and all its workers.

Example: python -m benchmarks.ingest --json benchmarks/results/ingest.json
Example: python -m benchmarks.ingest --full-size --json benchmarks/results/ingest_full_size.json
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np

from backend.services.brains import Brains
from backend.services.images import Images
from backend.stores.blobs import FileBlobs
from benchmarks.figures import Figure, run
from benchmarks.memory import Peak, peak_of
from core.contracts.jobs import Progress
from core.datasets import BrainFolder
from core.datasets.build_store import StoreOptions, build_store
from core.datasets.ingest import IngestOptions, ingest, make_plan
from core.imaging.bigtiff import BigTiffWriter, Directory

SIDE_PX, QUICK_SIDE_PX = (20_000, 20_000), (6_000, 6_000)
FULL_SIZE_PX = (95_000, 136_000)  # of the largest sections of the thesis (4.2)
TILE_PX, DIFFERENT_TILES, WORKERS = 512, 64, 2
BRAIN = "BENCH"


def write_source(path: Path, width_px: int, height_px: int) -> None:
    """A tiled BigTIFF without pyramid, its tiles written one after the other."""
    generator = np.random.default_rng(1)
    tiles = [
        imagecodecs.jpeg8_encode(generator.normal(170, 12, (TILE_PX, TILE_PX)).clip(0, 255).astype(np.uint8), level=85)
        for _ in range(DIFFERENT_TILES)
    ]
    count = -(-width_px // TILE_PX) * -(-height_px // TILE_PX)
    chosen = generator.integers(0, DIFFERENT_TILES, count)
    with path.open("wb") as file:
        tiff = BigTiffWriter(file)
        offsets = np.array([tiff.append(tiles[index]) for index in chosen], np.uint64)
        sizes = np.array([len(tiles[index]) for index in chosen], np.uint64)
        tiff.finish([Directory(width_px, height_px, TILE_PX, 1.0, offsets, sizes, reduced=False)])


def ingested(source: Path, brains: Path) -> None:
    """The section becomes a brain."""
    result = ingest(make_plan([source], brains, IngestOptions(brain_id=BRAIN)), WORKERS)
    if result.failures or result.written != [1]:
        raise RuntimeError(f"not ingested: {result}")


def stored(brains: Path) -> None:
    """The brain gets an analysis store of 2 µm."""
    build_store(brains / BRAIN, StoreOptions(workers=WORKERS), _nothing)


def served(brains: Path, blobs: Path) -> None:
    """Every tile of every level and the thumbnail, through the backend's image service."""
    images = Images(Brains(brains), FileBlobs(blobs))
    about = images.pyramid(BRAIN, 1)
    images.thumbnail(BRAIN, 1, about.version)
    for level in about.levels:
        for row in range(-(-level.height_px // about.tile_size_px)):
            for column in range(-(-level.width_px // about.tile_size_px)):
                images.tile(BRAIN, 1, about.version, (level.level, column, row))


def _nothing(_progress: Progress) -> None:
    """Nobody looks."""


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """The three steps one after the other; the peak is that of the step that takes most."""
    width_px, height_px = FULL_SIZE_PX if options.full_size else QUICK_SIDE_PX if options.quick else SIDE_PX
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        source, brains = folder / "section_1.tif", folder / "brains"
        write_source(source, width_px, height_px)
        peaks = {
            "write": peak_of(ingested, source, brains),
            "store": peak_of(stored, brains),
            "serve": peak_of(served, brains, folder / "blobs"),
        }
        problems = BrainFolder(brains / BRAIN).check()
    if problems:
        raise RuntimeError(problems[0])
    name, goal_mb = ("ingest.full_size_", 1000.0) if options.full_size else ("ingest.", 500.0)
    highest = max(peak.proportional_mb for peak in peaks.values())
    return [Figure(f"{name}peak_mb", highest, "MB", goal_mb), *figures(name, width_px * height_px / 1e6, peaks)]


def figures(name: str, megapixels: float, peaks: dict[str, Peak]) -> list[Figure]:
    """Each step's memory and speed."""
    return [
        figure
        for step, peak in peaks.items()
        for figure in (
            Figure(f"{name}{step}_peak_mb", peak.proportional_mb, "MB"),
            Figure(f"{name}{step}_resident_mb", peak.resident_mb, "MB"),
            Figure(f"{name}{step}_s", peak.wall_s, "s"),
            Figure(f"{name}{step}_mpx_per_s", megapixels / peak.wall_s, "Mpx/s"),
        )
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full-size", action="store_true", help="95,000 x 136,000 px; needs 30 GB of disk")
    parser.add_argument("--work", type=Path, help="folder for the files; the system's temporary folder by default")
    run(measure, parser)
