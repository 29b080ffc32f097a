"""Hypothesis strategies for random logs; a new kind of input is added here, so that every property meets it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from support.events import DayRow, contact, event

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
            event_type=st.sampled_from(
                ["purchase"] * 6 + ["return", "view", "view", "add_to_cart", "remove_from_cart", "search"]
            ),
            order_id=st.sampled_from([None, "o1", "o2", "o3"]),
            session_id=st.sampled_from([None, "s1", "s2"]),
            product_id=st.sampled_from([None, "p1", "p2", "p3"]),
            device=st.sampled_from([None, "mobile", "desktop", "fridge"]),
            category=st.sampled_from([None, "books", "games", "tools"]),
            quantity=st.sampled_from([None, 1, 2, 40_000]),
            discount=st.sampled_from([None, Decimal("0.00"), Decimal("3.33")]),
        ),
        max_size=max_size,
    )


def contacts(first: float = 0, last: float = 20, max_size: int = 8) -> st.SearchStrategy[list[dict[str, object]]]:
    """Contract contacts at quarters of days in ``[first, last]``, of both variants and of none."""
    quarters = st.integers(int(first * 4), int(last * 4)).map(lambda quarter: quarter / 4)
    variants = st.sampled_from([None, "treatment", "control"])
    return st.lists(st.builds(contact, st.sampled_from(CUSTOMERS), quarters, variants), max_size=max_size)
