"""A real OpenSSH server on a loopback port, for tests, benchmarks and the cluster demo.

Everything of it lies in one folder: host key, user key, authorized_keys, known_hosts, log. Nothing in /etc is read or
written but the account database. It runs as root or as an ordinary user, who can then log in as that user only.

Run as a program, with the standard library alone, this module is the keeper: it is told process ids on its input, and ends
them and their sessions when the input closes, which the kernel does however the lab's owner dies.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 20.0
POLL_S = 0.01
INSTALL = "install it: apt-get install openssh-server"
# Root's sshd insists on this folder; it is gone after each restart of a machine.
PRIVILEGE_SEPARATION = Path("/run/sshd")

CONFIGURATION = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
# The folder may lie below /tmp, whose mode sshd refuses otherwise.
StrictModes no
UsePAM {pam}
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding local
AllowStreamLocalForwarding local
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
MaxStartups 100
LogLevel VERBOSE
"""


class SshdLabError(Exception):
    """The server cannot be started; the message holds the end of its log."""


def sshd_missing() -> str:
    """Why no server can be started here, with the remedy; empty where it can."""
    missing = [name for name in ("sshd", "ssh-keygen") if _program(name) is None]
    return f"{' and '.join(missing)} is not installed; {INSTALL}" if missing else ""


class SshdLab:
    """One server in `folder`; a context manager that leaves no process behind.

    `key_options` stand before the key in authorized_keys, e.g. `restrict,port-forwarding,command="/bin/false"`.
    """

    host = "127.0.0.1"

    def __init__(self, folder: Path, key_options: str = "") -> None:
        if reason := sshd_missing():
            raise SshdLabError(reason)
        self.folder = folder
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.key_file = folder / "user_key"
        self.known_hosts = folder / "known_hosts"
        self.port = _free_port()
        self._options = key_options
        self._server: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._left: list[int] = []

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.down()

    def up(self) -> None:
        """Make what is missing, start the server on `port`, and return when it listens. SshdLabError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("host_key", "user_key"):
            if not (self.folder / name).exists():
                self._make_key(name)
        self.allow(self._options)
        self._write("known_hosts", f"[{self.host}]:{self.port} {self._public('host_key')}\n")
        self._write("sshd_config", CONFIGURATION.format(port=self.port, folder=self.folder, pam=_pam()))
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        (self.folder / "sshd.pid").unlink(missing_ok=True)
        with (self.folder / "sshd.log").open("ab") as log:
            self._server = subprocess.Popen(
                # The full path: sshd executes itself again for every connection.
                [str(_program("sshd")), "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._tell_keeper(self._server.pid)
        # It writes the file once it listens.
        self._await((self.folder / "sshd.pid").exists, "listen")

    def down(self) -> None:
        """End the server and every session."""
        self.stop()
        self.stop_sessions()
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None

    def stop(self) -> None:
        """End the server; sessions that are open stay. `up` starts it again, on the same port."""
        if self._server is not None:
            with _standing(self._server.pid):  # nobody logs in while we look
                self._left = self.sessions()
                self._tell_keeper(*self._left)
                self._server.kill()
            self._server.wait()
            self._server = None

    def allow(self, key_options: str) -> None:
        """From the next login on, these options restrict the key."""
        self._options = key_options
        self._write("authorized_keys", f"{key_options} {self._public('user_key')}\n".lstrip())

    def new_host_key(self) -> None:
        """The server has another key from the next connection on, and known_hosts still the old one: as when somebody
        stands in between."""
        self.stop()
        known = self.known_hosts.read_text()
        self._make_key("host_key")
        self.up()
        self._write("known_hosts", known)

    def sessions(self) -> list[int]:
        """Process ids of the open sessions, those of a server that was stopped among them; parents before children."""
        below = [] if self._server is None else list(_descendants(self._server.pid))
        return [pid for pid in self._left if _lives(pid)] + below

    def stop_sessions(self) -> None:
        """Kill every session that is open now, and wait until they are gone."""
        killed = self.sessions()
        for pid in killed:
            _send(pid, signal.SIGKILL)
        self._await(lambda: not set(killed) & set(self.sessions()), "lose its sessions")

    def freeze_sessions(self) -> list[int]:
        """Let every open session stand still, as a peer does that fell silent; the process ids."""
        frozen = self.sessions()
        for pid in frozen:
            _send(pid, signal.SIGSTOP)
        return frozen

    def thaw_sessions(self) -> None:
        """Let frozen sessions go on."""
        for pid in self.sessions():
            _send(pid, signal.SIGCONT)

    def log(self) -> str:
        """What the server said."""
        return (self.folder / "sshd.log").read_text(errors="replace")

    def _tell_keeper(self, *pids: int) -> None:
        """From now on these end with us."""
        if self._keeper is None:
            command = [sys.executable, "-I", "-S", __file__]
            self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(b"".join(b"%d\n" % pid for pid in pids))
        self._keeper.stdin.flush()

    def _make_key(self, name: str) -> None:
        for file in (self.folder / name, self.folder / f"{name}.pub"):
            file.unlink(missing_ok=True)
        command = [str(_program("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _public(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])

    def _write(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}.new"
        temporary.write_text(text)
        temporary.chmod(0o600)
        temporary.replace(self.folder / name)

    def _await(self, question: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not question():
            ended = self._server is not None and self._server.poll() is not None
            if ended or time.monotonic() > deadline:
                raise SshdLabError(f"sshd in {self.folder} did not {what}:\n{self.log()[-2000:]}")
            time.sleep(POLL_S)


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def _pam() -> str:
    """An ordinary user's sshd cannot read the shadow file and takes every account for locked, unless PAM is asked."""
    return "no" if os.geteuid() == 0 else "yes"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(pid: int) -> Iterator[int]:
    """Living processes below one, parents first; the kernel lists children by thread."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            if _lives(child):
                yield child
                yield from _descendants(child)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@contextmanager
def _standing(pid: int) -> Iterator[None]:
    _send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself
        os.kill(pid, number)


def _end_with_sessions(pid: int) -> None:
    """Kill a server, or a session of one, with all below it."""
    with contextlib.suppress(OSError):
        if not Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
            return  # it ended, and another has its number
        with _standing(pid):  # nobody logs in while we look
            for each in (*_descendants(pid), pid):
                _send(each, signal.SIGKILL)


def _keep() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin.read().splitlines():
        _end_with_sessions(int(line))


if __name__ == "__main__":
    _keep()
