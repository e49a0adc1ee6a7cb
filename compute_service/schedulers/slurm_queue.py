"""What Slurm knows of our jobs, asked as seldom as may be; and what their folders tell where Slurm does not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from compute_service.ports import QueueState, QueueStatus
from compute_service.schedulers.lost import lost_words
from compute_service.schedulers.slurm_client import SlurmClient, SlurmComplaintError
from compute_service.schedulers.slurm_files import REVOKED, SlurmPaths, Ticket, close, read_exit, read_ledger, revoke
from compute_service.schedulers.slurm_text import (
    ACCOUNTING_FORMAT,
    QUEUE_FORMAT,
    Ended,
    Row,
    jobs_before,
    parse_accounting,
    parse_job,
    parse_queue,
)
from compute_service.schedulers.slurm_words import Asked, verdict

LONGEST_LOG_BYTES = 1 << 16
WHOLE_QUEUE_INTERVALS = 3
BOOKS_DAYS = 30
STILL_THERE = ("PENDING", "RUNNING", "SUSPENDED", "REQUEUED")
FORGOTTEN = QueueStatus(
    QueueState.INTERRUPTED, "the cluster no longer knew it, and it had not begun; its controller may have been restarted"
)

DIED = QueueStatus(QueueState.INTERRUPTED, "the cluster no longer knew it, and it gave no sign of life any more")
# A controller that was killed may know a job that runs as one that waits. It begins it again, finds it there, and ends it.
BEGUN_TWICE = QueueStatus(
    QueueState.INTERRUPTED, "the cluster's controller was restarted, did not know that it ran, and ended it"
)
# Slurm ends it by itself where --no-requeue forbids another try, e.g. on a node that has another job of the same number.
NOT_STARTED = QueueStatus(QueueState.FAILED, "the node that was to begin it could not")


class Queue:
    """The queue as last seen; asked again when that is old, or when something was sent or cancelled since."""

    def __init__(self, client: SlurmClient, interval_s: float, clock: Callable[[], float]) -> None:
        self._client = client
        self._interval_s = interval_s
        self._clock = clock
        self._rows: dict[tuple[int, int | None, str], Row] = {}
        self._asked_at = float("-inf")
        self._pinged_at = float("-inf")
        self._whole: list[Row] = []
        self._whole_asked_at = float("-inf")
        self._has_books = True

    def forget(self) -> None:
        """The next question goes to Slurm."""
        self._asked_at = float("-inf")

    def rows(self, tickets: Sequence[Ticket]) -> dict[Ticket, Row]:
        """Those that Slurm knows; SchedulerUnavailableError."""
        if not tickets:
            self._notice_absence()
            return {}
        is_old = self._clock() - self._asked_at >= self._interval_s
        # One that is missing may be younger than what was seen: it is not called forgotten before Slurm says so.
        if is_old or any(self._row(ticket) is None for ticket in tickets):
            rows = self._squeue("--me", "--array", "--states=all")
            self._rows = {(row.slurm_id, row.element, row.name): row for row in rows}
            self._asked_at = self._clock()
        found = {ticket: self._row(ticket) for ticket in tickets}
        return {ticket: row for ticket, row in found.items() if row is not None}

    def _notice_absence(self) -> None:
        """Nobody waits for an answer now, but people are shown whether there would be one."""
        if self._clock() - self._pinged_at >= self._interval_s:
            self._client.ping()
            self._pinged_at = self._clock()

    def named(self, names: set[str]) -> dict[tuple[str, int | None], Row]:
        """By name and element what Slurm has under these names, the living before the ended; SchedulerUnavailableError."""
        if not names:
            return {}
        rows = self._squeue("--me", "--array", "--states=all", f"--name={','.join(sorted(names))}")
        living_last = sorted(rows, key=lambda row: row.state in ("PENDING", "RUNNING"))
        return {(row.name, row.element): row for row in living_last if row.name in names}

    def before(self, row: Row) -> int | None:
        """How many jobs are served before a waiting one; the whole queue is asked for seldom."""
        if row.reason not in ("Priority", "Resources"):
            return None
        if self._clock() - self._whole_asked_at >= WHOLE_QUEUE_INTERVALS * self._interval_s:
            self._whole = self._squeue("--states=PENDING", "--array-unique")
            self._whole_asked_at = self._clock()
        return jobs_before(self._whole, row)

    def ended(self, ticket: Ticket, state: str) -> Ended:
        """How a job that the queue shows as ended did end; the queue itself has no exit codes."""
        if state == "COMPLETED":
            return Ended(state, 0, 0)
        try:
            told = parse_job(self._client.ask(("scontrol", "show", "job", "-o", ticket.slurm_words)), ticket.name)
        except SlurmComplaintError:  # Forgotten between the two questions.
            told = None
        return told or Ended(state, -1, 0)

    def books(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Ended]:
        """What the accounting has of these, where the cluster keeps one; SchedulerUnavailableError."""
        if not self._has_books:
            return {}
        ids = ",".join(sorted({str(ticket.slurm_id) for ticket in tickets}))
        argv = ("sacct", "-X", "-n", "-P", "-D", f"--starttime=now-{BOOKS_DAYS}days", "-o", ACCOUNTING_FORMAT, "-j", ids)
        try:
            told = parse_accounting(self._client.ask(argv))
        except SlurmComplaintError as error:
            self._has_books = "disabled" not in str(error)
            return {}
        by_words = {(words, name): ended for words, name, ended in told}
        found = {ticket: by_words.get((ticket.slurm_words, ticket.name)) for ticket in tickets}
        return {ticket: ended for ticket, ended in found.items() if ended is not None and ended.state not in STILL_THERE}

    def _row(self, ticket: Ticket) -> Row | None:
        row = self._rows.get((ticket.slurm_id, ticket.element, ticket.name))
        if row is None and ticket.element is not None:
            # Elements that were cancelled before they began have one row together, without their numbers.
            rest = self._rows.get((ticket.slurm_id, None, ticket.name))
            return rest if rest is not None and rest.state == "CANCELLED" else None
        return row

    def _squeue(self, *options: str) -> list[Row]:
        return parse_queue(self._client.ask(("squeue", "--noheader", *options, f"--format={QUEUE_FORMAT}")))


def verdict_of(paths: SlurmPaths, ended: Ended) -> QueueStatus:
    """What became of a submission that Slurm calls ended, with what its folder tells."""
    left, ledger = read_exit(paths), read_ledger(paths.place)
    if ended.code < 0:  # Slurm told the state alone.
        ended = Ended(ended.state, left.code if left else 1, 0)
    if ended.state == "CANCELLED" and not paths.cancelled.exists():
        if _began_before(paths, ended.started_at):
            return BEGUN_TWICE
        if ended.on_node and not paths.claim.exists():
            return NOT_STARTED
    lost = lost_words(paths.place)
    asked = Asked(ledger.memory_mb, ledger.time_min, lost) if ledger else Asked(0, 0, lost)
    return verdict(ended, left is not None and left.stopped, log_of(paths), asked)


def _began_before(paths: SlurmPaths, moment: datetime | None) -> bool:
    """Whether the script took its claim before the moment at which Slurm says it began."""
    try:
        claimed_at = paths.claim.stat().st_mtime
    except FileNotFoundError:
        return False
    return moment is not None and claimed_at < moment.timestamp()


def forgotten_verdict(paths: SlurmPaths, is_gone: bool, is_silent: bool) -> QueueStatus:
    """What became of one that Slurm does not know: what the script left; or it never began and never will; or it died."""
    left, cancelled = read_exit(paths), paths.cancelled.exists()
    if left is not None and not cancelled:
        return verdict_of(paths, Ended("COMPLETED" if left.code == 0 else "FAILED", left.code, 0))
    over = QueueStatus(QueueState.CANCELLED) if cancelled else None
    if left is not None or not paths.place.is_dir():
        return over or QueueStatus(QueueState.UNKNOWN)
    if (cancelled or is_gone) and revoke(paths) == REVOKED:
        return over or FORGOTTEN
    if is_silent:
        close(paths)
        return over or DIED
    return QueueStatus(QueueState.UNKNOWN)


def sign_of_life(paths: SlurmPaths) -> int | None:
    """Something that changes as long as the script lives; None before it began."""
    try:
        return paths.alive.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def log_of(paths: SlurmPaths) -> bytes:
    """The end of what this submission printed; what earlier ones printed before is left out."""
    try:
        with paths.log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LONGEST_LOG_BYTES))
            text = file.read(LONGEST_LOG_BYTES)
    except FileNotFoundError:
        return b""
    return text.rpartition(f"submission {paths.name} begins".encode())[2]
