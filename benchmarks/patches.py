"""The way of a patch of 2048 px to the encoder: its crop read, and changed as training does.

A section is noise, smoothed to the size of cells, at 1 µm and read at 2 µm: from the image file, JPEG in a pyramid, and from
the analysis store. CPU time is of one thread; `crops_per_s` is what `workers` threads give by the clock. With a GPU, also the
time there when 64 patches are changed together.

Example: python -m benchmarks.patches --json benchmarks/results/patches.json
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.contracts.datasets import Brain, Section
from core.contracts.features import EncoderSettings
from core.datasets import BrainFolder, fingerprint_file, write_brain
from core.datasets.build_store import StoreOptions, build_store
from core.imaging.writer import PyramidOptions, write_pyramid
from core.sampling.patch_sites import TRAIN, AnnotatedBrain, PatchSites
from core.training.crops import CropReader, crop_batches, crop_px
from core.training.patch_augmentation import changed, draw_changes

SIDE_PX, PATCHES, QUICK_PATCHES = 16_384, 64, 8
SETTINGS = EncoderSettings()


def noise_brain(folder: Path) -> BrainFolder:
    """A brain of one section."""
    tile = np.random.default_rng(0).standard_normal((2048, 2048)).astype(np.float32)
    tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), 2.0), np.float32)
    pixels = np.tile((180 + 25 * tile / tile.std()).clip(0, 255).astype(np.uint8), (SIDE_PX // 2048, SIDE_PX // 2048))
    path = folder / "NOISE" / "sections" / "NOISE_0001.tif"
    path.parent.mkdir(parents=True)
    options = PyramidOptions(pixel_size_um=1.0)
    write_pyramid(path, lambda first, count: pixels[first : first + count], SIDE_PX, SIDE_PX, options)
    file = f"sections/{path.name}"
    section = Section(number=1, file=file, width_px=SIDE_PX, height_px=SIDE_PX, fingerprint=fingerprint_file(path))
    brain = Brain(
        id="NOISE", title="Noise", provenance="Random numbers", synthetic=True, pixel_size_um=1.0, section_thickness_um=20.0,
        areas=(), sections=(section,),
    )  # fmt: skip
    write_brain(folder / "NOISE", brain)
    return BrainFolder(folder / "NOISE")


def reader_of(brain: BrainFolder, count: int) -> CropReader:
    """Sites anywhere on the section."""
    centres = np.random.default_rng(0).uniform(3000, SIDE_PX - 3000, (count, 2)).astype(np.float32)
    brains, none = (AnnotatedBrain(brain, ()),), np.zeros(count, np.int16)
    split = np.full(count, TRAIN, np.int8)
    return CropReader(brains, PatchSites(brains, ("a",), none, np.ones(count, np.int32), centres, none, split), SETTINGS)


def cpu_ms(do: Callable[[], object], count: int) -> float:
    """CPU time of each of so many, the better of two rounds."""
    rounds = []
    for _ in range(2):
        started = time.process_time()
        do()
        rounds.append(1000 * (time.process_time() - started) / count)
    return min(rounds)


def crop_ms(reader: CropReader, count: int) -> float:
    """CPU time of reading a crop."""
    places = [reader.place(site) for site in range(count)]
    return cpu_ms(lambda: [reader.read(place) for place in places], count)


def crops_per_s(reader: CropReader, count: int) -> float:
    """Crops that come in batches of 16, by the clock."""
    batches: list[NDArray[np.intp]] = np.array_split(np.arange(count), max(1, count // 16))
    started = time.perf_counter()
    with crop_batches(reader, batches, 1) as feed:
        made = sum(len(crops.index) for crops in feed)
    return made / (time.perf_counter() - started)


def augmenting(count: int) -> list[Figure]:
    """Time of changing a patch: CPU time on processors, by the clock on a GPU."""
    patch_px, few = SETTINGS.patches.patch_px, min(count, QUICK_PATCHES)
    side = crop_px(patch_px)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (few, side, side), np.uint8))
    one_by_one = partial(changed, images, patch_px, draw_changes(np.arange(1, few + 1)))
    figures = [Figure("patches.augment_cpu_ms", cpu_ms(one_by_one, few), "ms")]
    if torch.cuda.is_available():
        on_gpu = images.cuda().repeat(-(-count // few), 1, 1)[:count]
        figures.append(Figure("patches.augment_gpu_ms", _gpu_ms(on_gpu, patch_px), "ms"))
    return figures


def _gpu_ms(images: torch.Tensor, patch_px: int) -> float:
    changes, rounds = draw_changes(np.arange(1, len(images) + 1)), []
    for _ in range(3):
        torch.cuda.synchronize()
        started = time.perf_counter()
        changed(images, patch_px, changes)
        torch.cuda.synchronize()
        rounds.append(1000 * (time.perf_counter() - started) / len(images))
    return min(rounds)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Read from the file, then from the store; then change."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    count = QUICK_PATCHES if options.quick else PATCHES
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        brain = noise_brain(Path(name))
        file_ms = crop_ms(reader_of(brain, count), count)
        build_store(brain.path, StoreOptions(), lambda _progress: None)
        reader = reader_of(brain, count)
        figures = [
            Figure("patches.crop_file_cpu_ms", file_ms, "ms"),
            Figure("patches.crop_store_cpu_ms", crop_ms(reader, count), "ms"),
            Figure("patches.crops_per_s", crops_per_s(reader, count), "1/s"),
            Figure("patches.workers", os.cpu_count() or 1, ""),
        ]
    return [*figures, *augmenting(count), Figure("load", os.getloadavg()[0], "")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the section and its store, 200 MB")
    run(measure, parser)
