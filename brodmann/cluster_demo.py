"""A cluster for a demonstration: sshd, a Slurm of two nodes and the compute service, on this machine and on loopback.

The backend speaks to it as to any cluster, through SSH alone: with a restricted key, to a unix socket that its user alone
may open.
"""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import yaml

from brodmann.installation import Compute, compute_services
from brodmann.lab.slurm import SlurmLab, missing_programs
from brodmann.lab.slurm_conf import Shape
from brodmann.lab.sshd import SshdLab, sshd_missing
from brodmann.layout import DATA_VARIABLE, DataFolder

SHAPE = Shape(nodes=2, cpus=2, memory_mb=16_000)
RESTRICTED = 'restrict,port-forwarding,command="/bin/false"'
INSTALL = "apt-get install --no-install-recommends slurmctld slurmd slurm-client munge openssh-server"


@contextmanager
def demo_cluster(data: DataFolder) -> Iterator[Compute]:
    """The cluster while the block lasts; its jobs' folders lie in `data`, on the disk that "both machines" see.

    Nothing of it is left afterwards. A job that ran goes on from its checkpoint at the next start.
    """
    if missing := [*missing_programs(), *(["sshd"] if sshd_missing() else [])]:
        raise click.ClickException(f"the cluster needs programs that are not installed here ({', '.join(missing)}): {INSTALL}")
    # Unix sockets have short names only, and a data folder may lie anywhere.
    folder = Path(tempfile.mkdtemp(prefix="brodmann-cluster-"))
    notes = data.root / "cluster.env"
    try:
        with (
            SlurmLab(folder / "slurm", nodes=SHAPE.nodes, cpus=SHAPE.cpus, memory_mb=SHAPE.memory_mb) as slurm,
            SshdLab(folder / "ssh", RESTRICTED) as sshd,
        ):
            profile, socket = folder / "profile.yaml", folder / "http.sock"
            profile.write_text(yaml.safe_dump(profile_of(SHAPE), sort_keys=False))
            way = {
                "BRODMANN_COMPUTE_URL": f"ssh://{sshd.user}@{sshd.host}:{sshd.port}{socket}",
                "BRODMANN_SSH_KEY_FILE": str(sshd.key_file),
                "BRODMANN_SSH_KNOWN_HOSTS": str(sshd.known_hosts),
            }
            _tell(notes, {DATA_VARIABLE: str(data.root)} | data.environment() | way | slurm.environment)
            there = {"BRODMANN_CLUSTER_PROFILE": str(profile), **slurm.environment}
            yield Compute(
                services=compute_services(data, f"unix:{socket}", ("--umask", "0077"), there), settings=way, hint=hint(notes)
            )
    finally:
        notes.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def profile_of(shape: Shape) -> dict[str, object]:
    """The cluster profile of a lab: one partition with all of it, and short times, because everything is near."""
    partition = {
        "name": "batch",
        "nodes": shape.nodes,
        "cpus_per_node": shape.cpus,
        "memory_mb_per_node": shape.memory_mb,
        "longest_h": 24,
    }
    return {
        "name": "demo",
        "partitions": [partition],
        "poll_interval_s": 0.5,
        "longest_back_off_s": 2,
        "forgotten_after_s": 5,
        "heartbeat_s": 1,
        "outcome_grace_s": 1,
    }


def hint(notes: Path) -> str:
    """How to look inside, for the terminal."""
    load = f"set -a; . {shlex.quote(str(notes))}; set +a"
    return (
        "Its jobs go through SSH to a Slurm of two nodes, all on this machine. To look inside, in another terminal:\n"
        f"  {load}\n  brodmann cluster check\n  squeue"
    )


def _tell(notes: Path, settings: Mapping[str, str]) -> None:
    """What a terminal needs to be in the backend's place, and at the cluster; paths only, no secret."""
    notes.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()))
