"""The data stage over worker processes."""

import os

import numpy as np
import pytest

from core.pipeline import WorkerFailedError, WorkerLostError, over_processes
from core.pipeline.stage import SLOTS
from tests.fakes.stage_work import DIES, FAILS, lookup, no_lookup, table

ROW_BYTES = 4 * 1000 + 1000
ITEMS = [7, 3, 3, 99, 0, 12, 55, 41, 8, 17, 21]


def rows(stage):
    return [(int(each["number"]), each["row"].copy()) for each in stage.run(ITEMS)]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_results_in_the_same_order_whatever_the_number_of_workers(workers):
    values = table()
    with over_processes(lookup, {"table": values}, workers, ROW_BYTES) as stage:
        assert stage.workers == workers
        for _ in range(2):
            found = rows(stage)
            assert [number for number, _ in found] == ITEMS
            for number, row in found:
                np.testing.assert_array_equal(row, values[number])
        makers = {tuple(each["made_by"].tolist()) for each in stage.run(range(4 * SLOTS))}
    assert len(makers) == workers
    assert all(shared for _, shared in makers)
    assert not any(os.path.exists(f"/proc/{pid}") for pid, _ in makers)


def test_a_worker_s_failure_and_its_end_are_told_by_name():
    with over_processes(lookup, {"table": table()}, 2, ROW_BYTES) as stage:
        with pytest.raises(WorkerFailedError, match=r"data worker 2 failed: ValueError: row -1.*\n\nTraceback"):
            list(stage.run([1, FAILS, 2]))
        assert [number for number, _ in rows(stage)] == ITEMS
        with pytest.raises(WorkerLostError, match="data worker 1 of the data stage was killed by signal SIGKILL"):
            list(stage.run([DIES, 1, 2]))


def test_a_result_that_does_not_fit_is_a_failure_that_says_so():
    with (
        over_processes(lookup, {"table": table()}, 1, 1000) as stage,
        pytest.raises(WorkerFailedError, match="does not fit: the stage was made for 1024"),
    ):
        list(stage.run([1]))


def test_work_that_cannot_be_made_in_a_worker_is_told_where_its_result_is_due():
    with (
        over_processes(no_lookup, {}, 1, 1000) as stage,
        pytest.raises(WorkerFailedError, match="OSError: the file is not on this node"),
    ):
        list(stage.run([1]))
