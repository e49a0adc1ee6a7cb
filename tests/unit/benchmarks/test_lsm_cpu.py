"""The figures of a step, on times that are known."""

import pytest

from benchmarks.lsm_cpu import step_figures
from benchmarks.lsm_speed import LoopTime


def test_loops_are_compared_turn_by_turn_so_that_a_busy_moment_meets_all() -> None:
    """In the second turn everything took ten times as long; the plain loop was twice as slow in each."""
    own, plain, compiled = (
        [LoopTime(step_s, step_s / 100) for step_s in seconds]
        for seconds in ((1.0, 10.0, 1.0), (2.0, 20.0, 8.0), (0.5, 5.0, 2.0))
    )
    figures = {figure.name: figure.value for figure in step_figures({"own": own, "plain": plain, "compiled": compiled})}
    assert figures["train.vs_plain"] == 2.0
    assert figures["train.compiled_faster"] == 2.0
    assert figures["train.step_s"] == 1.0
    assert figures["train.plain_data_share"] == pytest.approx(0.01)
