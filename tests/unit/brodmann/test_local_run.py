import signal

import click
import pytest

from brodmann.local_run import context, interruptible
from core.tasks.context import JobInterruptedError
from tests.fakes.patches import outlined_brain


def test_ctrl_c_is_a_word_to_stop_until_the_work_has_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as (_, stop_requested):
        assert not stop_requested()
        signal.raise_signal(signal.SIGINT)
        assert stop_requested()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_was_stopped_says_how_far_it_came_and_how_it_goes_on() -> None:
    with pytest.raises(click.ClickException) as told, interruptible():
        raise JobInterruptedError("training was stopped after 3 of 9 steps")
    assert told.value.message == "training was stopped after 3 of 9 steps; to go on, give the same command again"


def test_of_several_brains_the_first_one_is_the_job_s_own(tmp_path) -> None:
    brains = [outlined_brain(tmp_path / "brains", name) for name in ("ONE", "TWO", "SIX")]
    with context(brains, tmp_path / "out", tmp_path / "model") as surroundings:
        assert surroundings.brain_folder == brains[0].path
        assert surroundings.more_brains == {"TWO": brains[1].path, "SIX": brains[2].path}
