"""Steps of training and tiles of prediction of the standard preset on a GPU; ends with words where there is none.

A whole interval from annotation to prediction is measured by benchmarks.lsm_interval.

Example: python -m benchmarks.lsm_gpu --json benchmarks/results/lsm_gpu.json
"""

import argparse
import sys
from collections.abc import Sequence

import torch

from benchmarks.figures import Figure, run
from benchmarks.lsm_speed import Learner, noise_source, own_steps, predict_ratio, time_loop
from core.contracts.presets import PRESETS

SIDE_MM = 30.0
TIMED_STEPS, WARM_UP = 60, 10


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """A step of MS U-Net with batch 64 and what of it is the data stage, compiled and not; tiles beside patch by patch."""
    if not torch.cuda.is_available():
        sys.exit("no GPU here: nothing was measured; run this on a machine with one (benchmarks.lsm_cpu is for processors)")
    settings = PRESETS["standard"].settings
    source = noise_source(settings, SIDE_MM)
    steps = TIMED_STEPS // 3 if options.quick else TIMED_STEPS
    eager = time_loop(own_steps(source, steps), Learner(settings, plain=False), WARM_UP)
    own = time_loop(own_steps(source, steps), Learner(settings, plain=False, compiled=True), WARM_UP)
    faster, equal = predict_ratio(settings, side_px=1024 if options.quick else 4096, patches=32)
    return [
        Figure("train.data_share", own.data_s / own.step_s, "", 0.1),
        Figure("train.data_ms", own.data_s * 1000, "ms"),
        Figure("train.step_ms", own.step_s * 1000, "ms"),
        Figure("train.compiled_faster", eager.step_s / own.step_s, "times"),
        Figure("predict.vs_patchwise", faster, "times", 10.0, "at least"),
        Figure("predict.equal_labels", equal, ""),
    ]


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__))
