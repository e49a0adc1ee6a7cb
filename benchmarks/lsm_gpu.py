"""Training and prediction of the standard preset on a GPU; ends with words where there is none.

Example: python -m benchmarks.lsm_gpu --json benchmarks/results/lsm_gpu.json
"""

import argparse
import sys
import time
from collections.abc import Sequence

import torch

from benchmarks.figures import Figure, run
from benchmarks.lsm_speed import Learner, noise_source, own_steps, predict_ratio, time_loop
from core.contracts.presets import PRESETS

SIDE_MM = 30.0
TIMED_STEPS, WARM_UP = 60, 10


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """3000 iterations of MS U-Net with batch 64 as training does them, and what of a step is the data stage.

    With --quick 300 iterations are done and the time is given for 3000.
    """
    if not torch.cuda.is_available():
        sys.exit("no GPU here: nothing was measured; run this on a machine with one (benchmarks.lsm_cpu is for processors)")
    settings = PRESETS["standard"].settings
    source, learner = noise_source(settings, SIDE_MM), Learner(settings, plain=False)
    apart = time_loop(own_steps(source, TIMED_STEPS), learner, WARM_UP)
    iterations = settings.iterations // 10 if options.quick else settings.iterations
    started = time.perf_counter()
    for images, labels in own_steps(source, iterations):
        learner.learn(images, labels)
    whole_s = (time.perf_counter() - started) * settings.iterations / iterations
    learner.model.compile()
    compiled = time_loop(own_steps(source, TIMED_STEPS), learner, WARM_UP)
    faster, equal = predict_ratio(settings, side_px=2048, patches=32)
    print(torch.cuda.get_device_name())
    return [
        Figure("train.iterations_3000_s", whole_s, "s", 360.0),
        Figure("train.data_share", apart.data_s / apart.step_s, "", 0.1),
        Figure("train.compiled_gain", apart.step_s / compiled.step_s, "times"),
        Figure("predict.vs_patchwise", faster, "times", 10.0, "at least"),
        Figure("predict.equal_labels", equal, ""),
    ]


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__))
