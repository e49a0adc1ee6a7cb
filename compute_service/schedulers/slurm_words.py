"""Slurm's words as ours: what a state means for a job, and what its reasons say to the person who waits. Pure tables."""

import re
import signal
from dataclasses import dataclass

from compute_service.ports import QueueState, QueueStatus
from compute_service.schedulers.slurm_files import CLAIM_FAILED, PROLOGUE_FAILED
from compute_service.schedulers.slurm_text import Ended

INTERRUPTED_CODE = 75
"""Of the runner: it wrote a checkpoint and is to be started again."""
KILLED = 128

WAITING, RUNNING = QueueState.PENDING, QueueState.RUNNING
LIVING = {
    "PENDING": WAITING, "CONFIGURING": WAITING, "REQUEUED": WAITING, "REQUEUE_FED": WAITING, "REQUEUE_HOLD": WAITING,
    "SPECIAL_EXIT": WAITING, "RESV_DEL_HOLD": WAITING,
    "RUNNING": RUNNING, "COMPLETING": RUNNING, "SUSPENDED": RUNNING, "STOPPED": RUNNING, "SIGNALING": RUNNING,
    "RESIZING": RUNNING, "STAGE_OUT": RUNNING,
}  # fmt: skip

# Ended in a way that the state alone tells; the interrupted ones for no fault of the job.
PLAIN = {
    "COMPLETED": QueueStatus(QueueState.COMPLETED),
    "CANCELLED": QueueStatus(QueueState.CANCELLED),
    "NODE_FAIL": QueueStatus(QueueState.INTERRUPTED, "the node it ran on failed"),
    "BOOT_FAIL": QueueStatus(QueueState.INTERRUPTED, "the node it was given did not start"),
    "PREEMPTED": QueueStatus(QueueState.INTERRUPTED, "it had to make way for a more urgent job"),
    "REVOKED": QueueStatus(QueueState.INTERRUPTED, "the cluster took it back"),
}

# Of a job that waits. What is missing here is told in Slurm's own word.
REASONS = {
    "Resources": "Waiting in the queue: it is next, as soon as what it asks for is free.",
    "None": "Waiting in the queue.",
    "": "Waiting in the queue.",
    "BeginTime": "Waiting in the queue: it may begin in a moment.",
    "JobHeldUser": "Waiting: it is held. Release it at the cluster, or stop it here.",
    "JobHeldAdmin": "Waiting: the cluster's administrators hold it. Ask them.",
    "PartitionDown": "Waiting: the partition is down.",
    "PartitionInactive": "Waiting: the partition takes no jobs now.",
    "PartitionConfig": "Waiting for ever: it asks for more than the partition has. Stop it, and tell the lab engineer.",
    "PartitionTimeLimit": "Waiting for ever: its time is over the partition's limit. Stop it, and tell the lab engineer.",
    "PartitionNodeLimit": "Waiting for ever: it asks for more nodes than it may have. Stop it, and tell the lab engineer.",
    "ReqNodeNotAvail": "Waiting: the nodes it needs are not available now.",
    "Nodes required for job are DOWN": "Waiting: nodes that it needs are down or drained. If it lasts, tell its staff.",
    "Reservation": "Waiting: the nodes are reserved for others now.",
    "launch failed requeued held": "Waiting: the cluster failed to start it and holds it. Stop it, and start it again.",
    "Licenses": "Waiting in the queue for a licence.",
}  # fmt: skip
LIMITS = re.compile(r"^(QOS|Assoc|Max)\w*")

OOM_TEXT = re.compile(rb"oom-kill|exceeded memory limit|out.of.memory handler|OUT_OF_MEMORY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an ended submission had asked for and what it left, for the words about it."""

    memory_mb: int
    time_min: int
    lost: str = ""
    """Which of its processes was killed, in words; "" where nobody says."""


def waiting_words(reason: str, before: int | None) -> str:
    """Why a job waits; `before` is how many are served first, None where nobody counted."""
    if reason in ("Priority", "Resources") and before:
        return f"Waiting in the queue: {before} job{'s' if before > 1 else ''} before yours."
    if reason == "Priority":
        return REASONS["Resources" if before == 0 else ""]
    known = REASONS.get(reason) or REASONS.get(reason.partition(",")[0])
    if known:
        return known
    if LIMITS.match(reason):
        return f"Waiting: the account's limit at the cluster is reached ({reason})."
    return f"Waiting in the queue ({reason})."


def verdict(ended: Ended, stopped: bool, log: bytes, asked: Asked) -> QueueStatus:
    """What became of a submission that Slurm calls ended: its state, its exit code, and what the log's end tells."""
    if ended.state in PLAIN:
        return PLAIN[ended.state]
    # In a step of several processes Slurm calls it FAILED, and only the text knows better.
    if ended.state == "OUT_OF_MEMORY" or OOM_TEXT.search(log):
        return QueueStatus(QueueState.FAILED, f"it needed more memory than the {asked.memory_mb} MB it had asked for")
    # The launcher of several processes kills the rest as soon as one has ended so.
    if ended.code == INTERRUPTED_CODE or (stopped and ended.code in (KILLED + signal.SIGKILL, KILLED + signal.SIGTERM)):
        why = "its time at the cluster was nearly over" if stopped else "it was told to stop"
        return QueueStatus(QueueState.INTERRUPTED, why)
    if ended.state in ("TIMEOUT", "DEADLINE"):
        return QueueStatus(QueueState.FAILED, f"it reached its time limit of {asked.time_min} min before it had a checkpoint")
    return QueueStatus(QueueState.FAILED, asked.lost or failure_words(ended))


def failure_words(ended: Ended) -> str:
    """How a command failed."""
    if ended.code == PROLOGUE_FAILED:
        return "the cluster profile's prologue failed on the node; the log says at which line"
    if ended.code == CLAIM_FAILED:
        return "the node cannot write into the job folder; is it on a disk that all nodes share, and not full?"
    if ended.signal or ended.code > KILLED:
        return f"it was killed by signal {_signal_name(ended.signal or ended.code - KILLED)}"
    return f"it ended with exit code {ended.code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
