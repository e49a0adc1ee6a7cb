"""A data stage over the ranks of an MPI program: controllers hold a device each, the other ranks prepare for them.

Items go out and results come back without waiting: a controller posts the buffers for all results that may be under way
before it asks for them, a worker makes the next result while the one before is on its way. Loading this module starts MPI.
"""

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
from mpi4py import MPI

from core.pipeline.roles import assigned
from core.pipeline.slots import Arrays, read_shared, read_slot, room_for, slot_bytes, write_arrays
from core.pipeline.stage import SLOTS, Build, Stage, StageError, Work, WorkerFailedError, answer, built

Item = TypeVar("Item")
_ITEM, _RESULT = 1, 2
_SPIN_S, _LOOK_S = 1e-3, 2e-4
"""An MPI that waits takes its whole core: look closely for a moment, then now and then."""


@dataclass(frozen=True, slots=True)
class RankWork(Generic[Item]):
    """What the ranks do: `make` gives a node's arrays and is called by one of its ranks, `build` makes the work of them."""

    make: Callable[[], Arrays]
    build: Build[Item]
    largest_result_bytes: int
    """Of the arrays of a result together."""


@contextmanager
def over_ranks(world: MPI.Intracomm, work: RankWork[Item], controllers_per_node: int = 1) -> Iterator[Stage[Item] | None]:
    """The first ranks of every node become controllers and get a stage; the others work until it is over and get None.

    All ranks of `world` call this. The arrays of a node lie in memory once for all its ranks, who may only read them.

    Raises:
        StageError: a node has no rank left to work for one of its controllers, or `make` failed there.
    """
    node = cast(MPI.Intracomm, world.Split_type(MPI.COMM_TYPE_SHARED, key=world.rank))
    ours = world.Dup()  # Nothing that is sent here can be taken for a message of anybody else.
    try:
        roles = assigned(world.allgather(node.bcast(world.rank, root=0)), controllers_per_node)
        with node_shared(node, work.make) as arrays:
            size = slot_bytes(work.largest_result_bytes)
            mine = [rank for rank, controller in enumerate(roles) if controller == world.rank != rank]
            if roles[world.rank] != world.rank:
                _serve(ours, roles[world.rank], built(lambda: work.build(arrays)), size)
                yield None
                return
            channels = [_RankChannel(ours, rank, size) for rank in mine]
            try:
                yield Stage(channels)
            finally:
                for channel in channels:
                    channel.end()
    finally:
        ours.Free()
        node.Free()


@contextmanager
def node_shared(node: MPI.Intracomm, make: Callable[[], Arrays]) -> Iterator[Arrays]:
    """The arrays that `make` makes on the node's first rank, for all its ranks, in one window of shared memory (MPI-3).

    The arrays can be read until the block ends and not later. StageError on all ranks when making failed.
    """
    arrays, size, failure = Arrays(), 0, ""
    if node.rank == 0:
        try:
            arrays = make()
            size = room_for(arrays)
        except Exception:  # The others wait for it: they must hear, whatever it is.
            failure = traceback.format_exc()
    failure = node.bcast(failure, root=0)
    if failure:
        reason = failure.strip().rsplit("\n", 1)[-1]
        raise StageError(f"what the ranks of a node share could not be made: {reason}\n\n{failure}")
    window = MPI.Win.Allocate_shared(size, 1, comm=node)
    try:
        memory = memoryview(cast(Any, window.Shared_query(0)[0])).cast("B")
        if node.rank == 0:
            write_arrays(memory, arrays)
        del arrays
        window.Fence()
        yield read_shared(memory)
    finally:
        window.Free()


class _RankChannel:
    """The way to one worker rank."""

    def __init__(self, comm: MPI.Intracomm, rank: int, size: int) -> None:
        self._comm, self._rank = comm, rank
        self._slots = [np.empty(size, np.uint8) for _ in range(SLOTS)]
        self._asked = 0
        self._coming: deque[tuple[MPI.Request, memoryview]] = deque()
        self._going: deque[MPI.Request] = deque()

    def ask(self, item: Any) -> None:  # noqa: ANN401 - see Channel
        slot = self._slots[self._asked % SLOTS].data
        self._asked += 1
        self._coming.append((self._comm.Irecv(slot, self._rank, _RESULT), slot))
        self._going.append(self._comm.isend((True, item), self._rank, _ITEM))
        while self._going and self._going[0].Test():
            self._going.popleft()

    def result(self) -> Arrays:
        request, slot = self._coming.popleft()
        _wait(request)
        found = read_slot(slot)
        if isinstance(found, str):
            raise WorkerFailedError(f"data worker on rank {self._rank}", found)
        return found

    def end(self) -> None:
        """Take what is still coming and let the worker go."""
        while self._coming:
            _wait(self._coming.popleft()[0])
        self._going.append(self._comm.isend((False, None), self._rank, _ITEM))
        for request in self._going:
            _wait(request)


def _serve(comm: MPI.Intracomm, controller: int, work: Work[Any] | str, size: int) -> None:
    """A worker's life, until its controller lets it go."""
    slots = [np.empty(size, np.uint8).data for _ in range(SLOTS)]
    going: deque[MPI.Request] = deque()
    number = 0
    while True:
        _until(lambda: comm.Iprobe(controller, _ITEM))
        more, item = comm.recv(source=controller, tag=_ITEM)
        if not more:
            break
        if len(going) == SLOTS:
            _wait(going.popleft())
        slot = slots[number % SLOTS]
        going.append(comm.Isend(slot[: answer(work, item, slot)], controller, _RESULT))
        number += 1
    for request in going:
        _wait(request)


def _wait(request: MPI.Request) -> None:
    _until(request.Test)


def _until(happened: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not happened():
        if time.monotonic() - started > _SPIN_S:
            time.sleep(_LOOK_S)
