"""How well does the section alignment recover the phantom's known motion?

Example: python -m benchmarks.alignment --brain data/brains/B20 --json alignment.json

The brain must be one of the phantom presets. Every pair is aligned twice, as it is and with the first image mirrored in
memory. Landmarks are points in the tissue; the phantom's own motion, deformation included, carries them to the next section.
An alignment is compared with the rigid transform that fits this motion best; what deformation leaves over from that one is
reported beside it. A pair is right when its median landmark error is below 500 µm.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.figures import Figure, run
from core.anatomy.align import PIXEL_SIZE_UM, align_pair
from core.anatomy.rigid_fit import rigid_fit
from core.contracts.datasets import AlignmentStep
from core.datasets import BrainFolder
from core.geometry.affine import Matrix, apply, invert, rigid_matrix
from core.geometry.frames import Points
from core.imaging.resampling import Image
from core.imaging.sections import read_whole
from core.phantom.assemble import state_of
from core.phantom.presets import PRESETS, PhantomSpec
from core.phantom.variation import SectionState, displacement

LANDMARKS = 2000
RIGHT_UM = 500.0


@dataclass(frozen=True)
class Pair:
    """One pair's landmarks (n, 2) in both sections, and what was computed."""

    points_um: Points
    partners_um: Points
    step: AlignmentStep
    mirrored_step: AlignmentStep
    width_um: float

    @property
    def best(self) -> Matrix:
        """The rigid transform that fits the true motion best."""
        return rigid_matrix(rigid_fit(self.points_um, self.partners_um))

    @property
    def error_um(self) -> float:
        """Median landmark error of the computed transform against the best rigid one."""
        return _median_gap(apply(rigid_matrix(self.step.transform), self.points_um), apply(self.best, self.points_um))

    @property
    def mirrored_error_um(self) -> float:
        """The same for the mirrored image, whose landmarks are mirrored with it."""
        seen = self.points_um * (-1, 1) + (self.width_um, 0)
        return _median_gap(apply(rigid_matrix(self.mirrored_step.transform), seen), apply(self.best, self.points_um))

    @property
    def left_um(self) -> float:
        """What deformation leaves over from the best rigid transform."""
        return _median_gap(apply(self.best, self.points_um), self.partners_um)


def _median_gap(a: Points, b: Points) -> float:
    return float(np.median(np.linalg.norm(a - b, axis=1)))


def carried(points_um: Points, source: SectionState, target: SectionState) -> Points:
    """Points of one section's frame where the phantom's motion and deformation bring them in another's."""
    undeformed = apply(invert(_matrix(source)), points_um)
    anatomical = undeformed
    for _ in range(30):  # the deformation is gentle, so the fixed point is reached
        anatomical = undeformed - displacement(anatomical, source.warp.waves)
    return apply(_matrix(target), anatomical + displacement(anatomical, target.warp.waves))


def _matrix(state: SectionState) -> Matrix:
    return np.vstack([state.warp.matrix, [0.0, 0.0, 1.0]])


def spec_of(folder: BrainFolder) -> PhantomSpec:
    """The preset that a phantom brain was built from; ValueError for any other brain."""
    numbers = tuple(section.number for section in folder.brain.sections)
    for spec in PRESETS.values():
        if (spec.brain_id, spec.numbers) == (folder.brain.id, numbers):
            return spec
    raise ValueError(f"{folder.path}: brain {folder.brain.id} is not a phantom preset, so its true motion is not known")


def pairs(folder: BrainFolder) -> list[Pair]:
    """Every pair of neighbours, aligned both ways."""
    spec = spec_of(folder)
    numbers = [section.number for section in folder.brain.sections]
    images = {number: _image(folder, number) for number in numbers}
    result = []
    for a, b in pairwise(numbers):
        points = _landmarks(folder, a)
        partners = carried(points, state_of(spec, a), state_of(spec, b))
        step = align_pair(a, b, images[a], images[b])
        turned_over = align_pair(a, b, np.ascontiguousarray(images[a][:, ::-1]), images[b])
        result.append(Pair(points, partners, step, turned_over, images[a].shape[1] * PIXEL_SIZE_UM))
        print(f"{a} {b} {step.quality} error {result[-1].error_um:.0f} µm, mirrored {result[-1].mirrored_error_um:.0f} µm")
    return result


def _image(folder: BrainFolder, number: int) -> Image:
    with folder.pyramid(number) as pyramid:
        return read_whole(pyramid, PIXEL_SIZE_UM)


def _landmarks(folder: BrainFolder, number: int) -> Points:
    labels, grid = folder.true_tissue(number)
    rows, columns = np.nonzero(labels)
    chosen = np.random.default_rng(number).choice(len(rows), LANDMARKS)
    landmarks: Points = (np.c_[columns, rows][chosen] + 0.5) * grid.pixel_size_um + grid.origin_um
    return landmarks


def figures_of(measured: Sequence[Pair]) -> list[Figure]:
    """The figures over all pairs, as they are and mirrored."""
    trials = [(pair.step, pair.error_um) for pair in measured]
    trials += [(pair.mirrored_step, pair.mirrored_error_um) for pair in measured]
    sure = [step.quality is not None and not step.quality.weak for step, _ in trials]
    right = [error < RIGHT_UM for _, error in trials]
    found = [pair.mirrored_step.transform.mirrored and not pair.step.transform.mirrored for pair in measured]
    return [
        Figure("align.median_error_um", float(np.median([error for _, error in trials])), "µm", 100.0),
        Figure("align.worst_error_um", float(max(error for _, error in trials)), "µm"),
        Figure("align.left_by_deformation_um", float(np.median([pair.left_um for pair in measured])), "µm"),
        Figure("align.right_share", sum(s and r for s, r in zip(sure, right, strict=True)) / len(trials), "", 0.98, "at least"),
        Figure("align.unflagged_wrong", float(sum(s and not r for s, r in zip(sure, right, strict=True))), "pairs", 0.0),
        Figure("align.mirrors_missed", float(found.count(False)), "pairs", 0.0),
    ]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Align all pairs and compare them with the truth."""
    cv2.setNumThreads(1)
    return figures_of(pairs(BrainFolder(options.brain)))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, required=True, help="folder of a brain built by `brodmann phantom build`")
    run(measure, parser)


if __name__ == "__main__":
    main()
