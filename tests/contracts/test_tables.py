"""What every contract table and every check of its rows promises. A new check gets one line in `FAILS`."""

from __future__ import annotations

import re

import pytest

from pipelines.tables.checks import BROKEN_LINE, CHECKS, DUPLICATE, KEY_REPEATED
from pipelines.tables.contract import TABLES, Kind, table_named
from pipelines.tables.findings import TABLE_CHECKS
from support.tables import judgement, raw_table, reasons, source

GOOD = {
    "events": {
        "customer_id": "a",
        "event_time": "2020-01-01 10:00",
        "event_type": "purchase",
        "order_id": "o1",
        "session_id": "s1",
        "product_id": "p1",
        "quantity": "2",
        "amount": "10.00",
    },
    "customers": {"customer_id": "a"},
    "products": {"product_id": "p1", "category": "tea", "brand": "x"},
    "contacts": {
        "customer_id": "a",
        "contact_time": "2020-01-01",
        "campaign_id": "spring",
        "channel": "mail",
        "variant": "b",
    },
    "cases": {"case_id": "1", "customer_id": "a", "case_time": "2020-01-01", "label": "yes"},
}
UNREADABLE = {
    Kind.TEXT: 0.123456789,  # engines write it differently
    Kind.INTEGER: "1.5",
    Kind.MONEY: "free",
    Kind.BOOLEAN: "maybe",
    Kind.TIME: "soon",
}
FAILS = {
    **{
        (table.name, f"{column.name}_unreadable"): {column.name: UNREADABLE[column.kind]}
        for table in TABLES
        for column in table.columns
    },
    **{(table.name, f"{column}_missing"): {column: None} for table in TABLES for column in table.required},
    ("events", "event_time_out_of_range"): {"event_time": "1970-01-19 06:19"},
    ("contacts", "contact_time_out_of_range"): {"contact_time": "2100-01-01"},
    ("cases", "case_time_out_of_range"): {"case_time": "1989-12-31 23:59"},
    ("events", "event_after_end"): {"event_time": "2021-01-01"},
    ("events", "event_type_unknown"): {"event_type": "purchased"},
    ("events", "purchase_without_amount"): {"amount": None},
    ("events", "purchase_amount_negative"): {"amount": "-0.01"},
    ("events", "return_amount_positive"): {"event_type": "return", "amount": "0.01"},
    ("events", "purchase_quantity_negative"): {"quantity": "-1"},
}
PASSES = {
    ("events", "event_time_out_of_range"): {"event_time": "1990-01-01"},
    ("contacts", "contact_time_out_of_range"): {"contact_time": "2099-12-31 23:59"},
    ("cases", "case_time_out_of_range"): {"case_time": None},
    ("events", "event_after_end"): {"event_time": "2020-12-31 23:59:59"},
    ("events", "event_type_unknown"): {"event_type": "gift"},
    ("events", "purchase_without_amount"): {"event_type": "view", "amount": None},
    ("events", "purchase_amount_negative"): {"amount": "0"},
    ("events", "return_amount_positive"): {"event_type": "return", "amount": "-0.01"},
    ("events", "purchase_quantity_negative"): {"event_type": "return", "quantity": "-1", "amount": "-5"},
}
MAPS = {name: {"from": "sales", "columns": {column: column for column in row}} for name, row in GOOD.items()}
LOG = source(
    tables={name: how for name, how in MAPS.items() if name != "cases"},
    until="2021-01-01T00:00:00Z",
    event_types=["gift"],
)
FINISHED = source(kind="table", tables={"cases": MAPS["cases"]})
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}.{check.name}")


def judged(name, ask=judgement, **changed):
    """The check that one good row with some other values fails, or its reason."""
    row = {**GOOD[name], **changed}
    (found,) = ask(FINISHED if name == "cases" else LOG, raw_table(**{key: [row[key]] for key in row}), name)
    return found


def test_every_table_and_check_has_an_example():
    assert {table.name for table in TABLES} == set(GOOD)
    assert {(check.table, check.name) for check in CHECKS} == set(FAILS)


@each_table
def test_columns_that_a_table_speaks_of_are_its_own(table):
    named = {*table.order, *table.key, *table.required, *([table.subject] if table.subject else [])}

    assert named <= set(table.kinds)
    assert len(table.kinds) == len(table.columns)
    assert table_named(table.name) is table


@each_table
def test_the_key_of_a_table_is_required_and_comes_first_in_its_order(table):
    assert set(table.key) <= set(table.required)
    assert table.order[: len(table.key)] == table.key


@each_table
def test_a_good_row_is_accepted(table):
    assert judged(table.name) is None


@each_table
def test_a_row_with_nothing_but_what_is_required_is_accepted(table):
    spare = {column: None for column in table.kinds if column not in (*table.required, "amount")}

    assert judged(table.name, **spare) is None


@each_check
def test_check_sets_the_row_aside_that_it_is_about(check):
    changed = FAILS[check.table, check.name]

    assert judged(check.table, **changed) == check.name
    assert judged(check.table, reasons, **changed) == check.reason


@pytest.mark.parametrize(("table", "check"), PASSES)
def test_check_lets_the_row_at_its_limit_pass(table, check):
    assert judged(table, **PASSES[table, check]) is None


@each_table
def test_checks_of_a_table_are_told_apart(table):
    names = [check.name for check in (*CHECKS, *TABLE_CHECKS) if check.table == table.name]
    said = [check.reason for check in CHECKS if check.table == table.name]

    assert len(set(names)) == len(names)
    assert len(set(said)) == len(said)
    assert not {KEY_REPEATED, BROKEN_LINE, DUPLICATE, "set_aside"} & set(names)


@pytest.mark.parametrize("check", [*CHECKS, *TABLE_CHECKS], ids=lambda check: f"{check.table}.{check.name}")
def test_check_has_a_name_for_limits_and_words_for_people(check):
    words = getattr(check, "reason", None) or check.says

    assert re.fullmatch("[a-z]+(_[a-z]+)*", check.name)
    assert check.table in {table.name for table in TABLES}
    assert len(words.split()) > 2
    assert not words.endswith(".")
