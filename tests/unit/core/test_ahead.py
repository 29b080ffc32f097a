from __future__ import annotations

import threading

import pytest

from pipelines.core.ahead import ahead, side_by_side


def failing(after):
    yield from range(after)
    raise OSError("the disk is full")


@pytest.mark.parametrize("n", [0, 1, 5])
def test_items_come_in_their_order(n):
    assert list(ahead(range(n))) == list(range(n))


def test_next_item_is_made_while_the_first_is_used():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    taken = ahead(items())

    assert next(taken) == 1
    assert made.wait(timeout=10)
    assert list(taken) == [2]


def test_what_making_an_item_raises_is_raised_where_it_is_taken():
    taken = ahead(failing(after=2))

    assert [next(taken), next(taken)] == [0, 1]
    with pytest.raises(OSError, match="the disk is full"):
        next(taken)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_come_in_the_order_of_their_items(n_threads):
    assert list(side_by_side(lambda number: number**2, range(7), n_threads)) == [number**2 for number in range(7)]


def test_two_are_in_the_making_at_a_time():
    """Neither gets past the barrier alone."""
    barrier = threading.Barrier(2, timeout=10)

    assert list(side_by_side(lambda number: barrier.wait() * 0 + number, range(4), 2)) == [0, 1, 2, 3]


def test_few_items_are_taken_before_their_results_are():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = side_by_side(abs, items(), 2)
    next(results)

    assert len(taken) == 3


def test_what_a_function_or_the_items_raise_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0, 2], 2))
    with pytest.raises(OSError, match="the disk is full"):
        list(side_by_side(abs, failing(after=3), 2))
