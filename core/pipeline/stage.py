"""How items are dealt out to workers and their results come back in order, whoever the workers are."""

import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Generic, Protocol, TypeVar

from core.pipeline.slots import Arrays, Room, write_failure

__all__ = ["Arrays", "OpenStage", "Room", "Stage", "StageError", "WorkerFailedError", "WorkerLostError"]

Item = TypeVar("Item")
Work = Callable[[Item, Room], None]
"""What workers do with an item: put its result into the room. The result depends on the item alone."""
Build = Callable[[Arrays], Work[Item]]
"""Makes the work in each worker from the arrays that lie in memory once for all of them, who may only read them."""

SLOTS = 2
"""Results of each worker that may be under way, one in use among them; more of them only drive each other out of caches."""


class StageError(Exception):
    """The data stage cannot go on."""


class WorkerFailedError(StageError):
    """A worker could not do its work; the message ends with the worker's own traceback."""

    def __init__(self, worker: str, words: str) -> None:
        reason = words.strip().rsplit("\n", 1)[-1]
        super().__init__(f"{worker} failed: {reason}\n\n{words}")


class WorkerLostError(StageError):
    """A worker ended before its time."""

    def __init__(self, worker: str, how: str) -> None:
        super().__init__(
            f"{worker} of the data stage {how}. If the machine ran out of memory use fewer or smaller patches; then start the "
            "job again: it goes on from its last checkpoint"
        )


class Channel(Protocol):
    """The way to one worker and back. Results come in the order of the items, each into the next of `SLOTS` slots."""

    def ask(self, item: Any) -> None:  # noqa: ANN401 - the stage knows its type
        """Send an item without waiting; at most `SLOTS` may be unanswered or in use."""

    def result(self) -> Arrays:
        """Wait for the oldest answer; its arrays are valid until so many later items were asked for.

        WorkerFailedError, WorkerLostError.
        """


class Stage(Generic[Item]):
    """The workers of one controller."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = channels

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._channels)

    def run(self, items: Iterable[Item]) -> Generator[Arrays, None, None]:
        """The results of the items, in their order. The arrays of a result are valid until the next one is asked for.

        Item i goes to worker i modulo their number. Items are taken ahead of the results, `SLOTS` for each worker. One
        run at a time; one that is left early is brought to its end, so that another can begin. Errors as of `Channel`.
        """
        waiting: deque[Channel] = deque()
        try:
            for number, item in enumerate(items):
                if len(waiting) == SLOTS * self.workers:
                    yield waiting.popleft().result()
                channel = self._channels[number % self.workers]
                channel.ask(item)
                waiting.append(channel)
            while waiting:
                yield waiting.popleft().result()
        finally:
            for channel in waiting:
                with suppress(StageError):
                    channel.result()


OpenStage = Callable[[Build[Any], Arrays, int], AbstractContextManager[Stage[Any]]]
"""Opens a stage whose workers do what a build makes of shared arrays, with the most bytes that the arrays of a result take."""


def built(make: Callable[[], Work[Item]]) -> Work[Item] | str:
    """The work, or why there is none: told as the answer to every item, as somebody reads it at the controller."""
    try:
        return make()
    except Exception:  # The boundary of the worker, as in `answer`.
        return traceback.format_exc()


def answer(work: Work[Item] | str, item: Item, slot: memoryview) -> int:
    """A worker's turn: do the work and write its result, or why there is none; the bytes used. `work` may be a failure."""
    if isinstance(work, str):
        return write_failure(slot, work)
    try:
        room = Room(slot)
        work(item, room)
        return room.close()
    except Exception:  # The boundary of the worker: the controller hears it, whatever it is.
        return write_failure(slot, traceback.format_exc())
