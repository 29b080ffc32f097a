"""Events to customer days through the real engine, against plain Python."""

from __future__ import annotations

from decimal import Decimal

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.measures import AMOUNT, N_LINES, PURCHASES
from support.events import event, events_table, make_days, make_events
from support.strategies import events

NAMES = tuple(measure.name for measure in PURCHASES)


@pytest.fixture(scope="module")
def engine():
    return DuckDBEngine()


def reduced(rows, engine):
    """The customer-day table of contract events, as tuples."""
    columns = engine.columns(customer_days(events_table(rows), decimals=2))
    names = ("customer_id", "day", *(measure.name for measure in PURCHASES))
    return [tuple(row) for row in zip(*(columns[name].tolist() for name in names), strict=True)]


def naive(rows):
    """The same in plain Python."""
    bought = [row for row in rows if row["event_type"] == "purchase" and (row["amount"] or 0) > 0]
    found = {}
    for row in bought:
        day = (row["event_time"].date() - row["event_time"].date().replace(1970, 1, 1)).days
        orders, n_lines, amount = found.get((row["customer_id"], day), (set(), 0, Decimal(0)))
        found[row["customer_id"], day] = (orders | {row["order_id"]}, n_lines + 1, amount + row["amount"])
    return sorted(
        (*key, 1, len(orders), n_lines, int(amount * 100)) for key, (orders, n_lines, amount) in found.items()
    )


@settings(max_examples=25)
@given(rows=events())
def test_reduction_is_that_of_plain_python(engine, rows):
    assert naive(rows) == reduced(rows, engine)


@settings(max_examples=10)
@given(data=st.data())
def test_order_of_events_changes_nothing(engine, data):
    rows = data.draw(events())
    shuffled = data.draw(st.permutations(rows))

    assert reduced(rows, engine) == reduced(shuffled, engine)


def test_amount_of_zero_is_not_a_purchase(engine):
    rows = make_events(purchases={"a": [1, 2]}, amounts={"a": ["0.00", "5.00"]})

    assert reduced(rows, engine) == [("a", 2, 1, 1, 1, 500)]


def test_unknown_amount_is_not_a_purchase(engine):
    assert reduced([event("a", 1, None)], engine) == []


def test_return_and_view_are_not_purchases(engine):
    rows = [event("a", 1, event_type="return"), event("a", 1, event_type="view"), event("a", 2)]

    assert reduced(rows, engine) == [("a", 2, 1, 1, 1, 1_000)]


def test_lines_of_one_order_count_as_one_order(engine):
    rows = [event("a", 1, order_id="o1"), event("a", 1.5, order_id="o1"), event("a", 1.5, order_id="o2")]

    assert reduced(rows, engine) == [("a", 1, 1, 2, 3, 3_000)]


def test_shop_without_order_ids_has_one_order_a_day(engine):
    assert reduced([event("a", 1), event("a", 1.5)], engine) == [("a", 1, 1, 1, 2, 2_000)]


def test_last_microsecond_belongs_to_the_day_that_ends_and_midnight_to_the_next(engine):
    rows = [event("a", 2 - 1 / (24 * 3600 * 10**6)), event("a", 2)]

    assert reduced(rows, engine) == [("a", 1, 1, 1, 1, 1_000), ("a", 2, 1, 1, 1, 1_000)]


def test_money_is_exact_where_floats_are_not(engine):
    rows = make_events(purchases={"a": [1] * 3}, amounts={"a": ["0.10", "0.20", "9999999999.99"]})

    assert reduced(rows, engine) == [("a", 1, 1, 1, 3, 1_000_000_000_029)]


@pytest.mark.parametrize(("decimals", "minor"), [(0, 7), (2, 700), (4, 70_000)])
def test_amount_is_in_the_smallest_unit_of_the_currency(engine, decimals, minor):
    amount = ibis.literal("7").cast(f"decimal(18, {decimals})")
    table = events_table([event("a", 1)]).mutate(amount=amount)

    assert [minor] == engine.columns(customer_days(table, decimals))["amount_minor"].tolist()


def test_log_without_purchases_is_an_empty_table(engine):
    days = CustomerDays.from_columns(engine.columns(customer_days(events_table([]), 2)), 2)

    assert (days.customer_ids.tolist(), days.offsets.tolist(), days.day.tolist()) == ([], [0], [])


def test_from_columns_splits_the_rows_by_customer(engine):
    rows = make_events(purchases={"b": [3], "a": [1, 5]})
    days = CustomerDays.from_columns(engine.columns(customer_days(events_table(rows), 2)), 2)

    assert days.customer_ids.tolist() == ["a", "b"]
    assert days.offsets.tolist() == [0, 2, 3]
    assert days.day.tolist() == [1, 5, 3]


def test_make_days_is_what_the_engine_makes_of_the_same_purchases(engine):
    purchases = {"a": [1, 3], "b": [2]}
    made = make_days(purchases)
    days = CustomerDays.from_columns(engine.columns(customer_days(events_table(make_events(purchases)), 2)), 2)

    assert made.day.tolist() == days.day.tolist()
    assert {name: made.measures[name].tolist() for name in NAMES} == {
        name: days.measures[name].tolist() for name in NAMES
    }


def test_cumulative_starts_at_zero():
    days = make_days(purchases={"a": [1, 3]}, amounts={"a": [100, 250]})

    assert days.cumulative((N_LINES, AMOUNT)).tolist() == [[0, 1, 2], [0, 100, 350]]
