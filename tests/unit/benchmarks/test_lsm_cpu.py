"""The figures of a step, on times that are known."""

import pytest

from benchmarks.lsm_cpu import step_figures
from benchmarks.lsm_speed import LoopTime


def test_of_each_loop_the_turn_counts_that_other_work_met_least() -> None:
    own, plain, compiled = (
        [LoopTime(step_s, step_s / 100) for step_s in seconds]
        for seconds in ((1.0, 10.0, 7.0), (9.0, 2.0, 8.0), (5.0, 5.0, 0.5))
    )
    figures = {figure.name: figure.value for figure in step_figures({"own": own, "plain": plain, "compiled": compiled})}
    assert figures["train.vs_plain"] == 2.0
    assert figures["train.compiled_faster"] == 2.0
    assert figures["train.step_s"] == 1.0
    assert figures["train.plain_data_share"] == pytest.approx(0.01)
