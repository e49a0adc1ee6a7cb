"""A cluster's Slurm as the scheduler: sbatch and scancel, one squeue for all jobs, then the books, then the job folder.

Everything it must remember lies in the job folders (`slurm_files`), so the service may be killed at any time. Slurm's numbers
are never trusted alone: a controller that was killed gives them out again. Each is matched together with the submission's
name, which is unique.
"""

import fcntl
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compute_service.ports import JobPaths, QueueState, QueueStatus, SchedulerUnavailableError, SubmissionRefusedError
from compute_service.profile import ClusterProfile
from compute_service.schedulers import slurm_files as files
from compute_service.schedulers.lost import forget_lost
from compute_service.schedulers.slurm_batch import Request, batch_script, partition_for, sbatch_argv, time_min
from compute_service.schedulers.slurm_client import SlurmClient, SlurmComplaintError
from compute_service.schedulers.slurm_files import Ledger, SlurmPaths, Ticket
from compute_service.schedulers.slurm_queue import Queue, forgotten_verdict, sign_of_life, verdict_of
from compute_service.schedulers.slurm_text import complaint_of, is_full, parse_submission
from compute_service.schedulers.slurm_words import LIVING, waiting_words
from compute_service.services.files import write_atomically
from core.contracts.jobs import Resources

log = logging.getLogger(__name__)

UNKNOWN = QueueStatus(QueueState.UNKNOWN)
BEATS = 3
"""So many signs of life must be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmOptions:
    """How jobs are sent."""

    profile: ClusterProfile
    stop_grace_s: float
    """Before its time limit a job is told to stop; so long it has for its checkpoint."""
    environment: Mapping[str, str]
    """All that Slurm's commands and the jobs see."""


class SlurmScheduler:
    """Implements `ports.Scheduler`."""

    def __init__(self, jobs: Path, options: SlurmOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = jobs
        self._options = options
        self._clock = clock
        self._client = SlurmClient(options.environment, options.profile.longest_back_off_s, clock=clock)
        self._queue = Queue(self._client, options.profile.poll_interval_s, clock)
        self._missing: dict[str, tuple[int | None, float]] = {}

    def submit(self, argv: Sequence[str], job_dir: Path, resources: Resources) -> str:
        """Queue a command; its output goes to `log.txt` of the job folder. See `ports.Scheduler`."""
        self._check(job_dir)
        partition_for(resources, self._options.profile)
        with _lock(job_dir):
            return self._submit(argv, job_dir, resources, {None: job_dir})[None]

    def submit_array(
        self, argv: Sequence[str], job_dir: Path, resources: Resources, elements: Sequence[int]
    ) -> tuple[str, ...]:
        """Queue elements as one array of Slurm's; the output of each goes to its own folder. See `ports.Scheduler`."""
        self._check(job_dir)
        partition_for(resources, self._options.profile)
        places: dict[int | None, Path] = {number: JobPaths(job_dir).element(number).folder for number in elements}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(job_dir):
            ids = self._submit(argv, job_dir, resources, places)
        return tuple(ids[number] for number in elements)

    def status(self, queue_ids: Sequence[str]) -> Mapping[str, QueueStatus]:
        """One squeue for all, then for those it does not know the books and the job folders. See `ports.Scheduler`."""
        tickets = {queue_id: Ticket.parse(queue_id) for queue_id in queue_ids}
        known = {queue_id: ticket for queue_id, ticket in tickets.items() if ticket is not None}
        finals = {queue_id: files.read_final(self._paths(ticket)) for queue_id, ticket in known.items()}
        open_ones = [known[queue_id] for queue_id, final in finals.items() if final is None]
        answers = self._look(open_ones)
        return {queue_id: finals.get(queue_id) or answers.get(queue_id) or UNKNOWN for queue_id in queue_ids}

    def cancel(self, queue_id: str) -> None:
        """Ask for the end; Slurm ends all processes of the job. See `ports.Scheduler`."""
        ticket = Ticket.parse(queue_id)
        if ticket is None or not (paths := self._paths(ticket)).place.is_dir() or files.read_final(paths) is not None:
            return
        paths.cancelled.touch(mode=0o600)  # Of an element that had not begun Slurm keeps no trace.
        try:
            # The name stands beside the number, which may be somebody else's by now.
            self._client.ask(("scancel", f"--name={ticket.name}", ticket.slurm_words))
        except SlurmComplaintError as error:  # It ended in the meantime, most likely; the next look tells.
            log.info("job %s was not cancelled: %s", queue_id, complaint_of(str(error)))
        self._queue.forget()

    def withdraw(self, job_dir: Path) -> None:
        """Take the claims of the newest submissions, so that none begins, and end them by name. See `ports.Scheduler`."""
        self._check(job_dir)
        with _lock(job_dir):
            places = [job_dir, *(job_dir / "elements").glob("*/")]
            found = {place: ledger for place in places if (ledger := files.read_ledger(place)) is not None}
            for place, ledger in found.items():
                SlurmPaths(place, ledger.name).cancelled.touch(mode=0o600)
                files.close(SlurmPaths(place, ledger.name))
            for name in sorted({ledger.name for ledger in found.values()}):
                with suppress(SlurmComplaintError):  # Slurm never took it, or it has ended.
                    self._client.ask(("scancel", f"--name={name}"))
        self._queue.forget()

    # -- submitting

    def _submit(
        self, argv: Sequence[str], job_dir: Path, resources: Resources, places: Mapping[int | None, Path]
    ) -> dict[int | None, str]:
        """For each place the id of what is active there, or of one new submission for all the others."""
        ledgers = {element: files.read_ledger(place) for element, place in places.items()}
        active = self._active(job_dir.name, places, {key: one for key, one in ledgers.items() if one is not None})
        new = {element: place for element, place in places.items() if element not in active}
        if not new:
            return active
        attempt = 1 + max((ledger.attempt for ledger in ledgers.values() if ledger is not None), default=0)
        request = Request(
            name=files.name_of(job_dir.name, attempt),
            argv=tuple(argv),
            job_dir=job_dir,
            resources=resources,
            elements=tuple(sorted(element for element in new if element is not None)),
        )
        forget_lost(job_dir)
        slurm_id = self._send(request, new.values())
        return active | {element: Ticket(slurm_id, element, request.name).queue_id for element in new}

    def _active(
        self, key: str, places: Mapping[int | None, Path], ledgers: Mapping[int | None, Ledger]
    ) -> dict[int | None, str]:
        """What is queued, runs or cannot be ruled out to run; all other earlier submissions are closed for good."""
        active = {}
        ended = [
            element for element, one in ledgers.items() if files.read_final(SlurmPaths(places[element], one.name)) is not None
        ]
        rows = self._queue.named({one.name for element, one in ledgers.items() if element not in ended})
        for element, ledger in ledgers.items():
            paths = SlurmPaths(places[element], ledger.name)
            row = rows.get((ledger.name, element))
            if row is not None and row.state in LIVING:
                self._note(places[element], ledger, row.slurm_id)
                active[element] = Ticket(row.slurm_id, element, ledger.name).queue_id
            elif element in ended or row is not None or ledger.slurm_id is not None:
                files.close(paths)
            elif (owner := files.revoke(paths)) != files.REVOKED:  # It began and is no longer in the queue: its files tell.
                self._note(places[element], ledger, int(owner))
                active[element] = Ticket(int(owner), element, ledger.name).queue_id
        return active

    def _note(self, place: Path, ledger: Ledger, slurm_id: int) -> None:
        if ledger.slurm_id != slurm_id:
            files.write_ledger(
                place, Ledger(name=ledger.name, slurm_id=slurm_id, memory_mb=ledger.memory_mb, time_min=ledger.time_min)
            )

    def _send(self, request: Request, places: Iterable[Path]) -> int:
        """Call sbatch, with a note before and after: what was cut off between is found again by its name."""
        profile, script = self._options.profile, request.job_dir / "slurm.sh"
        argv = sbatch_argv(request, profile, script, self._options.stop_grace_s)
        ledger = Ledger(
            name=request.name,
            slurm_id=None,
            memory_mb=request.resources.memory_mb,
            time_min=time_min(request.resources, partition_for(request.resources, profile)),
        )
        write_atomically(script, batch_script(request, profile))
        for place in places:
            files.write_ledger(place, ledger)
        self._queue.forget()
        try:
            slurm_id = parse_submission(self._client.ask(argv))
        except SlurmComplaintError as error:
            complaint = complaint_of(str(error))
            if is_full(str(error)):
                raise SchedulerUnavailableError(f"the cluster takes no more jobs of this account now ({complaint})") from error
            raise SubmissionRefusedError(f"The cluster refused the job: {complaint}.") from error
        if slurm_id is None:
            raise SchedulerUnavailableError("sbatch did not say which number the job has")
        for place in places:
            self._note(place, ledger, slurm_id)
        return slurm_id

    # -- looking

    def _look(self, tickets: Sequence[Ticket]) -> dict[str, QueueStatus]:
        rows = self._queue.rows(tickets)
        missing = [ticket for ticket in tickets if ticket not in rows]
        books = self._queue.books(missing) if missing else {}
        answers = {}
        for ticket in tickets:
            row = rows.get(ticket)
            if row is not None:
                self._missing.pop(ticket.queue_id, None)
            if row is not None and row.state in LIVING:
                waits = LIVING[row.state] is QueueState.PENDING
                reason = waiting_words(row.reason, self._queue.before(row)) if waits else ""
                answers[ticket.queue_id] = QueueStatus(LIVING[row.state], reason)
                continue
            if row is not None:
                final = verdict_of(self._paths(ticket), self._queue.ended(ticket, row.state))
            elif ticket in books:
                final = verdict_of(self._paths(ticket), books[ticket])
            else:
                final = self._forgotten(ticket)
            if final.state is not QueueState.UNKNOWN:
                with suppress(OSError):  # A job folder that cannot be written must not hide what became of all others.
                    files.write_final(self._paths(ticket), final)
            answers[ticket.queue_id] = final
        return answers

    def _forgotten(self, ticket: Ticket) -> QueueStatus:
        """Slurm answers and does not know it: it ended long ago, or its controller lost what it had not yet written down."""
        paths, profile, now = self._paths(ticket), self._options.profile, self._clock()
        sign = sign_of_life(paths)
        last, since = self._missing.get(ticket.queue_id, (None, now))
        since = since if sign == last else now  # By this clock alone: those of nodes and disks may differ.
        self._missing[ticket.queue_id] = sign, since
        waited_s = now - since
        is_gone = waited_s >= profile.forgotten_after_s
        is_silent = waited_s >= profile.forgotten_after_s + BEATS * profile.heartbeat_s
        final = forgotten_verdict(paths, is_gone, is_silent)
        if final.state is not QueueState.UNKNOWN:
            del self._missing[ticket.queue_id]
        return final

    def _paths(self, ticket: Ticket) -> SlurmPaths:
        job = JobPaths(self._jobs / ticket.key)
        place = job.folder if ticket.element is None else job.element(ticket.element).folder
        return SlurmPaths(place, ticket.name)

    def _check(self, job_dir: Path) -> None:
        if job_dir.parent != self._jobs:
            raise SubmissionRefusedError(f"The job folder {job_dir.name} does not lie in the jobs folder of this service.")


@contextmanager
def _lock(job_dir: Path) -> Iterator[None]:
    """Two processes never send the same job at once."""
    with (job_dir / ".slurm.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
