"""The configuration of the lab's Slurm, as text: pure. Recipes tried with Slurm 22.05."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict


class ShapeOptions(TypedDict, total=False):
    """What `Shape` says, each as one likes."""

    nodes: int
    cpus: int
    memory_mb: int
    gpus: int
    cgroup: bool
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the lab pretends to be; nodes may claim more than the machine has."""

    nodes: int = 2
    cpus: int = 2
    memory_mb: int = 16_000
    gpus: int = 0
    """Of each node; counted only, no device stands behind them."""
    cgroup: bool = False
    """Steps in control groups: real OUT_OF_MEMORY, and no process escapes. Needs root and control groups."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Lines of slurm.conf in place of ours, such as {"MinJobAge": "2"}."""

    @property
    def names(self) -> list[str]:
        """The nodes' names."""
        return [f"n{number}" for number in range(1, self.nodes + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the lab lives."""

    folder: Path
    cluster: str
    host: str
    user: str
    controller_port: int
    node_ports: tuple[int, ...]

    @property
    def conf(self) -> Path:
        """What `SLURM_CONF` names."""
        return self.folder / "etc" / "slurm.conf"

    @property
    def munge_socket(self) -> Path:
        """Unix sockets have short names only (107 bytes)."""
        return self.folder / "munge.sock"


def slurm_conf(shape: Shape, place: Place) -> str:
    """The whole slurm.conf."""
    lines = _settings(shape, place) | dict(shape.settings)
    gres = f" Gres=gpu:{shape.gpus}" if shape.gpus else ""
    nodes = [
        f"NodeName={name} NodeHostname={place.host} NodeAddr=127.0.0.1 Port={port} "
        f"CPUs={shape.cpus} RealMemory={shape.memory_mb}{gres} State=UNKNOWN"
        for name, port in zip(shape.names, place.node_ports, strict=True)
    ]
    partition = f"PartitionName=batch Nodes={','.join(shape.names)} Default=YES MaxTime=1-0 DefaultTime=10 State=UP"
    return "\n".join([*(f"{name}={value}" for name, value in lines.items()), *nodes, partition, ""])


def cgroup_conf() -> str:
    """The whole cgroup.conf."""
    return "CgroupPlugin=autodetect\nCgroupMountpoint=/sys/fs/cgroup\nCgroupAutomount=no\nConstrainRAMSpace=yes\n"


def gres_conf(devices: Sequence[Path]) -> str:
    """The whole gres.conf: Slurm counts files that are there."""
    return f"Name=gpu File={','.join(map(str, devices))}\n"


def _settings(shape: Shape, place: Place) -> dict[str, str]:
    folder = place.folder
    return {
        "ClusterName": place.cluster,
        "SlurmctldHost": f"{place.host}(127.0.0.1)",
        "SlurmctldPort": str(place.controller_port),
        "SlurmUser": place.user,
        "SlurmdUser": place.user,
        "CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny",  # Loopback only.
        "AuthType": "auth/munge",
        # A requeued job waits this long before it may start again; 120 s where nothing is said.
        "AuthInfo": f"socket={place.munge_socket},cred_expire=5",
        "CredType": "cred/munge",
        "StateSaveLocation": str(folder / "state"),
        "SlurmdSpoolDir": f"{folder}/spool/%n",
        "SlurmctldPidFile": f"{folder}/run/slurmctld.pid",
        "SlurmdPidFile": f"{folder}/run/%n.pid",
        "SlurmctldLogFile": f"{folder}/log/slurmctld.log",
        "SlurmdLogFile": f"{folder}/log/%n.log",
        "TmpFS": f"{folder}/tmp/%n",
        "MailProg": "/bin/true",
        "ProctrackType": "proctrack/cgroup" if shape.cgroup else "proctrack/linuxproc",
        "TaskPlugin": "task/cgroup" if shape.cgroup else "task/none",
        "SwitchType": "switch/none",
        "MpiDefault": "pmi2",
        "ReturnToService": "2",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core_Memory",
        "DefMemPerCPU": "500",
        "SlurmdParameters": "config_overrides",
        "EnforcePartLimits": "ALL",  # What can never run is refused at once.
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0",
        "KillWait": "2",
        "MinJobAge": "300",
        "SlurmdTimeout": "10",
        "SlurmctldTimeout": "10",
        "MessageTimeout": "5",
        "JobAcctGatherType": "jobacct_gather/linux",
        "JobAcctGatherFrequency": "task=1",
        "AccountingStorageType": "accounting_storage/none",
        "JobCompType": "jobcomp/none",
        **({"GresTypes": "gpu"} if shape.gpus else {}),
        **({} if shape.cgroup else {"JobAcctGatherParams": "OverMemoryKill"}),
    }
