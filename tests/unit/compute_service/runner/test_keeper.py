import os
import signal
import subprocess
import sys

import pytest

KEPT = """
import os, signal, sys, time
from pathlib import Path
from compute_service.runner.keeper import kept

def run(tell):
    tell("process 3 of 4, on c1")
    {ends}

sys.exit(kept(Path(sys.argv[1]), run))
"""


def command(folder, ends):
    return [sys.executable, "-c", KEPT.format(ends=ends), str(folder)]


def ended(folder, ends):
    return subprocess.run(command(folder, ends), timeout=60, check=False).returncode


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_who_is_killed_is_named_and_its_keeper_ends_by_the_same_signal(tmp_path, number):
    assert ended(tmp_path, f"os.kill(os.getpid(), {int(number)})") == -number
    assert (tmp_path / "lost.txt").read_text() == f"process 3 of 4, on c1 was killed by signal {number.name}"


def test_a_status_goes_through_and_nobody_counts_as_lost(tmp_path):
    assert ended(tmp_path, "return 75") == 75
    assert not list(tmp_path.iterdir())


def test_of_several_that_are_killed_the_first_one_is_named(tmp_path):
    (tmp_path / "lost.txt").write_text("process 1 of 4")
    ended(tmp_path, "os.kill(os.getpid(), 9)")
    assert (tmp_path / "lost.txt").read_text() == "process 1 of 4"


def test_a_word_to_stop_is_passed_on(tmp_path):
    waits = "signal.signal(signal.SIGTERM, lambda *_: os._exit(5)); os.write(1, b'x'); time.sleep(60); return 0"
    with subprocess.Popen(command(tmp_path, waits), stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout.read(1) == b"x"
        os.kill(keeper.pid, signal.SIGTERM)
        assert keeper.wait(60) == 5


def test_a_word_to_stop_that_comes_at_once_is_passed_on_too(tmp_path):
    asks = "signal.signal(signal.SIGTERM, lambda *_: os._exit(5)); os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    assert [ended(tmp_path, asks) for _ in range(10)] == [5] * 10
