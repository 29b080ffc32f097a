"""Raw tables become contract tables: whole, counted, and once."""

import pandas as pd
import pytest

from pipelines.core.errors import ContractError
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.tables.contract import Role
from support.memory import MemoryRun
from support.shop import Shop, make_shop, sales, write_sales


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
