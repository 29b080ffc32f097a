from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.tables.checks import CHECK, DUPLICATE, JUDGING, KEY_REPEATED, checks_of, judged
from pipelines.tables.contract import CUSTOMERS, EVENTS, PRODUCTS
from pipelines.tables.source import ROW
from support.tables import (
    SOURCE,
    judgement,
    mapped_table,
    raw_table,
    reasons,
    sales,
    source,
    with_columns,
    with_events,
)

TWICE = {"who": ["a", "a"], "paid": ["1", "1"]}


def with_rule(**duplicates):
    """Events with order ids, and a rule about copies."""
    columns = {**SOURCE["tables"]["events"]["columns"], "order_id": "order"}
    events = {**SOURCE["tables"]["events"], "columns": columns}
    return source(tables={"events": events}, rules={"events": {"duplicates": duplicates}})


def with_table(name, **columns):
    return source(tables={**SOURCE["tables"], name: {"from": "sales", "columns": columns}})


PEOPLE = with_table("customers", customer_id="who", age="age")
GOODS = with_table("products", product_id="sku", brand="brand")


def test_events_may_repeat():
    assert judgement(source(), sales(**TWICE)) == [None, None]


def test_first_failed_check_names_the_reason():
    assert reasons(source(), sales(who=[None], paid=["free"])) == ["amount is given but unreadable"]
    assert reasons(source(), sales(who=[None], paid=["-1"])) == ["customer_id is missing"]


def test_unreadable_values_come_before_missing_ones():
    assert judgement(source(), sales(who=[None], at=["soon"])) == ["event_time_unreadable"]


def test_what_a_source_sets_aside_comes_before_its_checks():
    spec = with_events(set_aside={"a test": "who = 'test'"})
    raw = sales(who=["test", "a"], paid=["free", "1"])

    assert judgement(spec, raw) == ["set_aside", None]
    assert reasons(spec, raw) == ["a test", None]


def test_a_line_that_did_not_divide_comes_before_everything():
    spec = with_events(set_aside={"nobody": "who IS NULL"})
    raw = sales(who=[None], at=[None], paid=[None], broken=["a;b;c"])

    assert judgement(spec, raw) == ["line_unreadable"]
    assert reasons(spec, raw) == ["the line has another number of fields than the header"]


def test_copies_come_before_checks():
    assert judgement(with_rule(key="row"), sales(order=["1", "1"], paid=["-1", "-1"])) == [
        "purchase_amount_negative",
        DUPLICATE,
    ]


def test_columns_of_the_shop_itself_must_be_readable():
    spec = with_columns(age={"from": "age", "as": "integer"})

    assert judgement(spec, sales(age=["7", None, "x"])) == [None, None, "age_unreadable"]
    assert checks_of(EVENTS, spec)[-1].reason == "age is given but unreadable"


def test_whole_rows_that_repeat_are_copies():
    raw = sales(order=["1", "1", "1", "2"], paid=["5", "5", "6", "5"])

    assert judgement(with_rule(key="row"), raw) == [None, DUPLICATE, None, None]


def test_columns_that_are_not_mapped_do_not_tell_copies_apart():
    assert judgement(with_rule(key="row"), sales(order=["1", "1"], note=["x", "y"])) == [None, DUPLICATE]


def test_one_row_of_a_key_stays():
    assert judgement(with_rule(key=["order_id"]), sales(order=["1", "2", "1"])).count(DUPLICATE) == 1


def test_of_a_key_a_good_row_stays_if_there_is_one():
    raw = sales(order=["1", "1", "2"], paid=["-5", "10", "-5"])

    assert judgement(with_rule(key=["order_id"]), raw) == [DUPLICATE, None, "purchase_amount_negative"]


def test_rows_without_a_key_are_never_copies():
    assert judgement(with_rule(key=["order_id"]), sales(order=[None, None, ""])) == [None] * 3
    assert judgement(with_rule(key=["order_id"], prefer="v"), sales(order=[None, None], v=["1", "2"])) == [None] * 2


def test_all_rows_of_the_latest_version_stay():
    raw = sales(order=["1", "1", "1", "2"], paid=["1", "2", "2", "1"], v=[9, 10, 10, 1])

    assert judgement(with_rule(key=["order_id"], prefer="v"), raw) == [DUPLICATE, None, None, None]


def test_versions_that_are_texts_are_compared_as_texts_unless_the_source_casts_them():
    raw = sales(order=["1", "1"], v=["9", "10"])

    assert judgement(with_rule(key=["order_id"], prefer="v"), raw) == [None, DUPLICATE]
    assert judgement(with_rule(key=["order_id"], prefer="CAST(v AS INTEGER)"), raw) == [DUPLICATE, None]


def test_the_file_may_tell_the_version():
    raw = raw_table(
        file=["2020.csv", "2021.csv"], who=["a", "a"], at=["2020-01-01"] * 2, paid=["1", "2"], order=["1", "1"]
    )

    assert judgement(with_rule(key=["order_id"], prefer="_file"), raw) == [DUPLICATE, None]


def test_a_row_without_a_version_is_not_an_older_one():
    assert judgement(with_rule(key=["order_id"], prefer="v"), sales(order=["1", "1"], v=["1", None])) == [None, None]


def test_lines_that_did_not_divide_are_no_copies_of_each_other():
    empty = {"who": [None] * 2, "at": [None] * 2, "paid": [None] * 2, "order": [None] * 2}

    assert judgement(with_rule(key="row"), sales(**empty, broken=["a;b", "a;b"])) == ["line_unreadable"] * 2


def test_all_but_one_row_of_a_key_are_set_aside():
    raw = raw_table(who=["a", "b", "a", "a"], age=["1", "2", "3", "2"])

    assert judgement(PEOPLE, raw, "customers") == [None, None, KEY_REPEATED, KEY_REPEATED]
    assert reasons(PEOPLE, raw, "customers")[2] == "customer_id stands in another row too"


def test_rows_that_are_set_aside_do_not_take_a_key():
    spec = with_table("products", product_id="sku", price={"from": "price", "as": "money"})
    raw = raw_table(sku=["p", "p"], price=["1 or 2", "3"])

    assert judgement(spec, raw, "products") == ["price_unreadable", None]


def test_whole_copies_of_a_keyed_row_are_copies_not_faults():
    assert judgement(PEOPLE, raw_table(who=["a", "a"], age=["1", "1"]), "customers") == [None, DUPLICATE]


@settings(max_examples=8)
@given(st.permutations([("p", "x"), ("p", None), ("p", "a"), ("q", "z"), ("p", "a")]))
def test_which_row_of_a_key_stays_does_not_depend_on_their_order(rows):
    raw = raw_table(sku=[row[0] for row in rows], brand=[row[1] for row in rows])
    judgement = judged(PRODUCTS, mapped_table(GOODS, raw, "products"), GOODS)
    kept = judgement.filter(judgement[CHECK].isnull()).order_by("product_id").to_pyarrow().to_pylist()

    assert [(row["product_id"], row["brand"]) for row in kept] == [("p", "a"), ("q", "z")]


@settings(max_examples=8)
@given(st.permutations(["1", "-1", "1", "2", "free"]))
def test_which_copy_stays_does_not_depend_on_their_order(paid):
    spec = with_rule(key=["order_id"])
    rows = judged(EVENTS, mapped_table(spec, sales(paid=paid, order=["1"] * 5)), spec)
    kept = rows.filter(rows[CHECK].isnull()).to_pyarrow().to_pylist()

    assert [str(row["amount"]) for row in kept] == ["1.00"]


@pytest.mark.parametrize(("table", "spec"), [(EVENTS, source()), (CUSTOMERS, PEOPLE)])
def test_nothing_but_the_judgement_is_added(table, spec):
    raw = sales(age=["1"])

    assert tuple(judged(table, mapped_table(spec, raw, table.name), spec).columns) == (
        *spec.columns(table.name),
        *JUDGING,
    )


def test_no_row_is_lost_or_doubled():
    rows = judged(CUSTOMERS, mapped_table(PEOPLE, raw_table(who=["a", "a", None], age=["1"] * 3), "customers"), PEOPLE)

    assert rows.order_by(ROW)[ROW].to_pyarrow().to_pylist() == [1, 2, 3]
