"""This process among those that run one job together: who it is, how they meet, and how one that fails ends all.

They are started by mpiexec, by srun with PMI, or by torchrun. With MPI the ranks agree on where to meet for
torch.distributed and say so in the environment as torchrun does, so that `core.training.peers` needs to know one way only.
Where a job asks for readers, the first ranks of every node work on the job and the others read for them; without MPI each
process starts its readers itself.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from core.contracts.jobs import Resources
from core.pipeline import OpenStage, processes_open

if TYPE_CHECKING:
    from mpi4py import MPI
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from core.pipeline.ranks import Crew

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
"""What MPICH (also under srun --mpi=pmi2), Open MPI and srun tell each process they start."""
LOOK_S = 0.02
LOOPBACK = "127.0.0.1"


class RanksError(Exception):
    """The processes of a job cannot work together."""


class WrongSizeError(RanksError):
    """More or fewer processes know one another than the job asks for."""

    def __init__(self, expected: int, found: int) -> None:
        if found == 1:
            text = (
                f"The job asks for {expected} processes, and this one is alone in its MPI: it was started without a launcher, "
                "or by that of another MPI than mpi4py's. Start it with the mpiexec beside its Python or with "
                "`srun --mpi=pmi2`, and keep one MPI in the Python environment."
            )
        else:
            text = (
                f"The job asks for {expected} processes, and {found} were started. Start as many as `resources.processes` of "
                "the job says, and for each of them its `resources.readers`."
            )
        super().__init__(text)


class MpiMissingError(RanksError):
    """There is no MPI to be had."""

    def __init__(self, expected: int, problem: Exception) -> None:
        super().__init__(
            f"The job asks for {expected} processes, and MPI cannot be used ({problem}). Install `brodmann[mpi]` into the "
            "Python environment of the compute nodes, or start the processes with torchrun."
        )


def launched() -> int:
    """How many processes the launcher of an MPI says it started; 1 without one."""
    return max(int(os.environ.get(name, "1")) for name in SIZES)


def started_together() -> bool:
    """Whether a launcher of MPI started this process as one of several."""
    return launched() > 1


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among `size`."""

    rank: int = 0
    size: int = 1
    communicator: "MPI.Intracomm | None" = None
    """Of all processes of the job; None without MPI."""
    store: "TCPStore | None" = None
    """What torchrun's own process keeps for those it started; None where something else did."""
    crew: "Crew | None" = None
    """Who reads for whom; None where no rank reads."""
    open_stage: OpenStage | None = field(default=None, repr=False, compare=False)
    """Opens a stage of those that read for this process; None where nobody does."""
    _meetings: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    @property
    def speaks(self) -> bool:
        """Whether this process tells how the job ended well: the first one."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """In words, for the log and the screen; empty for a process alone."""
        if self.size == 1:
            return ""
        reads = f", which reads for process {self.crew.controller + 1}" if self.reads and self.crew else ""
        return f"process {self.rank + 1} of {self.size}{reads}, on {socket.gethostname()}"

    @property
    def reads(self) -> bool:
        """Whether this process reads for another, in place of working on the job itself."""
        return self.crew is not None and self.crew.works

    def dismiss(self, word: str = "") -> None:
        """Let those go that read for this process, with a word for them; called by all that work on the job, together."""
        if self.crew is not None:
            self.crew.dismiss(word)

    def meet(self) -> None:
        """Wait until all have come so far; a process alone waits for nobody.

        Looked at now and then: an MPI that waits by itself takes the whole core from the one that still works.
        """
        if self.communicator is not None:
            request = self.communicator.Ibarrier()
            while not request.Test():
                time.sleep(LOOK_S)
        elif self.store is not None:
            place = f"brodmann/meeting/{next(self._meetings)}"
            self.store.add(place, 1)
            while self.store.add(place, 0) < self.size:
                time.sleep(LOOK_S)

    def end_all(self, status: int) -> NoReturn:
        """End every process of the job now: those that wait for this one, for a batch or in MPI's own end, wait for ever."""
        sys.stdout.flush()
        sys.stderr.flush()
        if self.communicator is not None:
            self.communicator.Abort(status)
        os._exit(status)


def find_ranks(resources: Resources) -> Ranks:
    """Who this process is among those that the job asks for; they know from then on how to meet.

    Raises:
        WrongSizeError, MpiMissingError: with what to do about it.
        StageError: a node's processes cannot be shared out so that each that works has its readers there.
    """
    expected, own_readers = resources.ranks, processes_open(resources.readers) if resources.readers else None
    if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        return _checked(Ranks(rank, size, store=_store_of_torchrun(), open_stage=own_readers), resources.processes)
    if resources.processes == 1 and not started_together():
        return Ranks(open_stage=own_readers)
    try:
        from mpi4py import MPI  # noqa: PLC0415 - loading it starts MPI, which a process alone has no need of
    except (ImportError, RuntimeError) as error:
        raise MpiMissingError(expected, error) from error
    world = MPI.COMM_WORLD
    ranks = _checked(Ranks(world.rank, world.size, world), expected)
    if resources.readers:
        from core.pipeline.ranks import Crew  # noqa: PLC0415 - it loads MPI

        crew = Crew(world, resources.readers)
        ranks = replace(ranks, crew=crew, open_stage=crew.stage)
    workers = world.Split(int(ranks.reads), world.rank)
    if not ranks.reads:
        os.environ.update(_rendezvous(workers, workers.Split_type(MPI.COMM_TYPE_SHARED)))
    return ranks


def _store_of_torchrun() -> "TCPStore | None":
    """The store in torchrun's own process, which is there before the processes are; where they make one, it comes too late."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    from torch.distributed import TCPStore  # type: ignore[attr-defined]  # noqa: PLC0415 - loading torch takes seconds

    return TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)


def _checked(ranks: Ranks, expected: int) -> Ranks:
    if ranks.size != expected:
        raise WrongSizeError(expected, ranks.size)
    return ranks


def _rendezvous(world: "MPI.Comm", node: "MPI.Comm") -> dict[str, str]:
    """Where the processes meet for torch.distributed: at the first one, in torchrun's words."""
    on_one_machine = len(set(world.allgather(_machine()))) == 1
    host = LOOPBACK if on_one_machine else socket.gethostname()
    address, port = world.bcast(_free_address(host) if world.rank == 0 else None)
    told = {
        "RANK": str(world.rank),
        "WORLD_SIZE": str(world.size),
        "LOCAL_RANK": str(node.rank),
        "LOCAL_WORLD_SIZE": str(node.size),
        "MASTER_ADDR": address,
        "MASTER_PORT": str(port),
    }
    if on_one_machine:
        told["GLOO_SOCKET_IFNAME"] = os.environ.get("GLOO_SOCKET_IFNAME", "lo")
    return told


def _machine() -> tuple[str, str]:
    """The same for processes that reach one another on loopback: of one running kernel, and of one network within it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return boot, os.readlink("/proc/self/ns/net")


def _free_address(host: str) -> tuple[str, int]:
    with socket.socket() as probe:
        probe.bind((LOOPBACK if host == LOOPBACK else "", 0))
        return host, probe.getsockname()[1]
