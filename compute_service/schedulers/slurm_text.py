"""What Slurm's commands print, read: pure, against recorded answers of Slurm 22.05 (and forms that later ones keep)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

QUEUE_FORMAT = "%F|%K|%j|%T|%P|%Q|%r"
ACCOUNTING_FORMAT = "JobID,JobName,State,ExitCode"

# Texts of a controller, its network or its authentication being away: they say nothing about the job.
_AWAY = re.compile(
    r"unable to contact|socket timed out|connection refused|connect failure|zero bytes were transmitted|unexpected message|"
    r"authentication error|munge|transport endpoint|temporarily unable|resource temporarily unavailable|standby mode|"
    r"controller not responding|no route to host|network is unreachable|i/o error writing script",
    re.IGNORECASE,
)
# The account has as many jobs as it may have: there is room later.
_FULL = re.compile(r"MaxSubmit|job submit limit|MaxJobCount|too many jobs|slots? (?:are|is) full", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One job, or one element of an array, as the queue shows it."""

    slurm_id: int
    element: int | None
    name: str
    state: str
    partition: str = ""
    priority: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended, by Slurm's books."""

    state: str
    code: int
    signal: int
    started_at: datetime | None = None
    """By the controller's clock, in whole seconds and without a zone."""
    on_node: bool = False
    """Whether a node was told to begin it."""


def parse_queue(text: str) -> list[Row]:
    """Lines of squeue in `QUEUE_FORMAT`; other lines, and the unsplit rest of an array, are passed over."""
    rows = []
    for line in text.splitlines():
        fields = line.split("|", 6)
        if len(fields) != 7 or not fields[0].isdecimal():
            continue
        slurm_id, element, name, state, partition, priority, reason = fields
        if element != "N/A" and not element.isdecimal():
            continue
        rows.append(
            Row(
                slurm_id=int(slurm_id),
                element=None if element == "N/A" else int(element),
                name=name,
                state=state,
                partition=partition,
                priority=int(priority) if priority.isdecimal() else 0,
                reason="" if reason == "None" else reason,
            )
        )
    return rows


def parse_submission(text: str) -> int | None:
    """The id that `sbatch --parsable` printed, alone or before the cluster's name; None where it printed none."""
    match = re.search(r"^(\d+)(?:;\S+)?\s*$", text, re.MULTILINE)
    return int(match[1]) if match else None


def parse_job(text: str, name: str) -> Ended | None:
    """What `scontrol show job -o` says of the job with this name; None where it speaks of others."""
    for line in text.splitlines():
        fields = dict(re.findall(r"(\S+?)=(\S*)", line))
        if fields.get("JobName") == name:
            ended = _ended(fields.get("JobState", ""), fields.get("ExitCode", ""))
            on_node = fields.get("BatchHost", "(null)") != "(null)"
            return ended and replace(ended, started_at=_moment(fields.get("StartTime", "")), on_node=on_node)
    return None


def parse_accounting(text: str) -> list[tuple[str, str, Ended]]:
    """Lines of sacct in `ACCOUNTING_FORMAT`: Slurm's word for each job or element, its name, and how it ended."""
    rows = []
    for line in text.splitlines():
        fields = line.split("|")
        ended = _ended(fields[2], fields[3]) if len(fields) >= 4 else None
        if ended is not None:
            rows.append((fields[0], fields[1], ended))
    return rows


def controller_is_up(text: str) -> bool:
    """What `scontrol ping` says; one controller of several is enough."""
    return re.search(r"\bis UP\b", text) is not None


def is_away(complaint: str) -> bool:
    """Whether a command's complaint says that Slurm could not be asked."""
    return _AWAY.search(complaint) is not None


def is_full(complaint: str) -> bool:
    """Whether Slurm takes no more jobs now and will later."""
    return _FULL.search(complaint) is not None


def complaint_of(text: str) -> str:
    """The sentence in a command's complaint that says most: its last, without the words before it."""
    lines = [re.sub(r"^\w+: (?:error: )?(?:Batch job submission failed: )?", "", line.strip()) for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith("Try ")]
    return told[-1].rstrip(".") if told else "it gave no reason"


def jobs_before(rows: Iterable[Row], mine: Row) -> int:
    """How many waiting rows of the same partition come before this one: those of higher priority, then older ones."""
    return sum(
        row.partition == mine.partition and (-row.priority, row.slurm_id) < (-mine.priority, mine.slurm_id)
        for row in rows
        if row.state == "PENDING" and row.priority > 0
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # "Unknown", "N/A"


def _ended(state: str, exit_code: str) -> Ended | None:
    match = re.fullmatch(r"(\d+):(\d+)", exit_code)
    if not state or match is None:
        return None
    # "CANCELLED by 1000": the rest says who.
    return Ended(state.split(maxsplit=1)[0], int(match[1]), int(match[2]))
