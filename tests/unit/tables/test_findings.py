from __future__ import annotations

import ibis
import pytest

from pipelines.tables.findings import TABLE_CHECKS, asked, finding
from support.events import event, events_table

CHECKS = {check.name: check for check in TABLE_CHECKS}
PRODUCTS = ibis.memtable({"product_id": ["p", "q"]})
CUSTOMERS = ibis.memtable({"customer_id": ["a", "b"]})
QUIET = {
    "events": events_table(
        [
            event("a", 1.0, order_id="1", product_id="p"),
            event("a", 1.9, order_id="1", product_id="q"),
            event("b", 9.0, order_id="2", product_id="p"),
            event("a", 30.0, None, order_id="1", event_type="return"),  # a return comes when it comes
        ]
    ),
    "products": PRODUCTS,
    "customers": CUSTOMERS,
    "contacts": ibis.memtable({"customer_id": ["b", "a"]}),
}
ODD = {
    "product_unknown": {"events": events_table([event("a", 1, product_id="z"), event("a", 1, product_id=None)] * 2)},
    "customer_unknown": {"events": events_table([event("z", 1), event("z", 2), event("a", 1)])},
    "contact_unknown": {"contacts": ibis.memtable({"customer_id": ["a", "z", "z"]})},
    "order_shared": {"events": events_table([event("a", 1, order_id="1"), event("b", 1, order_id="1")])},
    "order_spread": {
        "events": events_table([event("a", 1, order_id="1"), event("a", 2.5, order_id="1"), event("a", 3)])
    },
}
COUNTS = {
    "product_unknown": (2, 2),
    "customer_unknown": (2, 3),
    "contact_unknown": (2, 3),
    "order_shared": (2, 2),
    "order_spread": (2, 2),
}


def found(name, tables):
    (row,) = CHECKS[name].asks({**QUIET, **tables}).to_pyarrow().to_pylist()
    return row["n_rows"], row["of"]


def test_every_check_has_an_example():
    assert set(ODD) == set(COUNTS) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_odd_rows_are_found_and_counted(name):
    assert found(name, ODD[name]) == COUNTS[name]


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_is_found_where_nothing_is_odd(name):
    assert found(name, {})[0] == 0


@pytest.mark.parametrize("name", CHECKS)
def test_tables_without_rows_are_not_odd(name):
    assert found(name, {table: rows.limit(0) for table, rows in QUIET.items()}) == (0, 0)


def test_only_what_makes_sense_is_asked():
    filled = {"events": {"customer_id", "order_id", "product_id"}, "customers": {"customer_id"}}

    assert [check.name for check in asked(filled)] == ["customer_unknown", "order_shared", "order_spread"]


def test_nothing_is_asked_of_a_log_alone():
    assert asked({"events": {"customer_id", "amount", "product_id"}}) == ()


def test_a_finding_says_what_it_is_about():
    said = finding(CHECKS["order_shared"], 2, 9)

    assert (said.table, said.check, said.n_rows, said.of) == ("events", "order_shared", 2, 9)
    assert said.says == "events belong to an order_id that several customers share"
