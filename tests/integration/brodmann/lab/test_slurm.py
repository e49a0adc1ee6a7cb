"""The lab is a real Slurm: up, in use, hurt, mended and gone without a trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brodmann.lab import keeper
from brodmann.lab.slurm import LabError, SlurmLab
from tests.integration.cluster import needs_slurm

pytestmark = needs_slurm
PATIENCE_S = 60
# A process that leaves its session, as careless scripts start them.
ESCAPES = "(setsid sleep 3600 &) ; exec sleep 3600"


def await_that(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.02)


def queue(lab, form="%T"):
    return lab.call("squeue", "-h", "-t", "all", "-o", form).split()


def submitted(lab, command):
    return lab.call("sbatch", "--parsable", "-o", "/dev/null", "--wrap", command).strip()


@pytest.fixture
def lab(tmp_path):
    with SlurmLab(tmp_path / "lab", gpus=2) as lab:
        yield lab


def test_a_job_runs_on_two_nodes_with_gpus(lab, tmp_path):
    told = tmp_path / "told"
    argv = ("--parsable", "-N2", "-n2", "--gres=gpu:2", "--mem=100", "-o", str(told))
    lab.call("sbatch", *argv, "--wrap", "srun -K1 printenv SLURMD_NODENAME")
    await_that(lambda: queue(lab) == ["COMPLETED"], "the end of the job")
    assert sorted(told.read_text().split()) == ["n1", "n2"]


def test_it_listens_on_loopback_only(lab):
    ports = {lab.place.controller_port, *lab.place.node_ports}
    rows = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = [address for address, port in (row.split(":") for row in rows) if int(port, 16) in ports]
    assert addresses
    assert set(addresses) == {"0100007F"}


def test_down_leaves_no_process_and_no_folder(lab):
    submitted(lab, ESCAPES)
    await_that(lambda: queue(lab) == ["RUNNING"], "the job to run")
    mark = lab.place.cluster, lab.folder
    # munged, slurmctld, its script daemon, two nodes, a step daemon, and two that sleep.
    await_that(lambda: len(keeper.members(*mark)) >= 8, "all processes to be there")
    lab.down()
    assert keeper.members(*mark) == set()
    assert not lab.folder.exists()


def test_an_owner_that_is_killed_leaves_nothing_either(tmp_path):
    script = (
        "import sys; from pathlib import Path; from brodmann.lab.slurm import SlurmLab\n"
        "lab = SlurmLab(Path(sys.argv[1])); lab.up()\n"
        "lab.call('sbatch', '-o', '/dev/null', '--wrap', sys.argv[2])\n"
        "print(lab.place.cluster, flush=True); sys.stdin.read()"
    )
    folder = tmp_path / "lab"
    root = str(Path(__file__).parents[4])
    with subprocess.Popen(
        (sys.executable, "-c", script, str(folder), ESCAPES),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    ) as owner:
        mark = owner.stdout.readline().strip()
        assert keeper.members(mark, folder)
        owner.kill()
    await_that(lambda: not folder.exists() and not keeper.members(mark, folder), "the lab to be gone")


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def block():
        with SlurmLab(tmp_path / "lab") as lab:
            marks.append((lab.place.cluster, lab.folder))
            raise ZeroDivisionError

    marks = []
    with pytest.raises(ZeroDivisionError):
        block()
    assert keeper.members(*marks[0]) == set()


def test_jobs_survive_the_controllers_end(lab):
    job = submitted(lab, "sleep 3600")
    await_that(lambda: queue(lab) == ["RUNNING"], "the job to run")
    lab.stop("slurmctld")
    assert not lab.runs("slurmctld")
    lab.start("slurmctld")
    lab.await_nodes()
    assert queue(lab, "%i|%T") == [f"{job}|RUNNING"]


def test_a_node_that_was_killed_comes_back(lab):
    lab.stop("n2", signal.SIGKILL)
    lab.start("n2")
    lab.await_nodes()
    lab.call("sbatch", "-N2", "-o", "/dev/null", "--wrap", "true")
    await_that(lambda: queue(lab) == ["COMPLETED"], "the end of a job on both nodes")


def test_a_folder_in_use_is_refused(lab):
    with pytest.raises(LabError, match="not empty"):
        SlurmLab(lab.folder).up()


def test_a_name_too_long_for_a_socket_is_refused(tmp_path):
    with pytest.raises(LabError, match="shorter"):
        SlurmLab(tmp_path / ("x" * 100))
