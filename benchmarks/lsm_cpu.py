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
STEPS, ROUNDS, PREDICTIONS = 3, 8, 3
Loops = dict[str, list[LoopTime]]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures. The loops take many short turns, and of each the fastest counts: other work on the machine meets some."""
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
    """Of the fastest turns: how many times faster ours is than plain, and compiled than ours, seconds and shares of data."""
    own, plain, compiled = (min(loops[name], key=lambda turn: turn.step_s) for name in ("own", "plain", "compiled"))
    return [
        Figure("train.vs_plain", plain.step_s / own.step_s, "times"),
        Figure("train.step_s", own.step_s, "s"),
        Figure("train.plain_step_s", plain.step_s, "s"),
        Figure("train.compiled_faster", own.step_s / compiled.step_s, "times"),
        Figure("train.data_share", own.data_s / own.step_s, ""),
        Figure("train.plain_data_share", plain.data_s / plain.step_s, ""),
    ]


def _patch_ms(source: PatchSource, made: Iterable[Batch]) -> float:
    started = time.perf_counter()
    count = sum(1 for _ in made)
    return (time.perf_counter() - started) * 1000 / (count * source.settings.batch_size)


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__))
