"""A data stage over worker processes of this machine, without MPI: results come through memory that both sides see."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from core.pipeline.slots import Arrays, read_shared, read_slot, room_for, slot_bytes, write_arrays
from core.pipeline.stage import SLOTS, Build, OpenStage, Stage, WorkerFailedError, WorkerLostError, answer, built

Item = TypeVar("Item")
END_S = 5.0
"""Time that a worker has to finish its item when the stage is over."""
_STARTS = get_context("spawn")


@contextmanager
def over_processes(build: Build[Item], arrays: Arrays, workers: int, largest_result_bytes: int) -> Iterator[Stage[Item]]:
    """Workers that do the work that `build` makes of the shared arrays, started here and gone afterwards.

    `build` is pickled: a function of a module, or an object of small parts. Results take at most so many bytes.
    """
    shared = _STARTS.RawArray("B", room_for(arrays))
    write_arrays(_bytes_of(shared), arrays)
    with ExitStack() as stack:
        channels = [stack.enter_context(_worker(number, (build, shared), largest_result_bytes)) for number in range(workers)]
        yield Stage(channels)


def processes_open(workers: int) -> OpenStage:
    """What opens stages of so many worker processes."""
    return lambda build, arrays, largest_result_bytes: over_processes(build, arrays, workers, largest_result_bytes)


class _ProcessChannel:
    """A pipe for items and for the word that a result is there; the result lies in the worker's slots."""

    def __init__(self, name: str, process: BaseProcess, pipe: Connection, slots: list[memoryview]) -> None:
        self._name, self._process, self._pipe, self._slots = name, process, pipe, slots
        self._answered = 0

    def ask(self, item: Any) -> None:  # noqa: ANN401 - see Channel
        try:
            self._pipe.send(item)
        except (BrokenPipeError, ConnectionResetError):
            raise self._lost() from None

    def result(self) -> Arrays:
        try:
            self._pipe.recv_bytes()  # Ends as well when the worker does: nobody else holds the pipe's other end.
        except (EOFError, ConnectionResetError):
            raise self._lost() from None
        found = read_slot(self._slots[self._answered % SLOTS])
        self._answered += 1
        if isinstance(found, str):
            raise WorkerFailedError(self._name, found)
        return found

    def _lost(self) -> WorkerLostError:
        self._process.join(END_S)
        code = self._process.exitcode
        how = f"was killed by signal {signal.Signals(-code).name}" if code and code < 0 else f"ended with exit code {code}"
        return WorkerLostError(self._name, how)


@contextmanager
def _worker(number: int, work: tuple[Build[Any], Any], largest_result_bytes: int) -> Iterator[_ProcessChannel]:
    build, shared = work
    size = slot_bytes(largest_result_bytes)
    memory = _STARTS.RawArray("B", SLOTS * size)
    ours, theirs = _STARTS.Pipe()
    process = _STARTS.Process(target=_serve, args=(shared, memory, theirs), name=f"data worker {number + 1}", daemon=True)
    process.start()
    theirs.close()
    try:
        ours.send(build)
        yield _ProcessChannel(process.name, process, ours, _slots(memory))
    finally:
        ours.close()  # A worker that has nothing more to read ends.
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(shared: Any, memory: Any, pipe: Connection) -> None:  # noqa: ANN401 - ctypes' arrays have no types
    """A worker's life: until the controller has no more items or is gone, however that ended."""
    for each in (signal.SIGINT, signal.SIGTERM):  # They reach the whole group; the controller still needs its batches then.
        signal.signal(each, signal.SIG_IGN)
    arrays, slots = read_shared(_bytes_of(shared)), _slots(memory)
    do = built(lambda: pipe.recv()(arrays))
    for number in count():
        try:
            item = pipe.recv()
            answer(do, item, slots[number % SLOTS])
            pipe.send_bytes(b"done")
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _bytes_of(memory: Any) -> memoryview:  # noqa: ANN401
    return memoryview(memory).cast("B")


def _slots(memory: Any) -> list[memoryview]:  # noqa: ANN401
    whole = _bytes_of(memory)
    size = len(whole) // SLOTS
    return [whole[start : start + size] for start in range(0, SLOTS * size, size)]
