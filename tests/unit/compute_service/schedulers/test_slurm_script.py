"""The batch script, run by a shell as a node would, without Slurm."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.slurm_batch import Request, batch_script
from compute_service.schedulers.slurm_files import SlurmPaths, close, read_exit, revoke
from core.contracts.jobs import Resources

KEY = "0123456789abcdef" * 2
PARTITION = Partition(name="p", nodes=1, cpus_per_node=1, memory_mb_per_node=10**6, longest_h=1)
POLITE = "import os, signal, time; signal.signal(15, lambda *_: os._exit(75)); print('up', flush=True); time.sleep(99)"
# Ends well in its own time, however often it is told.
DEAF = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: None); print('up', flush=True); time.sleep(0.5)"


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "odd name; $HOME" / KEY
    folder.mkdir(parents=True)
    return folder


def start(place: Path, *argv: str, number: str = "7", **profile) -> "subprocess.Popen[str]":
    name = f"{KEY}.1"
    request = Request(name=name, argv=argv, job_dir=place, resources=Resources())
    script = batch_script(request, ClusterProfile(name="c", partitions=(PARTITION,), **profile))
    environment = {"PATH": os.environ["PATH"], "SLURM_JOB_ID": number}
    return subprocess.Popen(
        ("bash", "-c", script), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ended(place: Path, *argv: str, **more) -> tuple[int, str]:
    process = start(place, *argv, **more)
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


def paths(place: Path) -> SlurmPaths:
    return SlurmPaths(place, f"{KEY}.1")


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_commands_exit_code_is_kept_and_passed_on(place, command, code):
    assert ended(place, "sh", "-c", command)[0] == code
    left = read_exit(paths(place))
    assert (left.code, left.stopped) == (code, False)


def test_a_second_job_of_the_same_submission_runs_nothing(place):
    ended(place, "touch", "first")
    code, printed = ended(place, "touch", "second", number="8")
    assert (code, "another submission" in printed) == (0, True)
    assert (place / "first").exists()
    assert not (place / "second").exists()


def test_the_same_job_begun_anew_goes_on(place):
    ended(place, "true")
    ended(place, "touch", "again")
    assert (place / "again").exists()


def test_a_revoked_submission_never_runs(place):
    revoke(paths(place))
    assert ended(place, "touch", "ran")[0] == 0
    assert not (place / "ran").exists()
    assert read_exit(paths(place)) is None


@pytest.mark.parametrize(("program", "code"), [(POLITE, 75), (DEAF, 0)])
def test_told_to_stop_it_tells_the_command_and_waits_for_its_end(place, program, code):
    with start(place, sys.executable, "-c", program) as process:
        while process.stdout.readline() != "up\n":
            pass
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.02)
        assert process.wait(60) == code
    left = read_exit(paths(place))
    assert (left.code, left.stopped) == (code, True)


def test_a_line_of_the_prologue_that_fails_ends_it_by_name(place):
    code, printed = ended(place, "touch", "ran", prologue=("true", "no-such-command", "true"))
    assert code == read_exit(paths(place)).code == 96
    assert "line 2 of the prologue failed" in printed
    assert not (place / "ran").exists()


def test_a_folder_that_cannot_be_written_is_told(place):
    place.rename(place.with_name("moved"))
    code, printed = ended(place, "true")
    assert code == 97
    assert "cannot enter" in printed


def test_it_gives_signs_of_life_and_ends_the_command_when_its_claim_is_taken(place):
    with start(place, sys.executable, "-c", POLITE, heartbeat_s=1) as process:
        while process.stdout.readline() != "up\n":
            pass
        close(paths(place))
        assert process.wait(60) == 75
    assert paths(place).alive.exists()
