"""What is said to sbatch: its arguments and the batch script. Pure; lists of arguments, quoted where a shell reads them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from compute_service.ports import JobPaths, SubmissionRefusedError
from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.local import THREAD_VARIABLES
from compute_service.schedulers.slurm_files import CLAIM_FAILED, PROLOGUE_FAILED, SlurmPaths
from core.contracts.jobs import Resources

ELEMENT = '"$SLURM_ARRAY_TASK_ID"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of sbatch."""

    name: str
    """Unique: the job's key and the attempt."""
    argv: tuple[str, ...]
    job_dir: Path
    resources: Resources
    elements: tuple[int, ...] = ()
    """Of an array; empty for a job of its own."""


def partition_for(resources: Resources, profile: ClusterProfile) -> Partition:
    """The first partition that has what a job asks for; SubmissionRefusedError saying what each lacks."""
    lacks = {partition.name: _lack(resources, partition) for partition in profile.partitions}
    for partition in profile.partitions:
        if not lacks[partition.name]:
            return partition
    told = "; ".join(lacks.values())
    raise SubmissionRefusedError(f"Refused: {told}. Choose a smaller preset, or ask the lab engineer.")


def _lack(resources: Resources, partition: Partition) -> str:
    per_node = resources.ranks // resources.nodes
    asked = {
        "nodes": (resources.nodes, partition.nodes),
        "GPUs on a node": (_gpus_per_node(resources), partition.gpus_per_node),
        "processors on a node": (resources.cpus * per_node, partition.cpus_per_node),
        "MB of memory on a node": (resources.memory_mb * per_node, partition.memory_mb_per_node),
    }
    for what, (wanted, there) in asked.items():
        if wanted > there:
            return f"it asks for {wanted} {what}, partition {partition.name} has {there}"
    return ""


def _gpus_per_node(resources: Resources) -> int:
    """Readers have none."""
    return resources.gpus * resources.processes // resources.nodes


def time_min(resources: Resources, partition: Partition) -> int:
    """The time limit in Slurm's whole minutes."""
    return max(1, min(ceil(resources.time_limit_s / 60), int(partition.longest_h * 60)))


def sbatch_argv(request: Request, profile: ClusterProfile, script: Path, stop_grace_s: float) -> list[str]:
    """The whole command line; SubmissionRefusedError."""
    resources, partition = request.resources, partition_for(request.resources, profile)
    per_node = resources.ranks // resources.nodes
    folder = _escaped(request.job_dir)
    log = f"{folder}/elements/%a/log.txt" if request.elements else f"{folder}/log.txt"
    options = {
        "job-name": request.name,
        "partition": partition.name,
        "account": profile.account,
        "qos": profile.qos,
        "nodes": resources.nodes,
        "ntasks": resources.ranks,
        "ntasks-per-node": per_node,
        "cpus-per-task": resources.cpus,
        "mem": f"{resources.memory_mb * per_node}M" if profile.asks_for_memory else None,
        "gres": f"{profile.gpu_gres}:{_gpus_per_node(resources)}" if resources.gpus else None,
        "time": time_min(resources, partition),
        # To the batch script alone, which hands it on: so a time limit becomes a checkpoint.
        "signal": f"B:TERM@{ceil(stop_grace_s)}",
        # All that sbatch itself is given, which is a list made for the purpose. A list of names here would make Slurm
        # read the user's login files on the node.
        "export": "ALL",
        "kill-on-invalid-dep": "yes",
        "open-mode": "append",
        "output": log,
        "chdir": str(request.job_dir),
        "array": ",".join(map(str, request.elements)) or None,
    }
    words = [f"--{name}={value}" for name, value in options.items() if value is not None]
    # Brodmann itself sends a job again, from its checkpoint, and knows then that it did.
    return ["sbatch", "--parsable", "--no-requeue", *words, *profile.more_options, str(script)]


def command_words(request: Request, profile: ClusterProfile) -> str:
    """The job's command as a line of the script."""
    resources = request.resources
    values = {
        "processes": resources.ranks,
        "working": resources.processes,
        "nodes": resources.nodes,
        "cpus": resources.cpus,
    }
    launcher = [_filled(word, values) for word in profile.launcher] if resources.ranks > 1 else []
    words = shlex.join([*launcher, *request.argv])
    return f"{words} {ELEMENT}" if request.elements else words


def batch_script(request: Request, profile: ClusterProfile) -> str:
    """The script that a node runs: it takes the submission's claim, prepares, runs the command, and leaves how it ended."""
    job = JobPaths(request.job_dir)
    place = f"{shlex.quote(str(job.folder / 'elements'))}/{ELEMENT}" if request.elements else shlex.quote(str(job.folder))
    names = SlurmPaths(Path(), request.name)
    prologue = [line for number, text in enumerate(profile.prologue, 1) for line in _prologue_line(number, text)]
    return "\n".join(
        [
            "#!/bin/bash",
            "# Written by Brodmann for one submission; it runs once, whatever the cluster does.",
            f"name={shlex.quote(request.name)} place={place} code=0 stopped=0 child=",
            f"claim={names.claim} exit={names.exit} alive={names.alive}",
            *_SCRIPT_HEAD,
            *_heartbeat(profile.heartbeat_s),
            f"tell() {{ {_told_to_stop(request, profile)} 2> /dev/null; }}",
            *(f"export {name}={request.resources.cpus}" for name in THREAD_VARIABLES),
            *prologue,
            f"{command_words(request, profile)} < /dev/null &",
            *_SCRIPT_TAIL,
            "",
        ]
    )


_SCRIPT_HEAD = (
    'id="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}"',
    'echo "brodmann: submission $name begins as job $SLURM_JOB_ID on $(hostname)"',
    f'cd "$place" || {{ echo "brodmann: this node cannot enter $place"; exit {CLAIM_FAILED}; }}',
    'own="$claim.$SLURM_JOB_ID"',
    'echo "$id" > "$own" && { ln "$own" "$claim" 2> /dev/null; rm -f "$own"; }',
    f'[ -s "$claim" ] || {{ echo "brodmann: this node cannot write into $place"; exit {CLAIM_FAILED}; }}',
    '[ "$(cat "$claim")" = "$id" ] || { echo "brodmann: another submission has taken its place"; exit 0; }',
    "leave() {",
    '  echo "$1 $((stopped > 0))" > "$exit.part" && mv "$exit.part" "$exit"',
    '  exit "$1"',
    "}",
    # Slurm tells this script alone that the time is nearly over.
    "trap 'stopped=$((stopped + 1)); [ -n \"$child\" ] && tell' TERM",
)
_SCRIPT_TAIL = (
    "child=$!",
    'beat "$child" > /dev/null 2>&1 &',
    "beating=$!",
    '[ "$stopped" = 0 ] || tell',
    # A signal ends the waiting, not the command: then wait again.
    'while :; do before=$stopped; wait "$child"; code=$?; [ "$stopped" = "$before" ] && break; done',
    'kill "$beating" 2> /dev/null',
    'leave "$code"',
)


def _heartbeat(interval_s: int) -> Sequence[str]:
    """A sign of life; and whoever has lost the claim, as a node that was cut off, ends what it runs."""
    return (
        'touch "$alive"',
        "beat() {",
        f"  while sleep {interval_s}; do",
        '    [ "$(cat "$claim")" = "$id" ] || { kill -TERM "$1"; sleep 5; kill -KILL "$1" $$; exit; }',
        '    touch "$alive"',
        "  done",
        "}",
    )


def _told_to_stop(request: Request, profile: ClusterProfile) -> str:
    """How the command is told: srun takes a TERM for the order to kill its processes at once, so Slurm tells those itself."""
    by_slurm = request.resources.ranks > 1 and Path(profile.launcher[0]).name == "srun"
    return 'scancel --signal=TERM "$SLURM_JOB_ID"' if by_slurm else 'kill -TERM "$child"'


def _prologue_line(number: int, text: str) -> Sequence[str]:
    failed = f"{{ echo 'brodmann: line {number} of the prologue failed'; leave {PROLOGUE_FAILED}; }}"
    return ("{", text, f"}} || {failed}")


def _filled(word: str, values: dict[str, int]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", str(value))
    return word


def _escaped(folder: Path) -> str:
    """Slurm reads % and \\ in the name of an output file."""
    return str(folder).replace("\\", "\\\\").replace("%", "%%")
