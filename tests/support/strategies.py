"""Hypothesis strategies for random logs; a new kind of input is added here, so that every property meets it."""

from __future__ import annotations

from hypothesis import strategies as st

from support.events import DayRow, event

CUSTOMERS = ("a", "b", "c", "d")
LAST_DAY = 60


def day_rows(first: int = 0, last: int = LAST_DAY, max_size: int = 30) -> st.SearchStrategy[list[DayRow]]:
    """Rows of a customer-day table with days in ``[first, last]``; some days have no purchase."""
    key = st.tuples(st.sampled_from(CUSTOMERS), st.integers(first, last))
    return st.lists(key, unique=True, max_size=max_size).flatmap(
        lambda keys: st.tuples(*(_measured(customer, day) for customer, day in keys)).map(list)
    )


def _measured(customer: str, day: int) -> st.SearchStrategy[DayRow]:
    bought = st.tuples(st.just(1), st.integers(1, 3), st.integers(1, 9), st.integers(1, 10**9))
    quiet = st.just((0, 0, 0, 0))
    return st.one_of(bought, bought, bought, quiet).map(lambda values: (customer, day, *values))


def cutoff_sets(first: int = 0, last: int = LAST_DAY + 5) -> st.SearchStrategy[list[int]]:
    """Some cutoffs, ascending."""
    return st.lists(st.integers(first, last), min_size=1, max_size=6, unique=True).map(sorted)


def events(first: float = 0, last: float = 20, max_size: int = 25) -> st.SearchStrategy[list[dict[str, object]]]:
    """Contract events at quarters of days in ``[first, last]``, with orders that repeat and amounts that are zero."""
    return st.lists(
        st.builds(
            event,
            st.sampled_from(CUSTOMERS),
            st.integers(int(first * 4), int(last * 4)).map(lambda quarter: quarter / 4),
            st.sampled_from(["0.00", "0.01", "0.10", "19.99", "12345678.91"]),
            event_type=st.sampled_from(["purchase", "purchase", "purchase", "return", "view"]),
            order_id=st.sampled_from([None, "o1", "o2", "o3"]),
        ),
        max_size=max_size,
    )
