from collections import deque
from itertools import count, islice

import numpy as np
import pytest

from core.pipeline.slots import read_slot, slot_bytes
from core.pipeline.stage import SLOTS, Stage, WorkerFailedError, answer


class Channel:
    """A worker that answers when it is asked for its result, into its slots, as the real ones do."""

    def __init__(self, work):
        self.work, self.slots = work, [memoryview(bytearray(slot_bytes(1000))) for _ in range(SLOTS)]
        self.asked, self.most, self.number = deque(), 0, 0

    def ask(self, item):
        self.asked.append(item)
        self.most = max(self.most, len(self.asked))

    def result(self):
        slot = self.slots[self.number % SLOTS]
        self.number += 1
        answer(self.work, self.asked.popleft(), slot)
        found = read_slot(slot)
        if isinstance(found, str):
            raise WorkerFailedError("worker", found)
        return found


def squares(item, room):
    if item < 0:
        raise ValueError("below zero")
    room.put({"square": np.array(item * item)})


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items_whatever_the_number_of_workers(workers):
    channels = [Channel(squares) for _ in range(workers)]
    found = [int(each["square"]) for each in Stage(channels).run(range(50))]
    assert found == [item * item for item in range(50)]
    assert all(0 < channel.most <= SLOTS for channel in channels)


def test_items_are_taken_only_as_far_ahead_as_there_are_slots():
    taken = []
    run = Stage([Channel(squares), Channel(squares)]).run(taken.append(item) or item for item in count())
    next(run)
    assert taken == list(range(2 * SLOTS + 1))
    run.close()


def test_a_run_that_is_left_early_leaves_nothing_behind():
    channels = [Channel(squares), Channel(squares)]
    stage = Stage(channels)
    assert [int(each["square"]) for each in islice(stage.run(range(20)), 3)] == [0, 1, 4]
    assert not any(channel.asked for channel in channels)
    assert [int(each["square"]) for each in stage.run([7, 8])] == [49, 64]


def test_a_failure_comes_with_its_traceback_in_the_place_of_its_item_and_the_stage_goes_on():
    stage = Stage([Channel(squares), Channel(squares)])
    run = stage.run([1, 2, -3, 4])
    assert [int(next(run)["square"]) for _ in range(2)] == [1, 4]
    with pytest.raises(WorkerFailedError, match=r"failed: ValueError: below zero\n\nTraceback[\s\S]*in squares"):
        next(run)
    assert [int(each["square"]) for each in stage.run([5])] == [25]
