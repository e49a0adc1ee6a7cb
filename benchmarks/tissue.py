"""How well are the tissue classes of the phantom found, and how long does a section of real size take?

Example: python -m benchmarks.tissue --brain data/brains/B20 --json tissue.json

Compared with the truth on its 16 µm raster: all sections of the phantom brain given, and of a second one that is built
here: the other hemisphere, other planes, seed and stains, which nothing was tuned on. Dice of a class is taken over all
pixels of a brain; the lower one of both brains is reported, and the lowest of any class on any section. The named peer,
two thresholds by Otsu's criterion on the same images (`skimage.filters.threshold_multiotsu`), is measured beside it.

A joined bank: gaps of the true background at least three pixels (48 µm) wide are kept (opened by a 3 x 3 square) and thinned
to their centre lines. A centre pixel is closed when neither it nor one of its eight neighbours is background in the
result. Every connected group of closed pixels (at most four pixels apart) counts as one: a sulcus whose banks touch
somewhere counts, one that is shortened at its bottom counts too, and so does a filled tear.

The section of real size has 5937 x 8500 px of 16 µm (95,000 x 136,000 px of 1 µm): the phantom's first section, mirrored
at its borders as often as needed, read from a TIFF whose finest level is 16 µm, as section files have such a level.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_multiotsu
from skimage.morphology import skeletonize

from benchmarks.figures import Figure, run
from core.anatomy.tissue import section_classes, tissue_classes
from core.anatomy.tissue_slide import PIXEL_SIZE_UM
from core.contracts.datasets import Brain, Section
from core.datasets import BrainFolder, fingerprint_file, write_brain
from core.datasets.tissue import TISSUE_CLASSES, Labels, encode_tissue
from core.imaging.resampling import Image
from core.imaging.sections import read_whole
from core.imaging.writer import PyramidOptions, write_pyramid
from core.phantom.assemble import build_brain
from core.phantom.presets import PhantomSpec, start_weight_specs
from core.phantom.variation import Variation

REAL_SIZE_PX = (8500, 5937)
SHORT_NAMES = {"background": "background", "white matter": "white", "gray matter": "gray"}
Method = Callable[[Image], Labels]


@dataclass(frozen=True)
class Comparison:
    """One section: pixels of each class in truth and result together (3,), in both at once (3,), and joined banks."""

    name: str
    sizes: NDArray[np.int64]
    common: NDArray[np.int64]
    joined: int

    @property
    def dice(self) -> NDArray[np.float64]:
        """Dice of each class (3,); 1 for a class that neither has."""
        return dice([self])


def dice(sections: Sequence[Comparison]) -> NDArray[np.float64]:
    """Dice of each class (3,) over all pixels of the sections."""
    sizes, common = sum(each.sizes for each in sections), sum(each.common for each in sections)
    result: NDArray[np.float64] = np.where(sizes, 2 * common / np.maximum(sizes, 1), 1.0)
    return result


def compare(name: str, truth: Labels, result: Labels) -> Comparison:
    """Count what is the same, and the joined banks."""
    classes = range(len(TISSUE_CLASSES))
    sizes = np.array([(truth == each).sum() + (result == each).sum() for each in classes])
    common = np.array([((truth == each) & (result == each)).sum() for each in classes])
    return Comparison(name, sizes, common, joined_banks(truth == 0, result == 0))


def joined_banks(true_background: NDArray[np.bool_], background: NDArray[np.bool_]) -> int:
    """In how many places a true gap of at least three pixels is closed, as the module says."""
    square = np.ones((3, 3), np.uint8)
    gaps = cv2.morphologyEx(true_background.astype(np.uint8), cv2.MORPH_OPEN, square)
    centres = skeletonize(gaps > 0)  # type: ignore[no-untyped-call]
    closed = centres & (cv2.dilate(background.astype(np.uint8), square) == 0)
    groups, _ = cv2.connectedComponents(cv2.dilate(closed.astype(np.uint8), np.ones((5, 5), np.uint8)))
    return int(groups) - 1


def two_thresholds(image: Image) -> Labels:
    """The peer: gray matter, white matter and background by two thresholds alone."""
    low, high = threshold_multiotsu(image, 3)  # type: ignore[no-untyped-call]
    return np.where(image > high, 0, np.where(image > low, 1, 2)).astype(np.uint8)


def unseen() -> PhantomSpec:
    """The second phantom."""
    return replace(
        start_weight_specs(8)[7],
        brain_id="UNSEEN",
        title="Phantom for measuring tissue classes",
        numbers=(901, 931, 961, 991, 1021),
        pixel_size_um=4.0,
        seed=8119,
        variation=Variation(stain_gain_sd=0.08, stain_offset_sd=5.0),
        damage=((931, "torn"), (991, "folded")),
    )


def compare_brain(folder: BrainFolder, every: int, method: Method) -> list[Comparison]:
    """Every so manieth section of a phantom brain."""
    comparisons = []
    for section in folder.brain.sections[::every]:
        truth, grid = folder.true_tissue(section.number)
        if grid.pixel_size_um != PIXEL_SIZE_UM:
            raise ValueError(f"{folder.path}: the true classes lie on {grid.pixel_size_um} µm, the computed on {PIXEL_SIZE_UM}")
        with folder.pyramid(section.number) as pyramid:
            result = method(read_whole(pyramid, PIXEL_SIZE_UM))
        rows, columns = (min(sides) for sides in zip(truth.shape, result.shape, strict=True))
        comparisons.append(compare(f"{folder.brain.id} {section.number}", truth[:rows, :columns], result[:rows, :columns]))
    return comparisons


def seconds_per_section(source: BrainFolder, folder: Path, repeats: int) -> tuple[float, float]:
    """From the file of a section of real size to the bytes of its raster: shortest of some times, and of processor times."""
    with source.pyramid(source.brain.sections[0].number) as pyramid:
        image = read_whole(pyramid, PIXEL_SIZE_UM)
    padding = [(0, wanted - present) for wanted, present in zip(REAL_SIZE_PX, image.shape, strict=True)]
    large = np.pad(image, padding, mode="symmetric")
    height, width = large.shape
    file = folder / "sections" / "LARGE_0001.tif"
    file.parent.mkdir(parents=True)
    options = PyramidOptions(pixel_size_um=PIXEL_SIZE_UM)
    write_pyramid(file, lambda first, count: large[first : first + count], width, height, options)
    section = Section(
        number=1, file="sections/LARGE_0001.tif", width_px=width, height_px=height, fingerprint=fingerprint_file(file)
    )
    about = {"title": "real size", "provenance": "synthetic", "synthetic": True}
    brain = Brain(id="LARGE", pixel_size_um=PIXEL_SIZE_UM, section_thickness_um=20.0, sections=(section,), **about)
    write_brain(folder, brain)
    times = []
    for _ in range(repeats):
        started = time.perf_counter(), time.process_time()
        encode_tissue(*section_classes(BrainFolder(folder), 1))
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    shortest, least_work = (min(column) for column in zip(*times, strict=True))
    return shortest, least_work


def figures_of(brains: Sequence[Sequence[Comparison]], prefix: str = "", goals: bool = True) -> list[Figure]:
    """Dice of each class, the lower of the brains; joined banks of all."""
    lowest = np.min([dice(sections) for sections in brains], axis=0)
    every = [section for sections in brains for section in sections]
    least, most = (0.95, 0.0) if goals else (None, None)
    figures = [
        Figure(f"tissue.{prefix}dice_{SHORT_NAMES[name]}", float(value), "", least, "at least")
        for name, value in zip(TISSUE_CLASSES, lowest, strict=True)
    ]
    figures.append(Figure(f"tissue.{prefix}dice_worst_section", float(min(section.dice.min() for section in every)), ""))
    return [*figures, Figure(f"tissue.{prefix}joined_banks", float(sum(each.joined for each in every)), "places", most)]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Compute the classes of both brains, compare them with the truth, and time a section of real size."""
    every = 4 if options.quick else 1
    with tempfile.TemporaryDirectory() as temporary:
        second = unseen()
        build_brain(Path(temporary) / "UNSEEN", replace(second, numbers=second.numbers[::every]))
        brains = [(BrainFolder(options.brain), every), (BrainFolder(Path(temporary) / "UNSEEN"), 1)]
        found, peer = ([compare_brain(*brain, each) for brain in brains] for each in (tissue_classes, two_thresholds))
        wall_s, processor_s = seconds_per_section(brains[0][0], Path(temporary) / "LARGE", 1 if options.quick else 6)
    for section in (section for sections in found for section in sections):
        values = "  ".join(f"{name} {value:.4f}" for name, value in zip(TISSUE_CLASSES, section.dice, strict=True))
        print(f"{section.name}: Dice {values}, {section.joined} joined banks")
    times = [Figure("tissue.section_s", wall_s, "s", 10.0), Figure("tissue.section_cpu_s", processor_s, "s")]
    return [*figures_of(found), *times, *figures_of(peer, "two_thresholds_", goals=False)]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, required=True, help="folder of a brain built by `brodmann phantom build`")
    run(measure, parser)


if __name__ == "__main__":
    main()
