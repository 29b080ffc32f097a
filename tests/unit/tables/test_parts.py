from __future__ import annotations

import pytest

from pipelines.tables.parts import data_digest_of, parts_of
from support.tables import EVENTS, SOURCE, file, source, with_columns, with_events

TWO = {"sales": (file("a.csv", "a" * 64), file("b.csv", "b" * 64))}
GOODS = {"goods": {"path": "goods.csv"}}


def digests(spec, files=TWO, table="events"):
    return [part.digest for part in parts_of(spec, files)[table]]


def names(spec, files=TWO, table="events"):
    """The files of each part."""
    return [[one.name for one in part.files] for part in parts_of(spec, files)[table]]


def with_rules(**rules):
    return source(rules={"events": rules})


def test_rows_that_are_judged_one_by_one_have_a_part_per_file():
    assert names(source()) == [["a.csv"], ["b.csv"]]


@pytest.mark.parametrize("key", ["row", ["customer_id"]])
def test_rows_that_are_judged_against_each_other_are_one_part(key):
    assert names(with_rules(duplicates={"key": key})) == [["a.csv", "b.csv"]]


def test_a_table_with_a_key_is_one_part():
    spec = source(tables={**SOURCE["tables"], "customers": {"from": "sales", "columns": {"customer_id": "who"}}})

    assert names(spec, table="customers") == [["a.csv", "b.csv"]]


def test_every_map_of_a_table_has_its_parts():
    spec = source(
        tables={"events": [EVENTS, {**EVENTS, "from": "web"}]}, raw={**SOURCE["raw"], "web": {"path": "w.csv"}}
    )

    assert names(spec, {**TWO, "web": (file("w.csv", raw="web"),)}) == [["a.csv"], ["b.csv"], ["w.csv"]]


def test_what_is_looked_up_belongs_to_every_part_after_its_own_file():
    spec = with_events(GOODS, lookup={"goods": {"on": {"sku": "sku"}}})

    assert names(spec, {**TWO, "goods": (file("goods.csv", raw="goods"),)}) == [
        ["a.csv", "goods.csv"],
        ["b.csv", "goods.csv"],
    ]


def test_another_file_changes_no_part_that_was_there():
    more = {"sales": (*TWO["sales"], file("c.csv", "c" * 64))}

    assert digests(source(), more)[:2] == digests(source())


@pytest.mark.parametrize("files", [(file("a.csv", "c" * 64),), (file("renamed.csv", "a" * 64),)], ids=["bytes", "name"])
def test_digest_changes_with_the_file(files):
    assert digests(source(), {"sales": files})[0] != digests(source())[0]


@pytest.mark.parametrize(
    "spec",
    [
        with_columns(amount="price"),
        with_columns(amount={"from": "paid", "role": "sensitive"}),
        with_columns(order_id="order"),
        with_events(where="paid > 0"),
        with_events(set_aside={"a test": "who = 'test'"}),
        source(decimals=3),
        source(currency="GBP"),
        source(zone="Europe/Berlin"),
        source(until="2021-01-01T00:00:00Z"),
        source(event_types=["gift"]),
        source(raw={"sales": {"path": "sales.parquet", "decimal": ","}}),
        source(raw={"sales": {"path": "sales.parquet", "missing": ["-"]}}),
    ],
)
def test_digest_changes_with_what_decides_the_rows(spec):
    assert digests(spec)[0] != digests(source())[0]


def test_digest_changes_with_the_rule_about_duplicates():
    rules = [{"key": "row"}, {"key": ["customer_id"]}, {"key": ["customer_id"], "prefer": "_file"}]
    found = {digests(with_rules(duplicates=one))[0] for one in rules}

    assert len(found) == 3
    assert not found & set(digests(source()))


@pytest.mark.parametrize(
    "spec",
    [
        source(title="Another title", licence="MIT", note="A note"),
        source(raw={"sales": {"path": ["elsewhere/*.parquet"]}}),
        source(raw={"sales": {"path": "s.csv", "download": {"url": "https://example.org/s.csv"}}}),
        source(late="refuse"),
        source(engine="pyspark"),
        with_rules(max_quarantined="1%", limits={"event_after_end": 0}, max_missing={"amount": 0.1}),
    ],
)
def test_digest_does_not_change_with_titles_places_and_limits(spec):
    assert digests(spec) == digests(source())


def test_a_column_that_another_map_of_the_table_adds_changes_the_part_too():
    more = {**EVENTS, "from": "web", "columns": {**EVENTS["columns"], "till": "till"}}
    both = source(tables={"events": [EVENTS, more]}, raw={**SOURCE["raw"], "web": {"path": "w.csv"}})
    files = {**TWO, "web": (file("w.csv", raw="web"),)}

    assert digests(both, files)[0] != digests(source())[0]


def test_data_digest_is_that_of_all_parts():
    whole = data_digest_of(parts_of(source(), TWO))

    assert whole == data_digest_of(parts_of(source(title="x"), TWO))
    assert whole != data_digest_of(parts_of(source(), {"sales": TWO["sales"][:1]}))
