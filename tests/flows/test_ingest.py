"""Raw tables become contract tables: whole, counted, and once."""

import pandas as pd
import pytest

from pipelines.core.errors import ContractError
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.scoring.history import history
from pipelines.tables.contract import Role
from pipelines.tables.source import SourceSpec
from support.memory import MemoryRun
from support.shop import SOURCE, Shop, make_shop, sales, write_sales


def test_every_row_is_read_and_accepted_or_set_aside(tmp_path):
    bought = sales(50)
    bought.loc[:2, "who"] = None
    bought.loc[3:4, "paid"] = -1.0
    shop = make_shop(tmp_path, bought.dropna())
    write_sales(tmp_path, bought)

    events = ingest(shop.source, shop.lake, MemoryRun()).manifest.tables["events"]

    assert events.quarantined == {"customer_id is missing or unreadable": 3, "a purchase with a negative amount": 2}
    assert events.n_read == len(bought) == events.n_accepted + 5


def test_rows_set_aside_stand_in_a_table_with_their_reason(tmp_path):
    bought = sales(50)
    bought.loc[3:4, "paid"] = -1.0
    shop = make_shop(tmp_path, bought)
    ingest(shop.source, shop.lake, MemoryRun())

    held = shop.lake.table("tiny_shop", "quarantine_events").execute()

    assert held["quarantine_reason"].tolist() == ["a purchase with a negative amount"] * 2
    assert held["amount"].astype(float).tolist() == [-1.0, -1.0]


def test_the_same_files_twice_change_nothing(shop: Shop):
    first = ingest(shop.source, shop.lake, MemoryRun())
    stamp = next(shop.root.glob("data/lake/tiny_shop/*/events.parquet")).stat().st_mtime_ns
    second = ingest(shop.source, shop.lake, MemoryRun())

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.UNCHANGED)
    assert next(shop.root.glob("data/lake/tiny_shop/*/events.parquet")).stat().st_mtime_ns == stamp


def test_the_order_of_raw_rows_changes_no_byte_of_the_table(tmp_path):
    bought = sales(50)
    one = make_shop(tmp_path / "one", bought)
    other = make_shop(tmp_path / "other", bought.sample(frac=1.0, random_state=3))
    for shop in (one, other):
        ingest(shop.source, shop.lake, MemoryRun())

    tables = [next(shop.root.glob("data/lake/tiny_shop/*/events.parquet")).read_bytes() for shop in (one, other)]
    assert tables[0] == tables[1]


def test_a_feed_without_one_good_row_leaves_the_last_good_tables(shop: Shop):
    before = ingest(shop.source, shop.lake, MemoryRun()).manifest
    write_sales(shop.root, sales(5).assign(paid=-1.0))

    with pytest.raises(ContractError, match="no acceptable event among .* rows: .* a purchase with a negative amount"):
        ingest(shop.source, shop.lake, MemoryRun())
    assert shop.lake.manifest("tiny_shop") == before
    assert shop.lake.table("tiny_shop", "events").count().execute() == before.tables["events"].n_accepted


def test_sensitive_columns_keep_their_role(shop: Shop):
    manifest = ingest(shop.source, shop.lake, MemoryRun()).manifest

    assert manifest.tables["customers"].roles["band"] == Role.SENSITIVE


def test_money_is_exact(tmp_path):
    paid = [0.1] * 10
    at = pd.Timestamp("2020-03-01")
    bought = pd.DataFrame({"who": "a", "at": at, "basket": [f"b{i}" for i in range(10)], "paid": paid})
    shop = make_shop(tmp_path, bought)
    ingest(shop.source, shop.lake, MemoryRun())

    assert str(shop.lake.table("tiny_shop", "events").amount.sum().execute()) == "1.00"


def test_an_event_dated_ahead_does_not_move_the_end_of_the_log(tmp_path):
    bought = sales(50)
    ahead = bought.tail(1).assign(at=bought["at"].max() + pd.Timedelta(days=7))
    shop = make_shop(tmp_path, pd.concat([bought, ahead]))

    manifest = ingest(shop.source, shop.lake, MemoryRun()).manifest

    assert manifest.last_event.date() == ahead["at"].iloc[0].date()
    assert manifest.latest.date() == bought["at"].max().date()


def test_ids_that_look_like_numbers_stay_as_they_are_written(tmp_path):
    bought = sales(20)
    shop = make_shop(tmp_path, bought)
    people = pd.DataFrame({"who": [str(i) for i in range(25_000)] + ["00007"], "band": "x"})
    people.to_csv(tmp_path / "raw/people.csv", index=False)

    customers = ingest(shop.source, shop.lake, MemoryRun()).manifest.tables["customers"]

    assert (customers.n_accepted, customers.quarantined) == (25_001, {})


def test_a_shop_without_order_ids_has_one_order_a_day(tmp_path):
    shop = make_shop(tmp_path, sales(20))
    columns = {name: how for name, how in SOURCE["tables"]["events"]["columns"].items() if name != "order_id"}
    events = {**SOURCE["tables"]["events"], "columns": columns}
    source = SourceSpec.read({**SOURCE, "tables": {**SOURCE["tables"], "events": events}}, "test")
    manifest = ingest(source, shop.lake, MemoryRun()).manifest

    days = history(shop.lake, "tiny_shop", manifest.latest)

    assert set(days.measures["n_orders"]) == {1}


def test_tables_that_are_gone_are_ingested_again(shop: Shop):
    ingest(shop.source, shop.lake, MemoryRun())
    next(shop.root.glob("data/lake/tiny_shop/*/events.parquet")).unlink()

    again = ingest(shop.source, shop.lake, MemoryRun())

    assert again.outcome == Outcome.DONE
    assert shop.lake.table("tiny_shop", "events").count().execute() == again.manifest.tables["events"].n_accepted
