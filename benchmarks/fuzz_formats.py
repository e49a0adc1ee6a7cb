"""Read thousands of damaged annotation files: each must give shapes or a named error, in bounded time and memory.

    python -m benchmarks.fuzz_formats --count 10000 --seed 1 --json benchmarks/results/fuzz_formats.json

What is read is also faithful: every shape is one that an annotation can hold, and written as SVG and as a file of
Microdraw it is read as the same again. A case is repeated by its seed and its number alone: `--first NUMBER --count 1`.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, run
from benchmarks.format_mutants import FRAME, mutant
from benchmarks.fuzzing import Case, figures_of, measured, options_of, tally_of
from core.contracts.annotations import Drawing
from core.formats.microdraw import write_juelich
from core.formats.recognise import read
from core.formats.shapes import FormatError, Found, Shape
from core.formats.svg_writer import write_svg

_NAME = "damaged file"
_CLOSE_UM = 0.01
_MOST_CHECKED = 50_000


def check(found: Found) -> None:
    """AssertionError unless the shapes can be stored, and come back from the formats that keep curves."""
    if sum(len(path) for shape in found.shapes for path in shape.paths) > _MOST_CHECKED:
        return  # reading them was the test
    for shape in found.shapes:
        text = shape.text.strip() or "a point" if shape.kind == "note" else shape.text
        Drawing.model_validate({"area": "hOc1", "paths": shape.paths[:1000], "shape": shape.kind, "text": text})
    written = write_svg(found.shapes, FRAME).encode(), json.dumps(write_juelich(found.shapes, FRAME)).encode()
    for data in written:
        again = read("again", data, FRAME, "pixels").shapes
        assert [one.kind for one in again] == [one.kind for one in found.shapes], "other kinds come back"
        for before, after in zip(found.shapes, again, strict=True):
            assert _corners(before) == 0 or abs(_corners(before) - _corners(after)) < _CLOSE_UM, "another geometry comes back"


def _corners(shape: Shape) -> float:
    """One number that any moved point changes."""
    return float(np.mean([value for path in shape.paths for node in path for value in node[:2]]))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every file, and how long it may take."""

    seed: int
    check: Callable[[Found], None] = check
    limit_s: float = 60.0

    def case(self, path: Path, number: int) -> Case:
        """Read one damaged file."""
        data = mutant(number, self.seed)

        def attempt() -> tuple[str, str]:
            try:
                found = read(_NAME, data, FRAME)
            except FormatError as error:
                return "refused" if str(error).startswith(f"{_NAME}: ") else "nameless", str(error)
            self.check(found)
            return "shapes", found.words

        return measured(number, attempt)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Read the files, and count."""
    tally = tally_of(options, Plan(options.seed), lambda number: mutant(number, options.seed))
    return figures_of(tally, "fuzz_formats")


def main() -> None:
    """Entry point."""
    run(measure, options_of(__doc__))


if __name__ == "__main__":
    main()
