"""Random patches from the analysis store: CPU time of each, the file in the page cache.

Noise in place of tissue: the store does not compress, so that content does not matter.

Example: python -m benchmarks.store --json benchmarks/results/store.json
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.imaging.store import STRIP_PX, AnalysisStore, StoredSize, StoreWriter, checksum, create_store, store_file

SIDE_PX, QUICK_SIDE_PX, PATCH_PX = 32_768, 16_384, 2048
PATCHES, ROUNDS = 200, 5


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


def patch_cpu_ms(path: Path, corners: NDArray[np.int64]) -> float:
    """Mean CPU time of reading a patch in the best of the rounds; every patch is read once before."""
    rounds = []
    with AnalysisStore(path) as store:
        section = store.section(1)
        for _ in range(1 + ROUNDS):
            started = time.process_time()
            for x_px, y_px in corners:
                section.read(0, int(x_px), int(y_px), PATCH_PX, PATCH_PX)
            rounds.append(1000 * (time.process_time() - started) / len(corners))
    return min(rounds[1:])


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Chunks of 512 px, which is the default, and of 2048 px, which the thesis has."""
    side_px = QUICK_SIDE_PX if options.quick else SIDE_PX
    corners = np.random.default_rng(0).integers(0, side_px - PATCH_PX, (PATCHES, 2))
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        default, thesis = (patch_cpu_ms(make_store(Path(folder), side_px, chunk_px), corners) for chunk_px in (512, 2048))
    return [
        Figure("store.random_patch_cpu_ms", default, "ms", 1.0),
        Figure("store.random_patch_chunk_2048_cpu_ms", thesis, "ms"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the stores, 1 GB each; the system's temporary folder by default")
    run(measure, parser)
