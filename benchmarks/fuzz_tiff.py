"""Read thousands of damaged TIFFs: each must give an image or a named error, in bounded time and memory.

    python -m benchmarks.fuzz_tiff --count 10000 --seed 1 --json benchmarks/results/fuzz_tiff.json

Every file is opened and read in a process of its own kind: one that dies, hangs or grows is counted and replaced, and
its file is kept in --keep. A case is repeated by its seed and its number alone: `--first NUMBER --count 1`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, run
from benchmarks.fuzzing import LIMIT_S, Case, figures_of, measured, options_of, tally_of
from benchmarks.tiff_mutants import mutant
from core.imaging.pyramid import Pyramid, UnreadableImageError, open_pyramid

_WINDOW_PX = 1024


def read_all(image: Pyramid) -> None:
    """What viewers, training and ingest ask of an image: windows of every level, its own samples, a coarse tile."""
    for size in image.levels:
        width, height = min(_WINDOW_PX, size.width_px), min(_WINDOW_PX, size.height_px)
        image.read(size.level, 0, 0, width, height)
        image.read(size.level, size.width_px - width // 2, size.height_px - height // 2, width, height)
        if size.level in image.stored_levels:
            image.read_raw(size.level, 0, 0, width, height)
    image.jpeg_tile(len(image.levels) - 1, 0, 0)
    image.jpeg_tile(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every file, and how long it may take."""

    seed: int
    read: Callable[[Pyramid], None] = read_all
    limit_s: float = LIMIT_S

    def case(self, path: Path, number: int) -> Case:
        """Write one damaged file and read it."""
        file = path.with_suffix(".tif")
        file.write_bytes(mutant(number, self.seed))

        def read() -> tuple[str, str]:
            try:
                with open_pyramid(file, 1.0) as image:
                    self.read(image)
            except UnreadableImageError as error:
                if isinstance(error.__cause__, MemoryError):
                    return "memory", str(error)
                return "refused" if str(file) in str(error) else "nameless", str(error)
            return "image", ""

        return measured(number, read)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Read the files, and count."""
    return figures_of(tally_of(options, Plan(options.seed), lambda number: mutant(number, options.seed)), "fuzz")


def main() -> None:
    """Entry point."""
    run(measure, options_of(__doc__))


if __name__ == "__main__":
    main()
