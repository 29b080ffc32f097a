from __future__ import annotations

import json
from decimal import Decimal

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import ContractError
from pipelines.tables.mapping import SET_ASIDE, UNREADABLE, belonging, source_rows
from pipelines.tables.source import BROKEN, FILE, ROW
from support.tables import SOURCE, mapped_rows, mapped_table, raw_table, sales, source, with_columns, with_events


def one(spec, raw, column):
    """The values of one mapped column."""
    return [row[column] for row in mapped_rows(spec, raw)]


def test_columns_are_renamed_and_cast_to_the_contract():
    assert dict(mapped_table(source(), sales()).schema()) == {
        "customer_id": ibis.dtype("string"),
        "event_time": ibis.dtype("timestamp(6)"),
        "event_type": ibis.dtype("string"),
        "amount": ibis.dtype("decimal(18, 2)"),
        **dict.fromkeys(("order_id", "session_id", "product_id"), ibis.dtype("string")),  # not mapped: null
        "quantity": ibis.dtype("int64"),
        **dict.fromkeys((UNREADABLE, SET_ASIDE, FILE, BROKEN), ibis.dtype("string")),
        ROW: ibis.dtype("int64"),
    }


def test_values_that_can_be_read_are_and_the_others_become_null():
    raw = sales(who=[1, 2], at=["2020-01-01 10:00:00", "soon"], paid=[0.1 + 0.2, None])
    first, second = mapped_rows(source(), raw)

    assert (first["customer_id"], first["event_time"]) == ("1", pd.Timestamp("2020-01-01 10:00"))
    assert (first["event_type"], first["amount"]) == ("purchase", Decimal("0.30"))
    assert (second["customer_id"], second["event_time"], second["amount"]) == ("2", None, None)


def test_rows_keep_their_file_and_number():
    raw = raw_table(file=["a.csv", "b.csv"], who=["x", "y"], at=["", ""], paid=["", ""])

    assert [(row[FILE], row[ROW]) for row in mapped_rows(source(), raw)] == [("a.csv", 1), ("b.csv", 2)]


def test_columns_that_are_not_mapped_are_null_and_typed():
    table = mapped_table(source(), sales())

    assert table.quantity.type() == ibis.dtype("int64")
    assert table.to_pyarrow()["quantity"].to_pylist() == [None]


def test_money_has_the_decimals_of_the_source():
    assert one(source(decimals=0), sales(paid=[1.6]), "amount") == [Decimal(2)]


def test_money_is_read_as_the_raw_table_writes_it():
    spec = source(raw={"sales": {"path": "s.csv", "decimal": ",", "thousands": "."}})

    assert one(spec, sales(paid=["1.234,50", "1,234.50"]), "amount") == [Decimal("1234.50"), None]


def test_moments_with_a_zone_are_read_in_utc_wherever_the_machine_stands():
    at = pd.to_datetime(["2020-01-01T01:00:00+02:00", "2020-07-01T00:00:00Z"], format="ISO8601", utc=True)

    assert one(source(), sales(at=list(at)), "event_time") == [
        pd.Timestamp("2019-12-31 23:00"),
        pd.Timestamp("2020-07-01 00:00"),
    ]


@pytest.mark.parametrize(
    ("how", "written", "hour"),
    [
        ({"pattern": "%d.%m.%Y %H:%M"}, "02.01.2020 10:00", 10),
        ({"epoch": "s"}, "1577959200", 10),
        ({"epoch": "ms"}, 1577959200000, 10),
        ({"zone": "Europe/Berlin"}, "2020-01-02 10:00", 9),
        ({"zone": "Europe/Berlin"}, "2020-01-02T10:00Z", 10),
    ],
)
def test_times_are_read_as_their_column_says(how, written, hour):
    spec = with_columns(event_time={"from": "at", **how})

    assert one(spec, sales(at=[written]), "event_time") == [pd.Timestamp(2020, 1, 2, hour)]


def test_zone_of_the_source_is_that_of_columns_without_their_own():
    spec = source(zone="Europe/Berlin")

    assert one(spec, sales(at=["2020-07-01 02:00"]), "event_time") == [pd.Timestamp("2020-07-01 00:00")]


def test_expression_over_raw_columns_fills_a_column():
    spec = with_columns(amount={"sql": "n * price"})
    raw = sales(n=["3", "2"], price=["0.10", "x"])

    assert one(spec, raw, "amount") == [Decimal("0.30"), None]


def test_first_of_the_columns_that_are_there_is_taken():
    spec = with_columns(amount={"sql": "FIRST_OF(total, paid)"})

    assert one(spec, sales(paid=["1"]), "amount") == [Decimal(1)]
    assert one(spec, sales(paid=["1"], total=["2"]), "amount") == [Decimal(2)]


def test_none_of_the_columns_that_would_do_is_refused():
    with pytest.raises(ContractError, match=r"tables\.events.*none of the columns total, sum is in the table"):
        mapped_rows(with_columns(amount={"sql": "FIRST_OF(total, sum)"}), sales())


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        ("text", 7, "7"),
        ("integer", "7", 7),
        ("money", "7.125", Decimal("7.13")),
        ("number", "7.125", 7.125),
        ("boolean", "yes", True),
        ("time", "2020-01-02", pd.Timestamp("2020-01-02 00:00")),
    ],
)
def test_column_of_the_shop_itself_is_read_as_it_says(kind, written, read):
    spec = with_columns(own={"from": "own", "as": kind})

    assert one(spec, sales(own=[written]), "own") == [read]


def test_column_of_the_shop_itself_is_text_unless_it_says_otherwise():
    assert one(with_columns(till="till"), sales(till=[7]), "till") == ["7"]


def test_a_contract_column_is_read_by_way_of_what_it_is_written_in():
    spec = with_columns(customer_id={"from": "who", "as": "integer"})

    assert one(spec, sales(who=["0012.0", "x"]), "customer_id") == ["12", None]


def test_texts_are_replaced_and_others_stay():
    spec = with_columns(event_type={"from": "what", "values": {"buy": "purchase", "look": "view"}})

    assert one(spec, sales(what=["buy", "look", "return", None]), "event_type") == ["purchase", "view", "return", None]


def test_a_star_replaces_all_other_texts_but_not_nothing():
    spec = with_columns(event_type={"from": "what", "values": {"buy": "purchase", "*": "view"}})

    assert one(spec, sales(what=["buy", "x", None, ""]), "event_type") == ["purchase", "view", None, None]


def test_a_star_alone_replaces_every_text():
    assert one(with_columns(seen={"from": "paid", "values": {"*": "yes"}}), sales(paid=["1", ""]), "seen") == [
        "yes",
        None,
    ]


def test_texts_that_stand_for_nothing_are_missing_not_unreadable():
    rows = mapped_rows(source(), sales(paid=["", " ", "NULL", "n/a", "free"]))

    assert [row[UNREADABLE] for row in rows] == [None, None, None, None, "amount"]
    assert {row["amount"] for row in rows} == {None}


def test_texts_that_stand_for_nothing_are_the_sources_own_where_it_names_them():
    spec = source(raw={"sales": {"path": "s.csv", "missing": ["-"]}})

    assert one(spec, sales(who=["-", "NULL"]), "customer_id") == [None, "NULL"]


def test_rows_that_a_source_does_not_want_carry_its_reason():
    spec = with_events(set_aside={"a test order": "who = 'test'", "free": "paid = 0"})
    rows = mapped_rows(spec, sales(who=["a", "test", "test", None], paid=["1", "1", "0", "0"]))

    assert [row[SET_ASIDE] for row in rows] == [None, "a test order", "a test order", "free"]


def test_rows_of_other_tables_are_not_read():
    spec = with_events(where="paid > 0")
    (how,) = spec.tables["events"]
    raw = sales(who=["a", "b", "c"], paid=["1", "0", None])

    assert [row["customer_id"] for row in mapped_rows(spec, raw)] == ["a"]
    assert belonging(spec, "events", how, {"sales": raw})["who"].to_pyarrow().to_pylist() == ["a"]


def test_a_line_that_did_not_divide_belongs_to_every_table_of_its_file():
    raw = sales(who=["a", None], at=["2020-01-01", None], paid=["0", None], broken=[None, "a;b"])

    assert [row[BROKEN] for row in mapped_rows(with_events(where="paid > 0"), raw)] == ["a;b"]


GOODS = {"goods": {"path": "goods.csv"}}
LOOKED_UP = with_events(
    GOODS,
    lookup={"goods": {"on": {"sku": "code"}}},
    columns={
        **SOURCE["tables"]["events"]["columns"],
        "brand": {"from": "goods.brand"},
        "amount": {"sql": '"goods.price"'},
    },
)


def test_columns_are_looked_up_by_a_key_and_null_where_it_is_absent():
    goods = raw_table(code=[1, 2], brand=["x", "y"], price=["1.50", "2"])
    rows = mapped_rows(LOOKED_UP, sales(sku=["2", "1", "9", None]), goods=goods)

    assert [row["brand"] for row in rows] == ["y", "x", None, None]
    assert [row["amount"] for row in rows] == [Decimal(2), Decimal("1.50"), None, None]
    assert [row[ROW] for row in rows] == [1, 2, 3, 4]


@pytest.mark.parametrize(("raw", "goods"), [("skus", "code"), ("sku", "coda")])
def test_missing_key_of_a_lookup_is_refused_with_the_nearest(raw, goods):
    with pytest.raises(ContractError, match=r"needs the raw column .* Did you mean"):
        mapped_rows(LOOKED_UP, sales(**{raw: ["1"]}), goods=raw_table(**{goods: ["1"], "brand": ["x"], "price": ["1"]}))


def test_missing_raw_column_is_refused_with_the_nearest():
    with pytest.raises(ContractError) as error:
        mapped_rows(source(), raw_table(who=["a"], at=["2020-01-01"], payd=["1"]))

    assert str(error.value) == (
        "Source 'shop': tables.events needs the raw column paid; the raw table has who, at, payd. Did you mean 'payd'? "
        "A column that is not there cannot be read; nothing was changed. "
        "Fix: Correct conf/sources/shop.yaml, or the raw file's header."
    )


@pytest.mark.parametrize(
    "spec",
    [
        with_events(where="payd > 0"),
        with_events(set_aside={"free": "payd = 0"}),
        with_columns(quantity={"sql": "payd + 1"}),
        source(rules={"events": {"duplicates": {"key": ["order_id"], "prefer": "payd"}}}),
    ],
)
def test_expression_over_a_column_that_is_not_there_is_refused_with_the_nearest(spec):
    with pytest.raises(ContractError, match="needs the raw column payd; .* Did you mean 'paid'"):
        mapped_rows(spec, sales())


def test_expression_over_types_that_cannot_stand_together_is_refused():
    with pytest.raises(ContractError, match=r"tables\.events"):
        mapped_rows(with_columns(amount={"sql": "at * 2"}), sales(at=[pd.Timestamp("2020-01-01 00:00")]))


def written(**columns):
    """The raw row of one row as it stands in quarantine."""
    (row,) = source_rows(raw_table(**{name: [value] for name, value in columns.items()})).to_pyarrow().to_pylist()
    return row["source_row"]


def test_source_row_says_what_somebody_wrote():
    assert written(who="a", paid=1.5, at=None) == '{"who": "a", "paid": "1.5", "at": null}'


def test_source_row_of_a_broken_line_is_the_line():
    row = source_rows(raw_table(who=[None], broken=['a;"b'])).to_pyarrow().to_pylist()[0]

    assert row == {FILE: "sales.parquet", ROW: 1, "source_row": 'a;"b'}


def test_source_row_survives_odd_names_of_columns():
    assert json.loads(written(**{'a "b"': "x", "c\\d\n": "y"})) == {'a "b"': "x", "c\\d\n": "y"}


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_source_row_is_json_whatever_somebody_wrote(text):
    plain = "".join("\ufffd" if ord(mark) < 32 and mark not in "\n\r\t" else mark for mark in text)

    assert json.loads(written(who=text)) == {"who": plain}
