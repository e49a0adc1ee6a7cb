"""Training and prediction of the demo preset on processors, beside the plain way of doing it, in one run.

Plain training: torch's DataLoader as it comes, each patch cut by itself, float32. Plain prediction: patch by patch of
64 x 64 labels. `train.compiled_faster` is our step through torch.compile beside our step, without the one that compiles.

Example: python -m benchmarks.lsm_cpu --json benchmarks/results/lsm_cpu.json
"""

import argparse
import time
from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.figures import Figure, run
from benchmarks.lsm_speed import Learner, LoopTime, noise_source, own_steps, plain_steps, predict_ratio, time_loop
from core.contracts.presets import PRESETS
from core.training.batches import threaded_batches
from core.training.patch_source import Batch, PatchSource

SIDE_MM = 40.0
STEPS, ROUNDS = 3, 2


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures; the two loops take turns, so that other work on the machine meets both."""
    settings = PRESETS["demo"].settings
    source = noise_source(settings, SIDE_MM)
    own, plain = Learner(settings, plain=False), Learner(settings, plain=True)
    compiled = Learner(settings, plain=False, compiled=True)
    own_times, plain_times, compiled_times = [], [], []
    for _ in range(1 if options.quick else ROUNDS):
        own_times.append(time_loop(own_steps(source, STEPS), own))
        plain_times.append(time_loop(plain_steps(source, STEPS), plain))
        compiled_times.append(time_loop(own_steps(source, STEPS), compiled))
    mine, theirs = _middle(own_times), _middle(plain_times)
    faster, equal = predict_ratio(settings, side_px=512, patches=4 if options.quick else 16)
    plans = [source.plan(step) for step in range(2 if options.quick else 6)]
    return [
        Figure("train.vs_plain", theirs.step_s / mine.step_s, "times"),
        Figure("train.step_s", mine.step_s, "s"),
        Figure("train.plain_step_s", theirs.step_s, "s"),
        Figure("train.compiled_faster", mine.step_s / _middle(compiled_times).step_s, "times"),
        Figure("train.data_share", mine.data_s / mine.step_s, ""),
        Figure("train.plain_data_share", theirs.data_s / theirs.step_s, ""),
        Figure("data.opencv_patch_ms", _patch_ms(source, threaded_batches(source, plans)), "ms"),
        Figure("predict.vs_patchwise", faster, "times"),
        Figure("predict.equal_labels", equal, ""),
    ]


def _middle(times: Sequence[LoopTime]) -> LoopTime:
    return LoopTime(float(np.median([each.step_s for each in times])), float(np.median([each.data_s for each in times])))


def _patch_ms(source: PatchSource, made: Iterable[Batch]) -> float:
    started = time.perf_counter()
    count = sum(1 for _ in made)
    return (time.perf_counter() - started) * 1000 / (count * source.settings.batch_size)


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__))
