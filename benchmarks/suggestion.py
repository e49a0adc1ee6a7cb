"""Does annotating the suggested section help more than the middle one, or any?

Example: python -m benchmarks.suggestion --brain data/brains/B20 --json benchmarks/results/suggestion.json

On a brain whose truth is known, every interval between two sections with five or more in between is filled by shape
interpolation, which stands for a model here: one section more is annotated (with the truth), the interval is filled again, and
what is labelled wrongly is compared with what was before. The doubt of the sections is what is truly wrong on them, and in a
second round that times a random factor: this measures the rule of `backend.domain.suggestion`, not a model's doubt.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import numpy as np

from backend.domain.suggestion import candidates
from benchmarks.figures import Figure, run
from core.anatomy.shape_between import interpolated_distance
from core.contracts.datasets import RasterGrid
from core.contracts.projects import Prediction
from core.datasets import BrainFolder
from core.geometry.polygons import Ring, rings
from core.geometry.rasterise import Mask, rasterise
from core.units import um2_to_mm2

PIXEL_SIZE_UM = 64.0
LEAST_BETWEEN = 5
QUICK_AREAS = 1
FACTOR_SD = np.log(2)  # two thirds of the doubts are right within a factor of two
ROUNDS = 10


@dataclass
class Truth:
    """One area's true outlines and masks by section, and what shape interpolation gets wrong of them."""

    folder: BrainFolder
    outlines: dict[int, list[Ring]]
    masks: dict[int, Mask] = field(default_factory=dict)
    known: dict[tuple[int, int, int], float] = field(default_factory=dict)

    def wrong_mm2(self, first: int, section: int, last: int) -> float:
        """Wrongly labelled area of a section interpolated between two others."""
        place = first, section, last
        if place not in self.known:
            placed = [(number, self.outlines[number]) for number in (first, last)]
            grid = self._grid(section)
            found = interpolated_distance(self.folder.alignment, placed, section, grid) > 0
            self.known[place] = um2_to_mm2(float((found != self._mask(section)).sum()) * PIXEL_SIZE_UM**2)
        return self.known[place]

    def left_mm2(self, annotated: Sequence[int], sections: Sequence[int]) -> float:
        """Wrongly labelled area of all these sections, each between the nearest annotated ones."""
        total = 0.0
        for section in set(sections) - set(annotated):
            below = max(number for number in annotated if number < section)
            above = min(number for number in annotated if number > section)
            total += self.wrong_mm2(below, section, above)
        return total

    def _mask(self, section: int) -> Mask:
        if section not in self.masks:
            self.masks[section] = rasterise(self.outlines[section], self._grid(section))
        return self.masks[section]

    def _grid(self, section: int) -> RasterGrid:
        brain = self.folder.brain
        found, factor = brain.section(section), brain.pixel_size_um / PIXEL_SIZE_UM
        return RasterGrid(
            pixel_size_um=PIXEL_SIZE_UM, width_px=ceil(found.width_px * factor), height_px=ceil(found.height_px * factor)
        )


def suggested(ends: tuple[int, int], wrong_mm2: Mapping[int, float]) -> int:
    """The section that comes first when this is expected to be wrong; the middle one when nothing is."""
    found = candidates(ends, {section: _prediction(section, wrong) for section, wrong in wrong_mm2.items()})
    return found[0].section if found else middle(list(wrong_mm2))


def middle(sections: Sequence[int]) -> int:
    """The middle one, of two the lower."""
    return sorted(sections)[(len(sections) - 1) // 2]


def shares_left(truth: Truth, ends: tuple[int, int], inside: Sequence[int], generator: np.random.Generator) -> dict[str, float]:
    """By way of choosing, the share of the wrong area that is left when the chosen section is annotated too."""
    before = truth.left_mm2(ends, inside)
    after = {section: truth.left_mm2((ends[0], section, ends[1]), inside) / before for section in inside}
    wrong = {section: truth.wrong_mm2(ends[0], section, ends[1]) for section in inside}
    unsure = []
    for _ in range(ROUNDS):
        factors = np.exp(generator.normal(0, FACTOR_SD, len(inside)))
        unsure.append(after[suggested(ends, {section: wrong[section] * f for section, f in zip(inside, factors, strict=True)})])
    return {
        "suggested": after[suggested(ends, wrong)],
        "suggested_unsure": float(np.mean(unsure)),
        "middle": after[middle(inside)],
        "random": float(np.mean(list(after.values()))),
        "best": min(after.values()),
    }


def measure(options: argparse.Namespace) -> list[Figure]:
    """The figures over all areas and intervals of the brain."""
    folder, generator = BrainFolder(options.brain), np.random.default_rng(0)
    outlines: dict[str, dict[int, list[Ring]]] = defaultdict(dict)
    for number in (section.number for section in folder.brain.sections):
        for outline in folder.truth(number).outlines:
            outlines[outline.area][number] = rings(outline.paths)
    areas = {area: found for area, found in sorted(outlines.items()) if _intervals(folder, found)}
    found = [
        shares_left(truth, (inside[0], inside[-1]), inside[1:-1], generator)
        for area in list(areas)[-QUICK_AREAS if options.quick else 0 :]
        for truth in [Truth(folder, areas[area])]
        for inside in _intervals(folder, areas[area])
    ]
    means = {way: float(np.mean([shares[way] for shares in found])) for way in found[0]}
    return [
        Figure("suggestion.areas", float(len(areas)), "areas"),
        Figure("suggestion.intervals", float(len(found)), ""),
        *(Figure(f"suggestion.left_{way}", share, "") for way, share in means.items()),
        Figure("suggestion.better_than_middle", means["middle"] - means["suggested"], "", 0.0, "at least"),
        Figure("suggestion.better_than_random", means["random"] - means["suggested"], "", 0.0, "at least"),
    ]


def _intervals(folder: BrainFolder, outlines: Mapping[int, list[Ring]]) -> list[tuple[int, ...]]:
    """Runs of sections that all have the area, long enough to have a choice in between."""
    numbers = [section.number for section in folder.brain.sections]
    runs = [
        tuple(numbers[first : last + 1])
        for first in range(len(numbers))
        for last in range(first + LEAST_BETWEEN + 1, len(numbers))
    ]
    return [each for each in runs if all(number in outlines for number in each)]


def _prediction(section: int, wrong_mm2: float) -> Prediction:
    """A prediction that expects this to be wrong: with doubt one half it is as large as its area."""
    grid = RasterGrid(pixel_size_um=PIXEL_SIZE_UM, width_px=1, height_px=1)
    key = f"{section:032x}"
    facts = {"id": key, "project": "p", "task": key, "job": key, "area": "a", "created_at": datetime.now(UTC)}
    return Prediction.model_validate(
        {**facts, "section": section, "grid": grid, "area_mm2": wrong_mm2, "mean_confidence": 1, "doubt": 0.5}
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, required=True, help="a brain dataset whose truth is known")
    run(measure, parser)
