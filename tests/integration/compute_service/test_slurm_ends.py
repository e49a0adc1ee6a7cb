"""Ends that Slurm itself makes: memory under control groups, a lost node, a real time limit. They take Slurm's own time."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from brodmann.lab import keeper
from brodmann.lab.slurm import LabError, SlurmLab
from compute_service.ports import QueueState
from core.contracts.jobs import Resources
from tests.contract.scheduler_contract import ENDLESS, SchedulerContract, await_status
from tests.integration.cluster import needs_slurm
from tests.integration.compute_service.test_slurm_scheduler import POLITE, await_that, make

pytestmark = needs_slurm
GREEDY = "filled = bytearray(400 << 20); print(len(filled))"
SMALL_MB = 50


@pytest.fixture
def jobs(tmp_path):
    folder = tmp_path / "jobs"
    folder.mkdir()
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: Slurm's control groups need root")
@pytest.mark.parametrize("processes", [1, 2])
def test_memory_under_control_groups_is_told_in_the_script_and_in_a_step(tmp_path, jobs, processes):
    lab = SlurmLab(tmp_path / "lab", cpus=4, cgroup=True)
    try:
        lab.up()
    except LabError as error:
        pytest.skip(f"NOT TESTED: no control groups here: {error}")
    with contextlib.ExitStack() as stack:
        stack.callback(lab.down)
        folder = SchedulerContract.new_job(jobs)
        resources = Resources(cpus=1, memory_mb=SMALL_MB, processes=processes)
        scheduler = make(jobs, lab)
        queue_id = scheduler.submit((sys.executable, "-c", GREEDY), folder, resources)
        assert f"more memory than the {SMALL_MB} MB" in await_status(scheduler, queue_id, QueueState.FAILED).reason


def test_a_lost_node_and_a_time_limit_interrupt_what_ran(tmp_path, jobs):
    """Both in one: each waits half a minute for Slurm."""
    with SlurmLab(tmp_path / "lab", cpus=1, settings={"SlurmdTimeout": "5"}) as lab:
        scheduler = make(jobs, lab, stop_grace_s=55)
        limited, lost = SchedulerContract.new_job(jobs), SchedulerContract.new_job(jobs)
        minute = Resources(cpus=1, memory_mb=100, time_limit_s=60)
        first = scheduler.submit((sys.executable, "-c", POLITE), limited, minute)
        await_that((limited / "ready").exists)
        second = scheduler.submit(ENDLESS, lost, Resources(cpus=1, memory_mb=100))
        await_status(scheduler, second, QueueState.RUNNING)
        node = lab.call("squeue", "-h", "-o", "%N", "-j", second.split("@")[0]).strip()
        lab.stop(node, signal.SIGKILL)
        for pid in steps_of(lab, node, lost):
            os.kill(pid, signal.SIGKILL)
        assert "time at the cluster was nearly over" in await_status(scheduler, first, QueueState.INTERRUPTED).reason
        assert await_status(scheduler, second, QueueState.INTERRUPTED).reason == "the node it ran on failed"


def steps_of(lab, node, folder):
    """What ran on the node for a job: its step daemon and what that started."""
    log = str(lab.folder / "log" / f"{node}.log")
    found = []
    for pid in keeper.members(lab.place.cluster, lab.folder):
        place = Path(f"/proc/{pid}")
        with contextlib.suppress(OSError):  # It ended while we look.
            files = [os.readlink(one) for one in (place / "cwd", *(place / "fd").iterdir())]
            found += [pid] if {str(folder), log} & set(files) else []
    return found
