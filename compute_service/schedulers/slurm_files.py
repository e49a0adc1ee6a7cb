"""What the Slurm scheduler keeps in a submission's place: the job folder, or the folder of an element of an array.

    slurm.json                     `Ledger` of the newest submission, written before sbatch is called and after it
    slurm.sh                       the newest batch script
    slurm.<attempt>.claim          the id of the one job that may run this attempt, or `revoked`
    slurm.<attempt>.exit           exit code of the command, and whether the script was told to stop; by the script
    slurm.<attempt>.alive          touched by the script again and again
    slurm.<attempt>.cancelled      stands there once its end was asked for
    slurm.<attempt>.final          `QueueStatus`: the last word about this attempt

An attempt is run by whoever makes its claim first: the making of a link is one step, also on shared disks. So a job that a
controller took without saying so, or started anew after it forgot, finds the claim taken and ends at once. A script whose
claim was taken from it ends its command at the next beat.
"""

import json
import os
import re
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from compute_service.ports import QueueState, QueueStatus
from compute_service.services.files import write_atomically

REVOKED = "revoked"
PROLOGUE_FAILED, CLAIM_FAILED = 96, 97
_TICKET = re.compile(r"(?P<id>\d+)(?:_(?P<element>\d+))?@(?P<name>(?P<key>[0-9a-f]{32})\.(?P<attempt>\d+))")
_EXIT = re.compile(r"(\d{1,3}) ([01])\s*")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A queue id taken apart: Slurm's number, which it may give out again, and the name, which is unique."""

    slurm_id: int
    element: int | None
    name: str

    @classmethod
    def parse(cls, queue_id: str) -> Self | None:
        """None for what is not a queue id of this scheduler."""
        match = _TICKET.fullmatch(queue_id)
        if match is None:
            return None
        element = None if match["element"] is None else int(match["element"])
        return cls(int(match["id"]), element, match["name"])

    @property
    def slurm_words(self) -> str:
        """How Slurm's commands name it."""
        return str(self.slurm_id) if self.element is None else f"{self.slurm_id}_{self.element}"

    @property
    def queue_id(self) -> str:
        """The text that `parse` takes apart."""
        return f"{self.slurm_words}@{self.name}"

    @property
    def key(self) -> str:
        """The job's key."""
        return self.name.partition(".")[0]


def name_of(key: str, attempt: int) -> str:
    """The name of a submission."""
    return f"{key}.{attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The newest submission of a place; without an id it was begun, and nobody knows whether Slurm took it."""

    name: str
    slurm_id: int | None
    memory_mb: int
    time_min: int

    @property
    def attempt(self) -> int:
        """Its number."""
        return int(self.name.partition(".")[2])


@dataclass(frozen=True, slots=True)
class Exit:
    """How the command ended."""

    code: int
    stopped: bool
    """Whether the script was told to stop, as it is before the time limit."""


@dataclass(frozen=True, slots=True)
class SlurmPaths:
    """The files of one submission in its place."""

    place: Path
    name: str

    @property
    def ledger(self) -> Path:
        """`Ledger`."""
        return self.place / "slurm.json"

    @property
    def log(self) -> Path:
        """What the job printed, over all attempts."""
        return self.place / "log.txt"

    @property
    def claim(self) -> Path:
        """Who may run it."""
        return self._own("claim")

    @property
    def exit(self) -> Path:
        """`Exit`."""
        return self._own("exit")

    @property
    def alive(self) -> Path:
        """Touched as long as the script lives."""
        return self._own("alive")

    @property
    def cancelled(self) -> Path:
        """Stands there once its end was asked for."""
        return self._own("cancelled")

    @property
    def final(self) -> Path:
        """The last word."""
        return self._own("final")

    def _own(self, what: str) -> Path:
        return self.place / f"slurm.{self.name.partition('.')[2]}.{what}"


def write_ledger(place: Path, ledger: Ledger) -> None:
    """Replace the ledger of a place."""
    write_atomically(SlurmPaths(place, ledger.name).ledger, json.dumps(asdict(ledger)) + "\n")


def read_ledger(place: Path) -> Ledger | None:
    """The newest submission of a place; None before the first."""
    text = _text(SlurmPaths(place, "").ledger)
    return Ledger(**json.loads(text)) if text else None


def read_exit(paths: SlurmPaths) -> Exit | None:
    """How the command ended; None while it has not, or where nobody was left to tell."""
    match = _EXIT.fullmatch(_text(paths.exit))
    return Exit(int(match[1]), match[2] == "1") if match else None


def read_final(paths: SlurmPaths) -> QueueStatus | None:
    """The last word; None before it is spoken."""
    text = _text(paths.final)
    if not text:
        return None
    fields = json.loads(text)
    return QueueStatus(QueueState(fields["state"]), fields["reason"])


def write_final(paths: SlurmPaths, status: QueueStatus) -> None:
    """Keep the last word: Slurm forgets."""
    write_atomically(paths.final, json.dumps({"state": status.state.value, "reason": status.reason}) + "\n")


def revoke(paths: SlurmPaths) -> str:
    """Take the claim so that this attempt never runs; returns who has it: `REVOKED`, or the id of the job that began."""
    own = paths.claim.with_name(f".{paths.claim.name}.{uuid.uuid4().hex}")
    own.write_text(f"{REVOKED}\n", encoding="ascii")
    try:
        os.link(own, paths.claim)
    except FileExistsError:
        pass
    finally:
        own.unlink()
    return _text(paths.claim).strip()


def close(paths: SlurmPaths) -> None:
    """Take the claim from whoever has it: the attempt is over, and nobody may begin it anew."""
    write_atomically(paths.claim, f"{REVOKED}\n")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
