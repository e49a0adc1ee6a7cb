"""A scheduler for one machine: a queue, first come first served, over a number of processor slots.

Everything it knows lies on disk, and it works under a lock in the jobs folder, so any number of processes may use it and
be killed at any time. It counts processors; GPUs are not counted, a job sees those that the service sees.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from compute_service.ports import JobPaths, QueueState, QueueStatus, SchedulerUnavailableError, SubmissionRefusedError
from compute_service.schedulers.local_files import (
    TOLD_TO_STOP,
    Entry,
    Final,
    LocalPaths,
    read_entry,
    read_exit,
    read_final,
    read_process,
    write,
)
from compute_service.schedulers.lost import forget_lost, lost_words
from compute_service.schedulers.mpiexec import ON_LOOPBACK, together
from compute_service.schedulers.processes import is_alive, kill_all, session_members
from compute_service.schedulers.supervisor import ALREADY_RUNNING
from core.contracts.jobs import Resources

START_TIMEOUT_S = 60
INTERRUPT_SLACK_S = 5.0
INTERRUPT_LOOK_S = 0.05
DEADLY = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """What the machine offers and what jobs see of the environment."""

    slots_cpus: int
    stop_grace_s: float
    environment: Mapping[str, str]
    """The whole environment of a job; nothing else of the service's own is handed down."""


class LocalScheduler:
    """Implements `ports.Scheduler`. Waiting submissions are started when somebody asks for a status."""

    def __init__(self, jobs: Path, options: LocalOptions) -> None:
        self._jobs = jobs
        self._options = options
        self._active = jobs / ".local" / "active"
        self._active.mkdir(parents=True, exist_ok=True, mode=0o700)

    def submit(self, argv: Sequence[str], job_dir: Path, resources: Resources) -> str:
        """Queue a command; its output goes to `log.txt` of the job folder. See `ports.Scheduler`."""
        self._check(job_dir)
        with self._lock():
            return self._queued().get(str(job_dir)) or self._queue(argv, job_dir.name, job_dir, resources)

    def submit_array(
        self, argv: Sequence[str], job_dir: Path, resources: Resources, elements: Sequence[int]
    ) -> tuple[str, ...]:
        """Queue elements; the output of each goes to `log.txt` of its own folder. See `ports.Scheduler`."""
        self._check(job_dir)
        places = {number: JobPaths(job_dir).element(number).folder for number in elements}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock():
            queued = self._queued()
            return tuple(
                queued.get(str(place)) or self._queue((*argv, str(number)), f"{job_dir.name}.{number}", place, resources)
                for number, place in places.items()
            )

    def status(self, queue_ids: Sequence[str]) -> Mapping[str, QueueStatus]:
        """Look at every submission, start what fits, and answer for those asked. See `ports.Scheduler`."""
        with self._lock():
            seen = {entry.queue_id: self._look(entry) for entry in self._entries()}
            self._start_waiting(seen)
            return {queue_id: seen.get(queue_id) or self._last_word(queue_id) for queue_id in queue_ids}

    def cancel(self, queue_id: str) -> None:
        """Ask for the end; the supervisor ends the session, after its grace with KILL. See `ports.Scheduler`."""
        with self._lock():
            for entry in self._entries():
                if entry.queue_id == queue_id:
                    self._cancel(entry)

    def withdraw(self, job_dir: Path) -> None:
        """All that lies in the folder or in those of its elements. See `ports.Scheduler`."""
        self._check(job_dir)
        with self._lock():
            for entry in self._entries():
                if Path(entry.place).is_relative_to(job_dir):
                    self._cancel(entry)

    def _cancel(self, entry: Entry) -> None:
        if not entry.cancelled:
            # First the entry, then the question who runs it; a supervisor that is just starting does the reverse, so that
            # one of the two sees the other.
            write(self._active / entry.queue_id, replace(entry, cancelled=True))
            process = read_process(entry.paths.process, entry.queue_id)
            if process is None:
                self._finish(entry, QueueStatus(QueueState.CANCELLED))
            elif is_alive(process.identity):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)

    def interrupt_all(self) -> None:
        """Ask every running job to write a checkpoint and end, and wait for it; at the next start each goes on from there."""
        with self._lock():
            running = [read_process(entry.paths.process, entry.queue_id) for entry in self._entries()]
        identities = [process.identity for process in running if process is not None and is_alive(process.identity)]
        for identity in identities:
            with suppress(ProcessLookupError):
                os.kill(identity.pid, signal.SIGTERM)
        # Each supervisor kills what is left of its job when the grace is over.
        deadline = time.monotonic() + self._options.stop_grace_s + INTERRUPT_SLACK_S
        while any(is_alive(identity) for identity in identities) and time.monotonic() < deadline:
            time.sleep(INTERRUPT_LOOK_S)

    def _check(self, job_dir: Path) -> None:
        if job_dir.parent != self._jobs:
            raise SubmissionRefusedError(f"The job folder {job_dir.name} does not lie in the jobs folder of this service.")

    def _queued(self) -> dict[str, str]:
        """By place the id of what waits or runs there."""
        return {entry.place: entry.queue_id for entry in self._entries()}

    def _queue(self, argv: Sequence[str], name: str, place: Path, resources: Resources) -> str:
        """Queue a command under an id that begins with its name, from which `_last_word` finds the place again."""
        entry = Entry(
            queue_id=f"{name}.{time.time_ns()}",
            place=str(place),
            argv=together(argv, resources, self._options.environment.get("PATH")),
            # More than there is would wait for ever: such a job gets the machine for itself.
            cpus=min(resources.cpus * resources.ranks, self._options.slots_cpus),
            time_limit_s=resources.time_limit_s,
            stop_grace_s=self._options.stop_grace_s,
            submitted_at=time.time(),
            processes=resources.ranks,
        )
        forget_lost(place)
        write(self._active / entry.queue_id, entry)
        return entry.queue_id

    def _look(self, entry: Entry) -> QueueStatus:
        process = read_process(entry.paths.process, entry.queue_id)
        if process is None:
            return QueueStatus(QueueState.PENDING)
        # Asked before the exit is read: a supervisor seen dead has written its exit, if it ever will.
        if is_alive(process.identity):
            return QueueStatus(QueueState.RUNNING)
        remains = session_members(process.identity)
        if remains:  # The supervisor was killed and left its command behind; gone at one of the next looks.
            kill_all(remains)
            return QueueStatus(QueueState.RUNNING)
        return self._finish(entry, _verdict(entry))

    def _finish(self, entry: Entry, status: QueueStatus) -> QueueStatus:
        if entry.paths.folder.is_dir():
            write(entry.paths.final, Final(queue_id=entry.queue_id, state=status.state, reason=status.reason))
        (self._active / entry.queue_id).unlink(missing_ok=True)
        return status

    def _last_word(self, queue_id: str) -> QueueStatus:
        key, *element = Path(queue_id).name.split(".")[:-1] or [queue_id]
        job = JobPaths(self._jobs / Path(key).name)
        place = job.element(int(element[0])).folder if element and element[0].isdecimal() else job.folder
        final = read_final(LocalPaths(place).final, queue_id)
        return QueueStatus(QueueState(final.state), final.reason) if final else QueueStatus(QueueState.UNKNOWN)

    def _start_waiting(self, seen: dict[str, QueueStatus]) -> None:
        """In the order of submission; nobody is overtaken, so a wide job gets its turn."""
        entries = [entry for entry in self._entries() if entry.queue_id in seen]
        running = [entry for entry in entries if seen[entry.queue_id].state is QueueState.RUNNING]
        free_cpus = self._options.slots_cpus - sum(entry.cpus for entry in running)
        for entry in entries:
            if seen[entry.queue_id].state is QueueState.PENDING:
                if entry.cpus > free_cpus:
                    return
                seen[entry.queue_id] = self._start(entry)
                free_cpus -= entry.cpus

    def _start(self, entry: Entry) -> QueueStatus:
        threads = max(1, entry.cpus // entry.processes)
        environment = {**self._options.environment, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        if entry.processes > 1:
            environment = ON_LOOPBACK | environment
        module = "compute_service.schedulers.supervisor"
        try:
            started = subprocess.run(
                (sys.executable, "-m", module, str(self._active / entry.queue_id)),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=START_TIMEOUT_S,
                check=False,
                start_new_session=True,  # Ctrl-C at the service must not cut off the start of a job.
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SchedulerUnavailableError(f"this machine cannot start processes now ({error})") from error
        if started.returncode == ALREADY_RUNNING:  # Its start was cut off on our side; it will say who it is.
            return QueueStatus(QueueState.PENDING)
        if started.returncode != 0:
            reason = "its supervisor could not be started; is the job folder writable and the disk not full?"
            return self._finish(entry, QueueStatus(QueueState.FAILED, reason))
        return QueueStatus(QueueState.RUNNING)

    def _entries(self) -> list[Entry]:
        names = [entry.path for entry in os.scandir(self._active) if not entry.name.startswith(".")]
        return sorted((read_entry(Path(name)) for name in names), key=lambda entry: (entry.submitted_at, entry.queue_id))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._active.parent / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _verdict(entry: Entry) -> QueueStatus:
    """What to say of a submission whose session is gone."""
    end = read_exit(entry.paths.exit, entry.queue_id)
    if entry.cancelled:
        return QueueStatus(QueueState.CANCELLED)
    if end is None:
        return QueueStatus(QueueState.FAILED, "its processes were killed or the machine was restarted")
    if end.reason == TOLD_TO_STOP:
        return QueueStatus(QueueState.INTERRUPTED, end.reason)
    if end.code == 0 and not end.reason:
        return QueueStatus(QueueState.COMPLETED)
    return QueueStatus(QueueState.FAILED, end.reason or _exit_words(end.code, entry))


def _exit_words(code: int, entry: Entry) -> str:
    if code < 0:
        return f"it was killed by signal {signal.Signals(-code).name}"
    if entry.processes > 1 and code in DEADLY:  # mpiexec ends with the number of the signal that killed a process.
        words = f"one of its {entry.processes} processes was killed by signal {signal.Signals(code).name}"
        return lost_words(Path(entry.place)) or words
    return f"it ended with exit code {code}"
