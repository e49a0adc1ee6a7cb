"""Long work over sections: what its processes have in common, and how far it is."""

import os
import signal
from collections.abc import Callable, Iterator, MutableSequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context, parent_process
from threading import Thread
from time import monotonic
from typing import Any, TypeVar, cast

import cv2

from core.contracts.jobs import Progress

Result = TypeVar("Result")
REPORT_EVERY_S = 0.5


def begin_worker() -> None:
    """One core each; ends with Ctrl-C, and with the process that started it, however that ends."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()
    if parent is None:
        return
    if not parent.is_alive():
        os._exit(1)
    Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Callable[[], None]) -> None:
    """A killed parent tells its workers nothing: they would wait for work for ever."""
    wait()
    os._exit(1)


class PixelProgress:
    """Reports pixels done of all, with megapixels per second and the time that is left.

    `done` holds the pixels done of each part of the work; whoever does a part keeps its entry up to date.
    """

    def __init__(
        self, phase: str, sizes: list[int], done: MutableSequence[int], report: Callable[[Progress], None] | None
    ) -> None:
        self.done = done
        self._phase, self._sizes, self._report = phase, sizes, report
        self._started, self._told = monotonic(), 0.0

    def tell(self, *, now: bool = False) -> None:
        """Report how far the work is, unless the last report is younger than REPORT_EVERY_S; `now` reports anyway."""
        moment = monotonic()
        if self._report is None or not self._sizes or not (now or moment - self._told >= REPORT_EVERY_S):
            return
        self._told = moment
        done, total = sum(self.done), sum(self._sizes)
        per_s = done / max(moment - self._started, 1e-9)
        finished = sum(part == size for part, size in zip(self.done, self._sizes, strict=True))
        self._report(
            Progress(
                at=datetime.now(UTC),
                phase=self._phase,
                step=done,
                of=total,
                metrics={"megapixels_per_s": per_s / 1e6, "sections_done": finished},
                eta_s=(total - done) / per_s if done else None,
            )
        )


@dataclass(frozen=True, slots=True)
class Workers:
    """Where work goes, and how many work at a time."""

    pool: Executor
    count: int


class MpiError(Exception):
    """Work cannot be spread over MPI ranks; the message says why."""


@contextmanager
def open_workers(count: int, *, mpi: bool) -> Iterator[Workers | None]:
    """Processes, this process itself for a count of 1, or the ranks of mpiexec.

    With MPI every rank calls this: the first gets the workers, the others work until it is through and then get None.
    """
    if mpi:
        with _ranks() as workers:
            yield workers
    elif count <= 1:
        yield Workers(_Here(), 1)
    else:
        pool = ProcessPoolExecutor(count, get_context("spawn"), begin_worker)
        try:
            yield Workers(pool, count)
        finally:  # after an error or Ctrl-C nothing new is begun
            pool.shutdown(cancel_futures=True)


@contextmanager
def _ranks() -> Iterator[Workers | None]:
    try:
        from mpi4py import MPI  # noqa: PLC0415 - loading it starts MPI
        from mpi4py.futures import MPICommExecutor  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        raise MpiError(f"MPI cannot be used: {error}. Install mpi4py and an MPI, or leave out --mpi") from error
    ranks = MPI.COMM_WORLD.size
    if ranks < 2:
        raise MpiError("MPI says that there is one rank only; start it with `mpiexec -n 3 brodmann ...` of the same MPI")
    cv2.setNumThreads(1)
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
        yield None if pool is None else Workers(cast(Executor, pool), ranks - 1)


class _Here(Executor):
    """Does the work at once, in this process."""

    def submit(self, work: Callable[..., Result], /, *args: Any, **named: Any) -> Future[Result]:  # noqa: ANN401
        """Like Executor.submit, done when it returns."""
        future: Future[Result] = Future()
        try:
            future.set_result(work(*args, **named))
        except Exception as error:  # told where the result is asked for, as an executor does
            future.set_exception(error)
        return future
