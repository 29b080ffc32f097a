"""Kept reductions: growing a log reduces its new days only, and the table is that of a reduction of everything."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.scoring import reduced as module
from pipelines.scoring.log import DAYS
from pipelines.scoring.log import reductions as reductions_of
from pipelines.scoring.reduced import reduced
from support.feeds import CHURN, GROWING, Growing, between, log


def tables(shop):
    """Every kept reduction, as frames in their order."""
    found = reduced(shop.lake, shop.lake.manifest(GROWING.name), CHURN.features)
    return {name: pd.DataFrame(shop.lake.columns(table)) for name, table in found.items()}


def anew(shop):
    """The same straight from the log."""
    manifest = shop.lake.manifest(GROWING.name)
    found = reductions_of(shop.lake, manifest, CHURN.features, lambda rows: rows)
    return {name: pd.DataFrame(shop.lake.columns(table)) for name, table in found.items()}


def assert_same(one, other):
    assert set(one) == set(other) == {DAYS, "category"}
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])


@pytest.fixture
def shown(monkeypatch):
    """How many rows of the log each reduction read."""
    read: list[int] = []

    def counting(lake, manifest, blocks, shown):
        log = lake.table(manifest.source, "events")
        read.append(int(lake.columns(shown(log).count().name("n").as_table())["n"][0]))
        return reductions_of(lake, manifest, blocks, shown)

    monkeypatch.setattr(module, "reductions", counting)
    return read


def test_days_that_are_kept_are_not_reduced_again(tmp_path, shown):
    rows = log()
    shop = Growing(tmp_path).add(rows, "all")
    tables(shop)
    n_first = len(shown)

    tables(shop)

    assert (n_first, len(shown)) == (2, 2)
    assert shown == [len(rows)] * 2


def test_only_days_from_the_first_new_one_on_are_reduced(tmp_path, shown):
    """The second file begins within a day, whose orders stand in both."""
    rows = log()
    shop = Growing(tmp_path).add(between(rows, 0, 100.5), "first")
    tables(shop)
    shop.add(between(rows, 100.5, 150), "second")
    grown = tables(shop)

    assert shown[2:] == [len(between(rows, 100, 150))] * 2
    assert_same(grown, anew(shop))


@pytest.mark.parametrize("place", ["first", "second"])
def test_file_that_is_replaced_is_reduced_anew(tmp_path, place):
    rows = log()
    shop = Growing(tmp_path).add(between(rows, 0, 100), "first").add(between(rows, 100, 150), "second")
    tables(shop)
    shop.add(between(log(seed=2), *((0, 100) if place == "first" else (100, 150))), place)

    assert_same(tables(shop), anew(shop))


def test_the_table_before_is_kept_for_those_who_read_it_and_older_ones_are_not(tmp_path):
    rows = log()
    shop = Growing(tmp_path)
    for place, end in enumerate((50, 100, 150, 200)):
        tables(shop.add(between(rows, end - 50, end), f"part{place}"))

    assert len(list(tmp_path.glob("data/days/*/*/*/reduction.json"))) == 4
    assert_same(tables(shop), anew(shop))


@pytest.mark.parametrize("end", [100, 200])
def test_ranges_of_customers_that_are_reduced_apart_are_one_table(tmp_path, monkeypatch, end):
    rows = log()
    shop = Growing(tmp_path).add(between(rows, 0, 100), "first")
    tables(shop)
    monkeypatch.setattr(DuckDBEngine, "rows_at_once", 100)
    shop.add(between(rows, 100, 200), "second") if end == 200 else shop.add(between(log(seed=2), 0, 100), "first")
    grown = tables(shop)

    assert len(list(tmp_path.glob("data/days/*/*/*/000003.parquet"))) == 2
    assert_same(grown, anew(shop))


def test_tables_of_another_release_are_cleared_away(tmp_path, monkeypatch):
    shop = Growing(tmp_path).add(log(), "all")
    monkeypatch.setattr(module, "code_digest", lambda: "another release")
    tables(shop)
    monkeypatch.undo()
    tables(shop)

    assert len(list(tmp_path.glob("data/days/*/*"))) == 1


def test_what_somebody_else_kept_meanwhile_stays(tmp_path, monkeypatch):
    """Both began before either had ended; the first may be reading its files when the second ends."""
    shop = Growing(tmp_path).add(log(), "all")
    tables(shop)
    before = {path: path.stat().st_ino for path in tmp_path.glob("data/days/*/*/*/*.parquet")}
    monkeypatch.setattr(type(shop.lake), "find_reduction", lambda *_: None)
    tables(shop)

    assert {path: path.stat().st_ino for path in tmp_path.glob("data/days/*/*/*/*.parquet")} == before


def test_note_that_is_damaged_counts_for_nothing(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    tables(shop)
    notes = list(tmp_path.glob("data/days/*/*/*/reduction.json"))
    for note in notes:
        note.write_text("{", encoding="utf-8")

    assert len(notes) == 2
    assert_same(tables(shop), anew(shop))
