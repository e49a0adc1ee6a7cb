import threading

import pytest

from core.ahead import ahead


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_each_with_its_item(threads):
    assert list(ahead(lambda item: item * item, range(7), threads)) == [(item, item * item) for item in range(7)]


def test_the_next_item_is_worked_on_while_one_is_used():
    begun = [threading.Event() for _ in range(3)]
    found = ahead(lambda item: begun[item].set(), range(3))
    next(found)
    assert begun[1].wait(10)
    assert not begun[2].is_set()


def test_an_error_is_raised_where_the_result_is_due_and_nothing_new_begins():
    worked_on = []

    def work(item):
        worked_on.append(item)
        return 1 / item

    found = ahead(work, [1, 0, 2, 3, 4])
    assert next(found) == (1, 1.0)
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert 4 not in worked_on
