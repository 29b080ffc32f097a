from __future__ import annotations

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.tables.checks import CHECKS, REASON, judged
from pipelines.tables.contract import CUSTOMERS, EVENTS, PRODUCTS, TABLES
from support.events import event, events_table

GOOD = event("a", 1)


def reasons(table, rows):
    """The reason of every row, None where it is accepted."""
    return judged(table, rows).to_pyarrow()[REASON].to_pylist()


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ({"customer_id": None}, "customer_id is missing or unreadable"),
        ({"event_time": None}, "event_time is missing or unreadable"),
        ({"event_type": None}, "event_type is missing or unreadable"),
        ({"event_type": "purchased"}, "event_type is not in the contract"),
        ({"amount": None}, "a purchase without a readable amount"),
        ({"amount": -GOOD["amount"]}, "a purchase with a negative amount"),
    ],
)
def test_each_reason_sets_aside_the_right_row(spoilt, reason):
    assert [None, reason, None] == reasons(EVENTS, events_table([GOOD, {**GOOD, **spoilt}, GOOD]))


@pytest.mark.parametrize(
    "fine",
    [
        {"amount": GOOD["amount"] * 0},
        {"event_type": "return", "amount": -GOOD["amount"]},
        {"event_type": "view", "amount": None},
        {"order_id": None, "product_id": None, "quantity": None},
    ],
)
def test_row_that_breaks_no_promise_is_accepted(fine):
    assert reasons(EVENTS, events_table([{**GOOD, **fine}])) == [None]


def test_events_may_repeat():
    assert reasons(EVENTS, events_table([GOOD, GOOD])) == [None, None]


def test_first_failed_check_names_the_reason():
    row = {**GOOD, "customer_id": None, "event_type": "x", "amount": None}

    assert reasons(EVENTS, events_table([row])) == ["customer_id is missing or unreadable"]


def test_all_but_one_row_of_a_key_are_set_aside():
    rows = ibis.memtable({"customer_id": ["a", "b", "a", "a"], "age": ["1", "2", "3", "2"]})
    found = judged(CUSTOMERS, rows).order_by("customer_id", "age").to_pyarrow()[REASON].to_pylist()

    assert found == [None, *["customer_id stands in another row too"] * 2, None]


@settings(max_examples=8)
@given(st.permutations([("p", "x"), ("p", None), ("p", "a"), ("q", "z")]))
def test_which_row_of_a_key_stays_does_not_depend_on_their_order(rows):
    table = ibis.memtable({"product_id": [row[0] for row in rows], "brand": [row[1] for row in rows]})
    judgement = judged(PRODUCTS, table.cast({"brand": "string"}))
    kept = judgement.filter(judgement[REASON].isnull()).order_by("product_id").to_pyarrow().to_pylist()

    assert [(row["product_id"], row["brand"]) for row in kept] == [("p", "a"), ("q", "z")]


def test_nothing_but_the_reason_is_added():
    rows = events_table([GOOD])

    assert (*rows.columns, REASON) == tuple(judged(EVENTS, rows).columns)


def test_reasons_are_told_apart_within_a_table():
    for table in TABLES:
        said = [check.reason for check in CHECKS if check.table == table.name]

        assert len(said) == len(set(said))
