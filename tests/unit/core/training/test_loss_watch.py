import math

import numpy as np
import pytest

from core.training.loss_watch import LossWatch


def watched(losses, iterations=300):
    watch = LossWatch(4, iterations)
    for loss in losses:
        watch.add(loss)
    return watch


def test_a_loss_that_stays_at_a_guess_is_told_in_words():
    watch = watched([math.log(4)] * 60)
    assert watch.stuck
    assert watch.warnings[0].startswith("the loss did not fall (it was 1.39 and is 1.39)")


@pytest.mark.parametrize(
    "losses",
    [np.linspace(1.4, 0.9, 60), np.full(60, 0.2), np.full(59, 1.4)],
    ids=["falling", "low from the start", "too early to tell"],
)
def test_no_warning_without_need(losses):
    assert not watched(losses).warnings


def test_nothing_is_said_of_a_run_that_is_not_judged():
    watch = LossWatch(4, 300, [math.log(4)] * 60, judges=False)
    assert not watch.stuck
    assert not watch.warnings
