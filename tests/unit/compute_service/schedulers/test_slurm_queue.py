"""What a job's folder tells where Slurm tells nothing, or something misleading."""

import os
from datetime import datetime, timedelta

import pytest

from compute_service.ports import QueueState
from compute_service.schedulers.slurm_files import Ledger, SlurmPaths, revoke, write_ledger
from compute_service.schedulers.slurm_queue import forgotten_verdict, log_of, verdict_of
from compute_service.schedulers.slurm_text import Ended

NAME = "0123456789abcdef" * 2 + ".2"
LONG = {"is_gone": True, "is_silent": True}
SOON = {"is_gone": False, "is_silent": False}
BEGAN = datetime(2026, 3, 1, 12, 0, 0)


@pytest.fixture
def paths(tmp_path):
    write_ledger(tmp_path, Ledger(name=NAME, slurm_id=5, memory_mb=700, time_min=9))
    return SlurmPaths(tmp_path, NAME)


@pytest.mark.parametrize(
    ("left", "state"), [("0 0", QueueState.COMPLETED), ("1 0", QueueState.FAILED), ("75 1", QueueState.INTERRUPTED)]
)
def test_what_the_script_left_counts(paths, left, state):
    paths.exit.write_text(left + "\n")
    assert forgotten_verdict(paths, **SOON).state is state


def test_a_torn_word_is_no_word(paths):
    paths.exit.write_text("7")
    assert forgotten_verdict(paths, **SOON).state is QueueState.UNKNOWN


def test_one_that_never_began_goes_on_and_never_will_begin(paths):
    assert forgotten_verdict(paths, **SOON).state is QueueState.UNKNOWN
    assert not paths.claim.exists()
    assert forgotten_verdict(paths, is_gone=True, is_silent=False).state is QueueState.INTERRUPTED
    assert paths.claim.read_text() == "revoked\n"


def test_one_that_began_is_believed_to_live_until_it_is_silent_for_long(paths):
    paths.claim.write_text("5\n")
    assert forgotten_verdict(paths, is_gone=True, is_silent=False).state is QueueState.UNKNOWN
    assert paths.claim.read_text() == "5\n"
    assert "no sign of life" in forgotten_verdict(paths, **LONG).reason
    assert paths.claim.read_text() == "revoked\n"


def test_one_whose_end_was_asked_for_is_cancelled_once_it_cannot_begin_any_more(paths):
    paths.cancelled.touch()
    assert forgotten_verdict(paths, **SOON).state is QueueState.CANCELLED
    assert revoke(paths) == "revoked"


def test_a_folder_that_is_gone_is_unknown(tmp_path):
    assert forgotten_verdict(SlurmPaths(tmp_path / "gone", NAME), **LONG).state is QueueState.UNKNOWN


@pytest.mark.parametrize(
    ("claimed_s", "asked_for", "state"),
    [(-2, False, QueueState.INTERRUPTED), (0.5, False, QueueState.CANCELLED), (-2, True, QueueState.CANCELLED)],
)
def test_a_controller_that_begins_a_running_job_anew_and_ends_it_has_not_cancelled_it(paths, claimed_s, asked_for, state):
    paths.claim.write_text("5\n")
    moment = (BEGAN + timedelta(seconds=claimed_s)).timestamp()
    os.utime(paths.claim, (moment, moment))
    if asked_for:
        paths.cancelled.touch()
    assert verdict_of(paths, Ended("CANCELLED", 0, 15, BEGAN)).state is state


def test_where_slurm_tells_the_state_alone_the_script_tells_the_code(paths):
    paths.exit.write_text("3 0\n")
    assert verdict_of(paths, Ended("FAILED", -1, 0)).reason == "it ended with exit code 3"


def test_memory_is_looked_for_in_the_log_of_this_attempt_only(paths):
    before, now = NAME.replace(".2", ".1"), NAME
    paths.log.write_text(f"brodmann: submission {before} begins\noom-kill\nbrodmann: submission {now} begins\nfine\n")
    assert b"oom-kill" not in log_of(paths)
    assert verdict_of(paths, Ended("FAILED", 1, 0)).reason == "it ended with exit code 1"
    with paths.log.open("a") as file:
        file.write("slurmstepd: error: Detected 1 oom-kill event(s)\n")
    assert "700 MB" in verdict_of(paths, Ended("FAILED", 1, 0)).reason


@pytest.mark.parametrize(
    ("on_node", "began", "asked_for", "state"),
    [
        (True, False, False, QueueState.FAILED),
        (False, False, False, QueueState.CANCELLED),
        (True, True, False, QueueState.CANCELLED),
        (True, False, True, QueueState.CANCELLED),
    ],
)
def test_one_that_a_node_could_not_begin_was_not_cancelled_by_a_person(paths, on_node, began, asked_for, state):
    if began:
        paths.claim.write_text("5\n")
    if asked_for:
        paths.cancelled.touch()
    assert verdict_of(paths, Ended("CANCELLED", 0, 0, BEGAN - timedelta(days=1), on_node)).state is state
