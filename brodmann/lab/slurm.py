"""A real Slurm on this one machine: controller, nodes and a private munge, all on loopback, everything in one folder.

Works as root and as an ordinary user, without systemd. Nothing in /etc is read or written. The nodes claim processors and
memory whether the machine has them or not: it is for tests and demonstrations.

    with SlurmLab(folder) as lab:
        subprocess.run(["sbatch", ...], env=os.environ | lab.environment)
        lab.stop("slurmctld", signal.SIGKILL)
        lab.start("slurmctld")
"""

import contextlib
import getpass
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from brodmann.lab import keeper
from brodmann.lab.slurm_conf import Place, Shape, ShapeOptions, cgroup_conf, gres_conf, slurm_conf

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo", "srun")
INSTALL = "apt-get install --no-install-recommends slurmctld slurmd slurm-client munge"
SEARCH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
READY_S, STOP_S, LOOK_AGAIN_S = 30.0, 15.0, 0.02
LONGEST_SOCKET_NAME = 107
READY_STATES = ("idle", "mix", "alloc", "comp")


class LabError(Exception):
    """The lab could not be made, or does not answer; the message says where to look."""


def missing_programs() -> list[str]:
    """Programs of Slurm that this machine lacks; `INSTALL` says how to get them."""
    return [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]


class SlurmLab:
    """One private cluster. `folder` must not exist or be empty; it is gone after `down`."""

    def __init__(self, folder: Path, **shape: Unpack[ShapeOptions]) -> None:
        self.folder = Path(folder).absolute()
        self.shape = Shape(**shape)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._keeper: subprocess.Popen[bytes] | None = None
        self.place = self._choose_place()

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this cluster needs in its environment."""
        return {"SLURM_CONF": str(self.place.conf)}

    @property
    def daemons(self) -> tuple[str, ...]:
        """Names for `start` and `stop`: munged, slurmctld and the nodes'."""
        return ("munged", "slurmctld", *self.shape.names)

    def up(self) -> None:
        """Make and start everything; returns when every node takes work. LabError."""
        if missing := missing_programs():
            raise LabError(f"Slurm is not installed here ({', '.join(missing)} missing): {INSTALL}")
        if self.folder.exists() and any(self.folder.iterdir()):
            raise LabError(f"{self.folder} is not empty: give the lab a folder of its own")
        try:
            self._make_folder()
            self._keeper = self._start_keeper()
            for name in self.daemons:
                self.start(name)
                if name == "munged":
                    self._await(self.place.munge_socket.exists, "munged to make its socket")
                elif name == "slurmctld":  # A node that finds no controller tries again only a second later.
                    self._await(self._controller_answers, "slurmctld to answer")
            self.await_nodes()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End every daemon, step and job, and remove the folder."""
        for name in reversed(self.daemons):
            with contextlib.suppress(KeyError, ProcessLookupError):
                self._daemons[name].send_signal(signal.SIGCONT)
                self._daemons[name].send_signal(signal.SIGKILL)
        for process in self._daemons.values():
            process.wait()
        self._daemons.clear()
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None

    def start(self, name: str) -> None:
        """Start a daemon that does not run; for a node, `await_nodes` waits until it takes work."""
        if self.runs(name):
            return
        argv = self._command(name)
        with (self.folder / "log" / f"{name}.out").open("ab") as output:
            self._daemons[name] = subprocess.Popen(
                argv,
                env=self._daemon_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C at the owner is not for them.
            )

    def stop(self, name: str, signal_number: int = signal.SIGTERM) -> None:
        """Send a daemon a signal, and wait for its end where the signal is one that ends it; jobs go on running."""
        process = self._daemons[name]
        process.send_signal(signal_number)
        if signal_number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def runs(self, name: str) -> bool:
        """Whether a daemon is there."""
        process = self._daemons.get(name)
        return process is not None and process.poll() is None

    def pid(self, name: str) -> int:
        """The process id of a daemon."""
        return self._daemons[name].pid

    def call(self, *argv: str, timeout_s: float = 60) -> str:
        """What a command of Slurm prints; LabError with its complaint where it fails."""
        environment = {"PATH": SEARCH, "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C", **self.environment}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False)
        if done.returncode:
            raise LabError(f"{argv[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def await_nodes(self) -> None:
        """Until every node takes work; one that an earlier crash left drained or down is put back. LabError."""
        self._await(self._nodes_are_ready, "the nodes to be ready")

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.down()

    def _choose_place(self) -> Place:
        controller, *nodes = _free_ports(1 + self.shape.nodes)
        place = Place(
            folder=self.folder,
            cluster=f"lab{secrets.token_hex(6)}",
            host=socket.gethostname().split(".")[0],
            user=getpass.getuser(),
            controller_port=controller,
            node_ports=tuple(nodes),
        )
        if len(os.fsencode(place.munge_socket)) > LONGEST_SOCKET_NAME:
            raise LabError(f"{self.folder}: unix sockets cannot have names so long; choose a shorter folder")
        if any(character in str(self.folder) for character in " \t%#\\"):
            raise LabError(f"{self.folder}: Slurm cannot read such a name; choose one of plain letters")
        return place

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("etc", "run", "log", "state", "spool", "munge", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        for name in self.shape.names:
            (self.folder / "spool" / name).mkdir(mode=0o755)
            (self.folder / "tmp" / name).mkdir(mode=0o700)
        key = self.folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        self.place.conf.write_text(slurm_conf(self.shape, self.place))
        if self.shape.cgroup:
            self.place.conf.with_name("cgroup.conf").write_text(cgroup_conf())
        if self.shape.gpus:
            devices = [self.folder / "run" / f"gpu{number}" for number in range(self.shape.gpus)]
            for device in devices:
                device.touch()
            self.place.conf.with_name("gres.conf").write_text(gres_conf(devices))

    def _start_keeper(self) -> "subprocess.Popen[bytes]":
        argv = (sys.executable, "-I", "-S", keeper.__file__, self.place.cluster, str(self.folder), *self.shape.names)
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}, start_new_session=True)

    def _command(self, name: str) -> Sequence[str]:
        folder, conf = self.folder, str(self.place.conf)
        if name == "munged":
            return (
                _program("munged"), "--foreground", "--force", "--num-threads=2", f"--socket={self.place.munge_socket}",
                f"--key-file={folder}/munge/key", f"--pid-file={folder}/run/munged.pid",
                f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed",
            )  # fmt: skip
        if name == "slurmctld":
            return (_program("slurmctld"), "-D", "-f", conf)
        if name not in self.shape.names:
            raise LabError(f"the lab has no {name!r}; it has {', '.join(self.daemons)}")
        return (_program("slurmd"), "-D", "-f", conf, "-N", name)

    def _daemon_environment(self) -> dict[str, str]:
        """The mark, by which the keeper knows all that belong to the lab; Slurm itself hands it on to jobs."""
        return {"PATH": SEARCH, "LC_ALL": "C", "SLURM_CLUSTER_NAME": self.place.cluster, **self.environment}

    def _controller_answers(self) -> bool:
        try:
            return " is UP" in self.call("scontrol", "ping")
        except LabError:
            return False

    def _nodes_are_ready(self) -> bool:
        try:
            told = [line.split() for line in self.call("sinfo", "-h", "-N", "-o", "%N %t").splitlines()]
        except LabError:
            return False
        for name, state in told:
            if state.startswith(("dr", "down", "inval")) and self.runs(name):
                with contextlib.suppress(LabError):  # It may have come back by itself in the meantime.
                    self.call("scontrol", "update", f"nodename={name}", "state=resume")
        return sum(state in READY_STATES for _, state in told) == self.shape.nodes

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_S
        while not condition():
            if time.monotonic() > deadline:
                raise LabError(f"waited {READY_S:.0f} s for {what}\n{self._last_words()}")
            time.sleep(LOOK_AGAIN_S)

    def _last_words(self) -> str:
        logs = [*sorted((self.folder / "log").glob("*")), self.folder / "munge" / "log"]
        tails = [(log.name, log.read_text(errors="replace").splitlines()[-5:]) for log in logs if log.exists()]
        return "\n".join(f"{name}: {line}" for name, lines in tails for line in lines)


def _program(name: str) -> str:
    return shutil.which(name, path=SEARCH) or name


def _free_ports(count: int) -> list[int]:
    """Ports below those that the kernel gives to outgoing connections, so that a daemon finds its own again after a stop."""
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            probe = held.enter_context(socket.socket())
            port = random.randrange(15_000, 32_000)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports
