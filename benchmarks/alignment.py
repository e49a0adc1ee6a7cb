"""How well does the alignment recover the phantom's known motion, and does it know when it does not?

Example: python -m benchmarks.alignment --brain data/brains/B20 --cache /tmp/alignment --json alignment.json

Two parts. The stress set (benchmarks.alignment_cases): pairs of phantom brains that no setting was chosen on, as they are,
mirrored, damaged, stained otherwise; hard ones; and pairs that do not belong together, which must be flagged. The demo brain:
its whole chain from the first section to the last.

Landmarks are points in the tissue; the phantom's own motion, deformation included, carries them to the other section. An
alignment is compared with the rigid transform that fits this motion best; what deformation leaves over from that one is
reported beside it. A pair is right when its median landmark error is below 500 µm, and counts as right when it is not
flagged either.
"""

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from benchmarks.alignment_brains import HELD_OUT, UPRIGHT, sections_of
from benchmarks.alignment_cases import LANDMARKS, Case, carried, cases, mosaic
from benchmarks.figures import Figure, run
from core.anatomy.align import align_features, align_pair
from core.anatomy.chain import doubt_between, is_weak, transform_between
from core.anatomy.features import Features
from core.anatomy.rigid_fit import rigid_fit
from core.anatomy.series import align_brain
from core.contracts.datasets import Alignment, AlignmentStep
from core.datasets import BrainFolder
from core.geometry.affine import Matrix, apply, rigid_matrix
from core.geometry.frames import Points
from core.phantom.assemble import state_of
from core.phantom.presets import PRESETS, PhantomSpec

RIGHT_UM = 500.0
QUICK_EVERY = 25  # the kinds of case come round in 14 or fewer, so every kind is met


@dataclass(frozen=True)
class Trial:
    """One case and what became of it: `gaps_um` (n, 2) from where landmarks belong to where they are; None in a wrong pair."""

    case: Case
    step: AlignmentStep
    gaps_um: Points | None
    left_um: float

    @property
    def error_um(self) -> float:
        """The median gap; infinite where nothing could be right."""
        return float("inf") if self.gaps_um is None else _median_length(self.gaps_um)

    @property
    def right(self) -> bool:
        """Whether the transform is the true one, sure of it or not."""
        return self.error_um < RIGHT_UM

    @property
    def sure(self) -> bool:
        """Whether nobody would be asked to look."""
        return not is_weak(self.step)


def trial(case: Case) -> Trial:
    """Align a case and compare it with the truth."""
    seen_source, seen_target = (_features(image.tobytes(), image.shape) for image in (case.source, case.target))
    step = align_features(1, 2, seen_source, seen_target, case.apart_um)
    if case.points_um is None or case.partners_um is None:
        return Trial(case, step, None, float("nan"))
    seen = case.points_um * (-1, 1) if case.mirrored else case.points_um  # without the mirror the motion is rigid
    best = apply(rigid_matrix(rigid_fit(seen, case.partners_um)), seen)
    found = apply(rigid_matrix(step.transform), case.points_um)
    return Trial(case, step, found - best, _median_length(best - case.partners_um))


@lru_cache(maxsize=32)
def _features(pixels: bytes, shape: tuple[int, int]) -> Features:
    """Many cases share an image."""
    return Features(np.frombuffer(pixels, np.uint8).reshape(shape))


def stress_figures(trials: Sequence[Trial]) -> list[Figure]:
    """The figures over all cases of the stress set."""
    ordinary = [each for each in trials if each.case.group == "ordinary"]
    hard = [each for each in trials if each.case.group == "hard"]
    errors = [each.error_um for each in ordinary]
    upright = [each.error_um for each in ordinary if each.case.brain in UPRIGHT]
    oblique = [each.error_um for each in ordinary if each.case.brain not in UPRIGHT]
    missed = sum(each.step.transform.mirrored != each.case.mirrored for each in ordinary)
    return [
        Figure("align.pairs", float(len(trials)), "pairs"),
        Figure("align.median_error_um", float(np.median(upright or errors)), "µm", 100.0),
        Figure("align.oblique_median_error_um", float(np.median(oblique or errors)), "µm"),
        *drift_figures([each for each in ordinary if each.case.brain in UPRIGHT] or ordinary),
        Figure("align.p95_error_um", float(np.percentile(errors, 95)), "µm"),
        Figure("align.worst_error_um", max(errors), "µm"),
        Figure("align.left_by_deformation_um", float(np.median([each.left_um for each in ordinary])), "µm"),
        Figure("align.right_share", _share(ordinary), "", 0.98, "at least"),
        Figure("align.hard_right_share", _share(hard), ""),
        Figure("align.wrong_pairs", float(sum(not each.right for each in trials)), "pairs"),
        Figure("align.unflagged_wrong", float(sum(each.sure and not each.right for each in trials)), "pairs", 0.0),
        Figure("align.mirrors_missed", float(missed), "pairs", 0.0),
    ]


def drift_figures(trials: Sequence[Trial]) -> list[Figure]:
    """How far the right steps of a brain are off together, on average over brains; and the median error without that."""
    gaps: dict[int, list[Points]] = defaultdict(list)
    for each in trials:
        if each.gaps_um is not None and each.right:
            gaps[each.case.brain].append(each.gaps_um)
    drifts = {brain: np.mean([of_pair.mean(0) for of_pair in those], axis=0) for brain, those in gaps.items()}
    rest = [_median_length(of_pair - drifts[brain]) for brain, those in gaps.items() for of_pair in those]
    return [
        Figure("align.drift_um", float(np.mean([np.linalg.norm(drift) for drift in drifts.values()])), "µm"),
        Figure("align.median_error_without_drift_um", float(np.median(rest)), "µm"),
    ]


def by_kind(trials: Iterable[Trial]) -> str:
    """A line for every kind of case."""
    kinds: dict[str, list[Trial]] = defaultdict(list)
    for each in trials:
        kinds[f"{each.case.group}: {each.case.kind}"].append(each)
    lines = [f"{'kind of pair':<48}   n  right and sure  flagged  unflagged wrong  median error µm"]
    for kind, those in kinds.items():
        flagged, unflagged = sum(not each.sure for each in those), sum(each.sure and not each.right for each in those)
        error = np.median([each.error_um for each in those])
        lines.append(f"{kind:<48} {len(those):>3}  {_share(those):>14.2f}  {flagged:>7}  {unflagged:>15}  {error:>15.0f}")
    return "\n".join(lines)


def chain_figures(folder: BrainFolder, alignment: Alignment) -> list[Figure]:
    """The error from a phantom brain's first section to its last, over all steps between them."""
    spec, numbers = spec_of(folder), [section.number for section in folder.brain.sections]
    points = _landmarks(folder, numbers[0])
    partners = carried(points, state_of(spec, numbers[0]), state_of(spec, numbers[-1]))
    best = apply(rigid_matrix(rigid_fit(points, partners)), points)

    def error_um(chain: Matrix) -> float:
        return _median_length(apply(chain, points) - best)

    weak = sum(is_weak(step) for step in alignment.steps)
    print(f"chain: {doubt_between(alignment, numbers[0], numbers[-1]) or 'every step is certain'}")
    return [
        Figure("align.chain", error_um(transform_between(alignment, numbers[0], numbers[-1])), "µm"),
        Figure("align.chain_steps", float(len(alignment.steps)), "steps"),
        Figure("align.chain_weak", float(weak), "steps"),
        Figure("align.chain_of_truth_um", error_um(transform_between(folder.true_alignment, numbers[0], numbers[-1])), "µm"),
        Figure("align.chain_left_um", _median_length(best - partners), "µm"),
    ]


def real_size_figures(cache: Path) -> list[Figure]:
    """Time and memory of one pair of the size of a whole human section, in a process of its own."""
    with _processes(1) as pool:
        seconds, peak_mb = pool.submit(_real_size_pair, cache).result()
    return [Figure("align.pair_s", seconds, "s"), Figure("align.pair_peak_mb", peak_mb, "MB")]


def spec_of(folder: BrainFolder) -> PhantomSpec:
    """The preset that a phantom brain was built from; ValueError for any other brain."""
    numbers = tuple(section.number for section in folder.brain.sections)
    for spec in PRESETS.values():
        if (spec.brain_id, spec.numbers) == (folder.brain.id, numbers):
            return spec
    raise ValueError(f"{folder.path}: brain {folder.brain.id} is not a phantom preset, so its true motion is not known")


def _real_size_pair(cache: Path) -> tuple[float, float]:
    source, target = mosaic(sections_of(HELD_OUT[0], cache), 2125, 1485)
    started = time.perf_counter()
    align_pair(1, 2, source, target)
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _stress(cache: Path, brains: Sequence[int], every: int) -> list[Trial]:
    trials: list[Trial] = []
    with _processes(2) as pool:
        for place, index in enumerate(brains):
            brain, other = sections_of(index, cache), sections_of(brains[place - 1], cache)
            of_brain = [replace(case, brain=index) for case in cases(brain, other, index)]
            trials += pool.map(trial, of_brain[::every], chunksize=14)
    return trials


def _processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, get_context("spawn"), cv2.setNumThreads, (1,))


def _landmarks(folder: BrainFolder, number: int) -> Points:
    labels, grid = folder.true_tissue(number)
    rows, columns = np.nonzero(labels)
    chosen = np.random.default_rng(number).choice(len(rows), LANDMARKS)
    landmarks: Points = (np.c_[columns, rows][chosen] + 0.5) * grid.pixel_size_um + grid.origin_um
    return landmarks


def _share(trials: Sequence[Trial]) -> float:
    return sum(each.sure and each.right for each in trials) / len(trials)


def _median_length(vectors: Points) -> float:
    return float(np.median(np.linalg.norm(vectors, axis=1)))


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Run the stress set and the demo brain's chain, and time a pair of real size."""
    cv2.setNumThreads(1)
    brains = options.brains or HELD_OUT
    trials = _stress(options.cache, brains, QUICK_EVERY if options.quick else options.every)
    print(by_kind(trials))
    figures = stress_figures(trials) + real_size_figures(options.cache)
    if options.brain is not None:
        folder = BrainFolder(options.brain)
        figures += chain_figures(folder, align_brain(folder))
    return figures


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, help="folder of a brain built by `brodmann phantom build`, for the chain")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps the sections drawn for the stress set")
    parser.add_argument("--brains", type=int, nargs="+", help="two or more; 0 and 1 are those that settings were chosen on")
    parser.add_argument("--every", type=int, default=1, help="only every nth case; not 2 or 7, which leave out kinds of case")
    run(measure, parser)


if __name__ == "__main__":
    main()
