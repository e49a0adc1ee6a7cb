"""A data stage over the ranks of an MPI program: controllers hold a device each, the other ranks prepare for them.

Items go out and results come back without waiting: a controller posts the buffers for all results that may be under way
before it asks for them, a worker makes the next result while the one before is on its way. Loading this module starts MPI.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from mpi4py import MPI

from core.pipeline.roles import assigned
from core.pipeline.slots import Arrays, read_shared, read_slot, room_for, slot_bytes, write_arrays
from core.pipeline.stage import SLOTS, Build, Item, Stage, WorkerFailedError, answer, built

_ASKED, _RESULT = 1, 2
_SPIN_S, _LOOK_S, _IDLE_LOOK_S = 1e-3, 2e-4, 1e-2
"""An MPI that waits takes its whole core: look closely for a moment, then now and then. Messages move only while one looks, so
seldom is for those that wait for a stage to begin."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """The word to a worker that a stage begins; what makes the work follows, then items, then the word that it is over."""

    size: int


@dataclass(frozen=True, slots=True)
class _Item:
    """Something to do."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Over:
    """The stage is over."""


@dataclass(frozen=True, slots=True)
class _Dismissal:
    """The worker may go."""

    word: str


class Crew:
    """The ranks of an MPI program, each a controller or a worker of one on its node. All ranks make it, together.

    A controller opens one stage after another and dismisses its workers at the end; a worker serves until then:

        crew = Crew(MPI.COMM_WORLD, workers=3)
        if crew.works:
            crew.serve()
        else:
            with crew.stage(build, arrays, largest_result_bytes) as stage: ...
            crew.dismiss()

    A program in which something goes wrong is to be ended by `Abort`: nothing here waits for those that failed.
    """

    def __init__(self, world: MPI.Intracomm, workers: int) -> None:
        """StageError on all ranks when a node's ranks cannot be shared out to controllers with so many workers each."""
        self._node = cast(MPI.Intracomm, world.Split_type(MPI.COMM_TYPE_SHARED, key=world.rank))
        self._comm = world.Dup()  # Nothing that is sent here can be taken for a message of anybody else.
        self._windows: list[MPI.Win] = []
        self.controllers = tuple(assigned(world.allgather(self._node.bcast(world.rank, root=0)), workers))
        """For every rank the rank of its controller, itself where it is one."""

    @property
    def controller(self) -> int:
        """The rank this one works for; its own where it is a controller."""
        return self.controllers[self._comm.rank]

    @property
    def works(self) -> bool:
        """Whether this rank works for another."""
        return self.controller != self._comm.rank

    @contextmanager
    def stage(self, build: Build[Item], arrays: Arrays, largest_result_bytes: int) -> Iterator[Stage[Item]]:
        """Called by all controllers together: workers that do what `build` makes of the arrays, as `over_processes` has them.

        The arrays of a node's first controller are copied into memory that all ranks of the node see (a window of MPI-3),
        once for all its workers; it is kept until the next stage, or until they are dismissed.
        """
        opening = _Opening(slot_bytes(largest_result_bytes))
        channels = [_RankChannel(self._comm, rank, opening.size) for rank in self._workers]
        for channel in channels:
            channel.tell(opening)
            channel.tell(build)
        self._shared(arrays)
        try:
            yield Stage(channels)
        finally:
            for channel in channels:
                channel.end(_Over())

    def serve(self) -> str:
        """A worker's life: one stage after the other, until its controller dismisses it. Returns the controller's word."""
        while not isinstance(told := _heard(self._comm, self.controller, _IDLE_LOOK_S), _Dismissal):
            self._serve_stage(cast(_Opening, told))
        self._close()
        return told.word

    def dismiss(self, word: str = "") -> None:
        """Called by all controllers together: let the workers go, with a word for them."""
        for rank in self._workers:
            _RankChannel(self._comm, rank, 0).end(_Dismissal(word))
        self._close()

    @property
    def _workers(self) -> list[int]:
        return [rank for rank, controller in enumerate(self.controllers) if controller == self._comm.rank != rank]

    def _serve_stage(self, opening: _Opening) -> None:
        arrays = self._shared({})
        # Heard on its own, so that what this rank cannot load is told like any failure of the work.
        work = built(lambda: cast(Build[Any], _heard(self._comm, self.controller))(arrays))
        slots = [np.empty(opening.size, np.uint8).data for _ in range(SLOTS)]
        going: deque[MPI.Request] = deque()
        number = 0
        while isinstance(told := _heard(self._comm, self.controller), _Item):
            if len(going) == SLOTS:
                _wait(going.popleft())
            slot = slots[number % SLOTS]
            going.append(self._comm.Isend(slot[: answer(work, told.value, slot)], self.controller, _RESULT))
            number += 1
        for request in going:
            _wait(request)

    def _shared(self, arrays: Arrays) -> Arrays:
        """The arrays of the node's first rank, in one window for all of its ranks."""
        _wait(self._node.Ibarrier())
        self._free()
        window = MPI.Win.Allocate_shared(room_for(arrays) if self._node.rank == 0 else 0, 1, comm=self._node)
        self._windows.append(window)
        memory = memoryview(cast(Any, window.Shared_query(0)[0])).cast("B")
        if self._node.rank == 0:
            write_arrays(memory, arrays)
        window.Fence()
        return read_shared(memory)

    def _free(self) -> None:
        while self._windows:
            self._windows.pop().Free()

    def _close(self) -> None:
        _wait(self._comm.Ibarrier())
        self._free()
        self._comm.Free()
        self._node.Free()


class _RankChannel:
    """The way to one worker rank."""

    def __init__(self, comm: MPI.Intracomm, rank: int, size: int) -> None:
        self._comm, self._rank = comm, rank
        self._slots = [np.empty(size, np.uint8) for _ in range(SLOTS)]
        self._asked = 0
        self._coming: deque[tuple[MPI.Request, memoryview]] = deque()
        self._going: deque[MPI.Request] = deque()

    def tell(self, word: object) -> None:
        """Send something without waiting."""
        self._going.append(self._comm.isend(word, self._rank, _ASKED))
        while self._going and self._going[0].Test():
            self._going.popleft()

    def ask(self, item: Any) -> None:  # noqa: ANN401 - see Channel
        slot = self._slots[self._asked % SLOTS].data
        self._asked += 1
        self._coming.append((self._comm.Irecv(slot, self._rank, _RESULT), slot))
        self.tell(_Item(item))

    def result(self) -> Arrays:
        request, slot = self._coming.popleft()
        _wait(request)
        found = read_slot(slot)
        if isinstance(found, str):
            raise WorkerFailedError(f"data worker on rank {self._rank}", found)
        return found

    def end(self, word: object) -> None:
        """Take what is still coming and say the last word."""
        while self._coming:
            _wait(self._coming.popleft()[0])
        self.tell(word)
        for request in self._going:
            _wait(request)


def _heard(comm: MPI.Intracomm, controller: int, look_s: float = _LOOK_S) -> object:
    _until(lambda: comm.Iprobe(controller, _ASKED), look_s)
    return comm.recv(source=controller, tag=_ASKED)


def _wait(request: MPI.Request) -> None:
    _until(request.Test)


def _until(happened: Callable[[], bool], look_s: float = _LOOK_S) -> None:
    started = time.monotonic()
    while not happened():
        if time.monotonic() - started > _SPIN_S:
            time.sleep(look_s)
