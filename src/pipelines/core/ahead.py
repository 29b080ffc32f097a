"""Work in other threads that keeps its order and holds a few things at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order, each made in another thread while the one before it is used.

    At most one item waits, so that memory holds two. What making an item raises, taking it raises.

    Examples
    --------
    >>> list(ahead(number**2 for number in range(4)))
    [0, 1, 4, 9]
    """
    source = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as worker:
        coming = worker.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = worker.submit(next, source, _END)
            yield item  # type: ignore[misc]  # an item, since it is not the end


def side_by_side(function: Callable[[S], T], items: Iterable[S], n_threads: int = 2) -> Iterator[T]:
    """The results in the order of the items, ``n_threads`` of them in the making.

    Examples
    --------
    >>> list(side_by_side(abs, [-3, 1, -2]))
    [3, 1, 2]
    """
    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(max_workers=n_threads, thread_name_prefix="side_by_side") as workers:
        for item in items:
            coming.append(workers.submit(function, item))
            if len(coming) > n_threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
