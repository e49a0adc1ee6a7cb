"""Runs Slurm's commands: argument lists, an environment made for the purpose, time limits, and patience when nobody answers."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from compute_service.ports import SchedulerUnavailableError
from compute_service.schedulers.slurm_text import complaint_of, controller_is_up, is_away

PING_TIMEOUT_S, COMMAND_TIMEOUT_S = 10.0, 30.0
FIRST_BACK_OFF_S = 1.0


class SlurmComplaintError(Exception):
    """Slurm answered, and said no."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    complaint: str


@dataclass(slots=True)
class SlurmClient:
    """One question at a time. After an answer that did not come nobody is asked for a while: a second, then longer."""

    environment: Mapping[str, str]
    """All that Slurm's commands see, and with them the jobs."""
    longest_back_off_s: float = 60.0
    call: Callable[[Sequence[str], Mapping[str, str], float], Done] | None = None
    clock: Callable[[], float] = time.monotonic
    _back_off_s: float = 0.0
    _quiet_until: float = field(default=float("-inf"))
    _why: str = ""

    def ask(self, argv: Sequence[str], timeout_s: float = COMMAND_TIMEOUT_S) -> str:
        """What a command prints.

        Raises:
            SchedulerUnavailableError: nobody answers; nothing is known, also not whether what was asked for was done.
            SlurmComplaintError: Slurm says no.
        """
        self.ping()
        done = self._run(argv, timeout_s)
        if done.code and is_away(done.complaint):
            self._be_quiet(complaint_of(done.complaint))
        self._back_off_s = 0.0
        if done.code:
            raise SlurmComplaintError(done.complaint)
        return done.out

    def ping(self) -> None:
        """Whether the controller is there: every other command hangs for seconds when it is not. SchedulerUnavailableError."""
        if self.clock() < self._quiet_until:
            raise SchedulerUnavailableError(self._why)
        ping = self._run(("scontrol", "ping"), PING_TIMEOUT_S)
        if not controller_is_up(ping.out):
            self._be_quiet(ping.complaint if is_away(ping.complaint) else "its controller is down")

    def _run(self, argv: Sequence[str], timeout_s: float) -> Done:
        try:
            return (self.call or run)(argv, self.environment, timeout_s)
        except FileNotFoundError:
            self._be_quiet(f"{argv[0]} is not installed on this machine, or not in its PATH")
        except OSError as error:
            self._be_quiet(f"{argv[0]} cannot be started ({error})")
        except subprocess.TimeoutExpired:
            self._be_quiet(f"{argv[0]} gave no answer in {timeout_s:.0f} s")
        raise AssertionError("unreachable")

    def _be_quiet(self, why: str) -> None:
        self._back_off_s = min(self.longest_back_off_s, max(FIRST_BACK_OFF_S, 2 * self._back_off_s))
        self._quiet_until = self.clock() + self._back_off_s
        self._why = complaint_of(why)
        raise SchedulerUnavailableError(self._why)


def run(argv: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Done:
    """Run a command; subprocess.TimeoutExpired, OSError."""
    done = subprocess.run(
        argv,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_s,
        check=False,
        start_new_session=True,  # Ctrl-C at the service must not cut off a submission.
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
