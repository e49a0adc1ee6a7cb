"""What happens behind the compute service: its poller, Slurm, nodes, the job's own processes, the jobs' disk, the clock."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from benchmarks import soak_faults
from core.contracts.jobs import JobState
from tests.integration.compute_service.installation import await_that
from tests.integration.faults.conftest import Hurt


def begun(hurt: Hurt, key: str) -> int:
    """How often a run of the job began; of several processes, the first one's."""
    marks = hurt.site.folder / "marks" / f"{key}.0.job.begun"
    return len(marks.read_text().splitlines()) if marks.exists() else 0


def test_a_node_that_is_lost_with_all_that_ran_on_it_gives_its_job_to_another(hurt: Hurt) -> None:
    definition = hurt.site.check_job(1)
    hurt.site.services.compute.submit(definition)
    [runner] = hurt.await_run(definition.key)
    os.kill(runner, signal.SIGSTOP)  # it must not end before its node does
    node, _ = hurt.site.slurm.call("squeue", "-h", "-t", "RUNNING", "-o", "%N %j").split()
    hurt.site.slurm.stop(node, signal.SIGKILL)
    daemons = {hurt.site.slurm.pid(name) for name in hurt.site.slurm.daemons}
    for pid in hurt.site.members() - daemons:  # of this job, no other runs
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    hurt.judge(direct=(definition.key,))
    hurt.site.slurm.start(node)
    hurt.site.slurm.await_nodes()
    assert begun(hurt, definition.key) == 2


def test_a_poller_killed_after_a_submission_finds_it_again(hurt: Hurt) -> None:
    job = hurt.tissue()
    await_that((hurt.site.jobs / job[0] / "slurm.json").exists, "the submission")
    hurt.site.kill("poller")
    hurt.site.start("poller")
    hurt.judge(job)
    assert begun(hurt, job[0]) == 1


def test_a_job_cancelled_while_its_poller_is_dead_does_not_run_on(hurt: Hurt) -> None:
    hurt.site.kill("poller")
    definition = hurt.site.check_job(1)
    hurt.site.services.compute.submit(definition)
    record = hurt.site.jobs / definition.key / "state.json"
    before = record.read_text()
    hurt.site.start("poller")
    [runner] = hurt.await_run(definition.key)
    os.kill(runner, signal.SIGSTOP)  # it would run for long
    hurt.site.kill("poller")
    record.write_text(before)  # as if it had died between sbatch and its note
    hurt.site.services.compute.cancel(definition.key)
    hurt.site.start("poller")
    hurt.await_report(definition.key, lambda report: report.state is JobState.CANCELLED, "to be cancelled")
    await_that(lambda: not Path(f"/proc/{runner}").exists(), "the end of its run")
    assert begun(hurt, definition.key) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_controller_that_goes_is_told_and_jobs_end_once_it_is_back(hurt: Hurt, number: signal.Signals) -> None:
    job = hurt.tissue()
    await_that((hurt.site.jobs / job[0] / "slurm.json").exists, "the submission")
    hurt.site.slurm.stop("slurmctld", number)
    fresh = hurt.tissue()
    told = hurt.await_report(fresh[0], lambda report: "Waits for the scheduler" in report.reason, "to say why")
    assert "controller is down" in told.reason
    hurt.site.slurm.start("slurmctld")
    hurt.site.slurm.await_nodes()
    hurt.judge(job, fresh)


def test_a_job_that_ended_while_the_controller_was_away_shows_it_at_once(hurt: Hurt) -> None:
    job = hurt.tissue()
    hurt.await_run(job[0])
    hurt.site.slurm.stop("slurmctld")
    try:
        hurt.await_report(job[0], lambda report: report.state is JobState.SUCCEEDED, "to be known as ended")
    finally:
        hurt.site.slurm.start("slurmctld")
        hurt.site.slurm.await_nodes()
    hurt.judge(job)


def test_a_node_daemon_that_is_killed_ends_no_job(hurt: Hurt) -> None:
    job = hurt.tissue()
    hurt.await_run(job[0])
    for node in soak_faults.NODES:
        hurt.site.slurm.stop(node, signal.SIGKILL)
        hurt.site.slurm.start(node)
    hurt.site.slurm.await_nodes()
    hurt.judge(job)
    assert begun(hurt, job[0]) == 1


def test_a_run_that_is_killed_is_begun_again_and_the_page_says_why(hurt: Hurt) -> None:
    job = hurt.tissue()
    [runner] = hurt.await_run(job[0])
    os.kill(runner, signal.SIGKILL)
    told = hurt.await_report(job[0], lambda report: "Interrupted" in report.reason or report.state.ended, "to say why")
    assert told.state.ended or "SIGKILL" in told.reason
    hurt.judge(job)
    assert begun(hurt, job[0]) == 2


def test_one_rank_that_is_killed_ends_the_others_and_the_job_is_begun_again(hurt: Hurt) -> None:
    definition = hurt.site.check_job(2)
    hurt.site.services.compute.submit(definition)
    os.kill(hurt.await_run(definition.key, 2)[1], signal.SIGKILL)
    hurt.judge(direct=(definition.key,))
    assert begun(hurt, definition.key) == 2


def test_a_cancel_that_meets_the_end_leaves_one_true_state(hurt: Hurt) -> None:
    jobs = [hurt.tissue() for _ in range(3)]
    hurt.await_run(jobs[0][0])
    for key, brain, _ in jobs:
        hurt.site.click(f"/api/brains/{brain}/jobs/{key}/cancel")
        hurt.judge((key, brain, _), fault="cancelled")
        assert hurt.site.runners(key) == []


def test_a_disk_that_is_full_for_a_while_is_told_and_loses_no_job(hurt: Hurt) -> None:
    if not hurt.site.has_own_disk:
        pytest.skip("NOT TESTED: a disk of its own for the jobs can be made by root only")
    job = hurt.tissue()
    hurt.await_run(job[0])
    hurt.site.resize_disk(0)
    try:
        await_that(lambda: hurt.site.health()["compute_hop"] == "disk", "the page to say so")
    finally:
        hurt.site.resize_disk(None)
    hurt.judge(job, fault="disk full")


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_a_clock_that_is_set_wrong_for_a_while_loses_no_job(hurt: Hurt, jump_s: int) -> None:
    job = hurt.tissue()
    hurt.await_run(job[0])
    hurt.site.slurm.stop("slurmctld", signal.SIGKILL)
    hurt.site.clock.write_text(str(jump_s))
    hurt.site.slurm.start("slurmctld")
    hurt.site.slurm.await_nodes()
    hurt.judge(job)
    hurt.site.clock.write_text("0")
