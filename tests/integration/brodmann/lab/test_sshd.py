"""A real sshd on loopback, asked by the real ssh client."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brodmann.lab.sshd import SshdLab, sshd_missing
from tests.integration.backend.processes import ROOT, await_true

pytestmark = pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[SshdLab]:
    with SshdLab(tmp_path / "ssh") as lab:
        yield lab


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ssh(lab: SshdLab, *words: str) -> "subprocess.CompletedProcess[str]":
    options = ("StrictHostKeyChecking=yes", "BatchMode=yes", f"UserKnownHostsFile={lab.known_hosts}", "IdentityAgent=none")
    command = ["ssh", "-F", "none", "-p", str(lab.port), "-i", str(lab.key_file)]
    command += [part for option in options for part in ("-o", option)]
    return subprocess.run([*command, f"{lab.user}@{lab.host}", *words], capture_output=True, text=True, check=False)


def test_its_user_logs_in_with_its_key_and_knows_the_host(lab: SshdLab) -> None:
    assert shutil.which("ssh")
    answer = ssh(lab, "echo", "here")
    assert answer.stdout == "here\n", answer.stderr + lab.log()


def test_options_restrict_the_key(lab: SshdLab) -> None:
    lab.allow('restrict,port-forwarding,command="/bin/false"')
    assert ssh(lab, "echo", "here").stdout == ""


def test_a_new_host_key_is_not_the_known_one(lab: SshdLab) -> None:
    lab.new_host_key()
    answer = ssh(lab, "echo", "here")
    assert answer.returncode != 0
    assert "HOST IDENTIFICATION HAS CHANGED" in answer.stderr


def test_it_is_stopped_and_started_on_the_same_port(lab: SshdLab) -> None:
    port = lab.port
    lab.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.host, port))
    lab.up()
    assert (lab.port, ssh(lab, "echo", "here").stdout) == (port, "here\n")


def test_killing_sessions_ends_them_and_the_server_stays(lab: SshdLab) -> None:
    with socket.create_connection((lab.host, lab.port)) as connection:
        assert connection.recv(4) == b"SSH-"
        assert lab.freeze_sessions()
        lab.thaw_sessions()
        lab.stop_sessions()
        assert lab.sessions() == []
        connection.settimeout(10)
        while connection.recv(1000):
            pass
    assert ssh(lab, "echo", "here").stdout == "here\n"


def test_no_process_is_left_behind_whatever_way_the_block_ends(tmp_path: Path) -> None:
    def use() -> None:
        with SshdLab(tmp_path / "ssh") as lab, socket.create_connection((lab.host, lab.port)) as connection:
            connection.recv(4)
            pids.extend([int((lab.folder / "sshd.pid").read_text()), *lab.freeze_sessions()])
            lab.stop()
            raise RuntimeError("something broke")

    pids: list[int] = []
    with pytest.raises(RuntimeError, match="something broke"):
        use()
    assert len(pids) > 1
    assert not any(lives(pid) for pid in pids)


OWNER = """
import os, signal, socket, sys
from pathlib import Path
from brodmann.lab.sshd import SshdLab
lab = SshdLab(Path(sys.argv[1]))
lab.up()
connection = socket.create_connection((lab.host, lab.port))
connection.recv(4)
server = int((lab.folder / "sshd.pid").read_text())
print(server, *lab.freeze_sessions(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_frozen_session_ends_too_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.run(
        [sys.executable, "-c", OWNER, str(tmp_path / "ssh")], capture_output=True, text=True, cwd=ROOT, check=False
    )
    pids = [int(pid) for pid in owner.stdout.split()]
    assert len(pids) > 1, owner.stderr
    await_true(lambda: not any(lives(pid) for pid in pids), "the server and its session to end")
