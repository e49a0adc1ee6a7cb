"""Answers as Slurm 22.05 printed them on the lab, but for the names of machines and people."""

import pytest

from compute_service.schedulers.slurm_text import (
    Ended,
    Row,
    complaint_of,
    controller_is_up,
    is_away,
    is_full,
    jobs_before,
    parse_accounting,
    parse_job,
    parse_queue,
    parse_submission,
)

QUEUE = """\
2|0|wrap|COMPLETED|batch|4294901758|None
1|N/A|wrap|FAILED|batch|4294901759|NonZeroExitCode
3|N/A|wrap|FAILED|batch|4294901757|JobLaunchFailure
6|N/A|wrap|PENDING|batch|4294901755|Resources
7|N/A|wrap|PENDING|batch|4294901754|Priority
10|N/A|wrap|PENDING|batch|4294901751|DependencyNeverSatisfied
4|N/A|wrap|PENDING|batch|0|JobHeldUser
2|600|wrap|RUNNING|batch|4294901758|None
"""
JOB = (
    "JobId=11 ArrayJobId=2 ArrayTaskId=0 JobName=wrap UserId=me(1000) GroupId=me(1000) MCS_label=N/A Priority=4294901758 "
    "Nice=0 Account=(null) QOS=(null) JobState=FAILED Reason=NonZeroExitCode Dependency=(null) Requeue=1 BatchFlag=1 "
    "ExitCode=3:0 RunTime=00:00:02 TimeLimit=00:10:00 TimeMin=N/A Partition=batch NodeList=n1 StdOut=/dev/null Power= \n"
)
ACCOUNTS = """\
24_0|k.1|COMPLETED|0:0
25|k.2|CANCELLED by 1000|0:15
26|k.3|OUT_OF_MEMORY|0:125
torn|line
"""
DOWN = """\
Slurmctld(primary) at c1 is DOWN
*****************************************
** RESTORE SLURMCTLD DAEMON TO SERVICE **
*****************************************
"""
NO_CONTROLLER = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"
NO_MUNGE = """\
squeue: error: If munged is up, restart with --num-threads=10
squeue: error: Munge encode failed: Failed to access "/lab/munge.sock": No such file or directory (Did you start munged?)
squeue: error: slurm_send_node_msg: auth_g_create: REQUEST_JOB_INFO has authentication error
slurm_load_jobs error: Protocol authentication error
"""
REFUSALS = {
    "sbatch: error: Batch job submission failed: Requested node configuration is not available": (
        "Requested node configuration is not available"
    ),
    "sbatch: error: Memory specification can not be satisfied\n"
    "sbatch: error: Batch job submission failed: Requested node configuration is not available": (
        "Requested node configuration is not available"
    ),
    "sbatch: error: Batch job submission failed: More processors requested than permitted": (
        "More processors requested than permitted"
    ),
    "sbatch: error: invalid partition specified: nope\n"
    "sbatch: error: Batch job submission failed: Invalid partition name specified": "Invalid partition name specified",
    "sbatch: error: Invalid generic resource (gres) specification": "Invalid generic resource (gres) specification",
    "sbatch: unrecognized option '--bogus'\nTry \"sbatch --help\" for more information": "unrecognized option '--bogus'",
    "": "it gave no reason",
}


def test_the_queue_is_read_with_elements_and_reasons():
    rows = parse_queue(QUEUE)
    assert rows[0] == Row(2, 0, "wrap", "COMPLETED", "batch", 4294901758, "")
    assert rows[3] == Row(6, None, "wrap", "PENDING", "batch", 4294901755, "Resources")
    assert [row.element for row in rows if row.slurm_id == 2] == [0, 600]


@pytest.mark.parametrize("line", ["", "slurm_load_jobs error", "24|[2-3%2]|k|PENDING|batch|1|None", "x|N/A|k|RUNNING|b|1|None"])
def test_other_lines_are_passed_over(line):
    assert parse_queue(line) == []


def test_a_reason_may_hold_anything():
    (row,) = parse_queue("1|N/A|k.1|PENDING|gpu|5|ReqNodeNotAvail, UnavailableNodes:n|2\n")
    assert row.reason == "ReqNodeNotAvail, UnavailableNodes:n|2"


@pytest.mark.parametrize(("text", "number"), [("12\n", 12), ("12;jureca\n", 12), ("a note of the site\n12\n", 12), ("", None)])
def test_the_number_of_a_submission_is_read(text, number):
    assert parse_submission(text) == number


def test_a_jobs_end_is_read_by_its_name_only():
    assert parse_job(JOB, "wrap") == Ended("FAILED", 3, 0)
    assert parse_job(JOB, "another") is None
    assert parse_job("slurm_load_jobs error: Invalid job id specified", "wrap") is None


@pytest.mark.parametrize(("host", "on_node"), [("n1", True), ("(null)", False)])
def test_a_job_that_a_node_was_told_to_begin_is_told_from_one_that_never_left_the_queue(host, on_node):
    line = f"JobId=51 JobName=k.1 JobState=CANCELLED Reason=None ExitCode=0:0 StartTime=2026-11-23T02:07:05 BatchHost={host} \n"
    assert parse_job(line, "k.1").on_node is on_node


def test_the_accounts_are_read():
    assert parse_accounting(ACCOUNTS) == [
        ("24_0", "k.1", Ended("COMPLETED", 0, 0)),
        ("25", "k.2", Ended("CANCELLED", 0, 15)),
        ("26", "k.3", Ended("OUT_OF_MEMORY", 0, 125)),
    ]


def test_one_controller_of_several_is_enough():
    assert controller_is_up("Slurmctld(primary) at vm is UP\n")
    assert controller_is_up("Slurmctld(primary) at c1 is DOWN\nSlurmctld(backup) at c2 is UP\n")
    assert not controller_is_up(DOWN)
    assert not controller_is_up("")


@pytest.mark.parametrize(
    "complaint", [NO_CONTROLLER, NO_MUNGE, "slurm_load_jobs error: Socket timed out on send/recv operation"]
)
def test_an_absent_controller_is_told_from_a_refusal(complaint):
    assert is_away(complaint)


@pytest.mark.parametrize("complaint", REFUSALS)
def test_a_refusal_is_no_absence_and_its_sentence_is_found(complaint):
    assert not is_away(complaint)
    assert complaint_of(complaint) == REFUSALS[complaint]


def test_a_full_account_is_told_from_a_refusal():
    assert is_full("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates ...")
    assert not any(is_full(complaint) for complaint in REFUSALS)


def test_those_of_higher_priority_and_then_the_older_come_before():
    def waits(number, priority, partition="batch", state="PENDING"):
        return Row(number, None, "k", state, partition, priority)

    mine = waits(5, 10)
    others = [
        waits(1, 20),
        waits(3, 10),
        waits(7, 10),
        waits(2, 5),
        waits(4, 99, "gpu"),
        waits(6, 99, state="RUNNING"),
        waits(8, 0),
    ]
    assert jobs_before([mine, *others], mine) == 2
