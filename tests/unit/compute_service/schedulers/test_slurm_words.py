import pytest

from compute_service.ports import QueueState, QueueStatus
from compute_service.schedulers.slurm_text import Ended
from compute_service.schedulers.slurm_words import Asked, verdict, waiting_words

ASKED = Asked(memory_mb=8192, time_min=120)


def word(state, code=0, signal=0, stopped=False, log=b""):
    return verdict(Ended(state, code, signal), stopped, log, ASKED)


@pytest.mark.parametrize(
    ("state", "verdict_state", "reason"),
    [
        ("COMPLETED", QueueState.COMPLETED, ""),
        ("CANCELLED", QueueState.CANCELLED, ""),
        ("NODE_FAIL", QueueState.INTERRUPTED, "the node it ran on failed"),
        ("PREEMPTED", QueueState.INTERRUPTED, "it had to make way for a more urgent job"),
        ("BOOT_FAIL", QueueState.INTERRUPTED, "the node it was given did not start"),
        ("OUT_OF_MEMORY", QueueState.FAILED, "it needed more memory than the 8192 MB it had asked for"),
        ("TIMEOUT", QueueState.FAILED, "it reached its time limit of 120 min before it had a checkpoint"),
    ],
)
def test_a_state_has_one_meaning(state, verdict_state, reason):
    assert (word(state).state, word(state).reason) == (verdict_state, reason)


def test_which_of_several_processes_was_killed_is_said():
    told = "process 3 of 4, on c1 was killed by signal SIGKILL"
    found = verdict(Ended("FAILED", 137, 0), False, b"", Asked(8192, 120, told))
    assert found == QueueStatus(QueueState.FAILED, told)


@pytest.mark.parametrize("state", ["FAILED", "TIMEOUT"])
def test_a_checkpoint_at_the_time_limit_is_an_interruption(state):
    told = word(state, 75, stopped=True)
    assert (told.state, told.reason) == (QueueState.INTERRUPTED, "its time at the cluster was nearly over")


def test_the_launcher_that_kills_the_other_processes_at_a_stop_does_not_make_it_a_failure():
    assert word("FAILED", 137, stopped=True).state is QueueState.INTERRUPTED
    assert word("FAILED", 137).state is QueueState.FAILED
    assert word("FAILED", 1, stopped=True).state is QueueState.FAILED


@pytest.mark.parametrize(
    "line",
    [
        b"slurmstepd: error: Detected 1 oom-kill event(s) in StepId=4.0. Some of your processes may have been killed",
        b"slurmstepd: error: Step 5.0 exceeded memory limit (70000 > 51200), being killed",
    ],
)
@pytest.mark.parametrize("code", [1, 75, 137])
def test_memory_is_recognised_in_the_text_of_a_step(line, code):
    assert "more memory" in word("FAILED", code, log=line).reason


@pytest.mark.parametrize(
    ("code", "signal", "reason"),
    [
        (3, 0, "it ended with exit code 3"),
        (137, 0, "it was killed by signal SIGKILL"),
        (0, 11, "it was killed by signal SIGSEGV"),
        (128 + 99, 0, "it was killed by signal 99"),
    ],
)
def test_a_failure_is_told_by_code_or_signal(code, signal, reason):
    assert word("FAILED", code, signal).reason == reason


@pytest.mark.parametrize(
    ("reason", "before", "told"),
    [
        ("Priority", 12, "12 jobs before yours."),
        ("Resources", 1, "1 job before yours."),
        ("Resources", 0, "it is next"),
        ("Priority", None, "Waiting in the queue."),
        ("", None, "Waiting in the queue."),
        ("JobHeldAdmin", None, "administrators hold it"),
        ("ReqNodeNotAvail, UnavailableNodes:n1", None, "are not available now"),
        ("QOSMaxCpuPerUserLimit", None, "the account's limit at the cluster is reached (QOSMaxCpuPerUserLimit)"),
        ("SomethingNew", None, "(SomethingNew)"),
    ],
)
def test_who_waits_is_told_why(reason, before, told):
    assert told in waiting_words(reason, before)
