"""Training and prediction of the demo preset on processors, beside the plain way of doing it, in one run.

Plain training: torch's DataLoader as it comes, each patch cut by itself, float32. Plain prediction: patch by patch of
64 x 64 labels. `train.compiled_faster` is our step through torch.compile beside our step, without the one that compiles.

Example: python -m benchmarks.lsm_cpu --json benchmarks/results/lsm_cpu.json
"""

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.figures import Figure, run
from benchmarks.lsm_speed import Learner, LoopTime, noise_source, own_steps, plain_steps, predict_ratio, time_loop
from core.contracts.presets import PRESETS
from core.training.batches import threaded_batches
from core.training.patch_source import Batch, PatchSource

SIDE_MM = 40.0
STEPS, ROUNDS, PREDICTIONS = 4, 5, 3
Loops = dict[str, list[LoopTime]]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures. The loops take turns, and are compared turn by turn, so that other work on the machine meets all."""
    settings = PRESETS["demo"].settings
    source = noise_source(settings, SIDE_MM)
    own, plain = Learner(settings, plain=False), Learner(settings, plain=True)
    compiled = Learner(settings, plain=False, compiled=True)
    loops: Loops = {"own": [], "plain": [], "compiled": []}
    for _ in range(1 if options.quick else ROUNDS):
        loops["own"].append(time_loop(own_steps(source, STEPS), own))
        loops["plain"].append(time_loop(plain_steps(source, STEPS), plain))
        loops["compiled"].append(time_loop(own_steps(source, STEPS), compiled))
    patches, times = (4, 1) if options.quick else (16, PREDICTIONS)
    predictions = [predict_ratio(settings, side_px=512, patches=patches) for _ in range(times)]
    plans = [source.plan(step) for step in range(2 if options.quick else 6)]
    return [
        *step_figures(loops),
        Figure("data.opencv_patch_ms", _patch_ms(source, threaded_batches(source, plans)), "ms"),
        Figure("predict.vs_patchwise", median(faster for faster, _ in predictions), "times"),
        Figure("predict.equal_labels", min(equal for _, equal in predictions), ""),
        Figure("load", os.getloadavg()[0], ""),
    ]


def step_figures(loops: Loops) -> list[Figure]:
    """Medians over turns: seconds of a step, how many times faster ours is than plain, and compiled than ours; data shares."""
    seconds = {name: [each.step_s for each in times] for name, times in loops.items()}
    shares = {name: median(each.data_s / each.step_s for each in times) for name, times in loops.items()}
    own, plain, compiled = seconds["own"], seconds["plain"], seconds["compiled"]
    return [
        Figure("train.vs_plain", median(b / a for a, b in zip(own, plain, strict=True)), "times"),
        Figure("train.step_s", median(own), "s"),
        Figure("train.plain_step_s", median(plain), "s"),
        Figure("train.compiled_faster", median(a / b for a, b in zip(own, compiled, strict=True)), "times"),
        Figure("train.data_share", shares["own"], ""),
        Figure("train.plain_data_share", shares["plain"], ""),
    ]


def _patch_ms(source: PatchSource, made: Iterable[Batch]) -> float:
    started = time.perf_counter()
    count = sum(1 for _ in made)
    return (time.perf_counter() - started) * 1000 / (count * source.settings.batch_size)


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__))
