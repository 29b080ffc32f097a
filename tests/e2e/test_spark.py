"""What Spark ingests is what DuckDB ingests: the same rows in the same order, the same types, the same counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.adapters.engines import engine_named
from pipelines.adapters.lake import FileLake
from pipelines.features.days import customer_days
from pipelines.flows.ingest import ingest
from pipelines.tables.source import SourceSpec
from support.memory import MemoryRun

pytest.importorskip("pyspark", reason='the extra "spark" is not installed')
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Java, which Spark runs on, is not installed")

LOG: dict[str, Any] = {
    "name": "log",
    "title": "A shop whose tables have everything that can be read",
    "licence": "CC0",
    "currency": "EUR",
    "zone": "Europe/Berlin",
    "until": "2020-12-31T00:00:00+00:00",
    "event_types": ["gift"],
    "raw": {
        "orders": {"path": "orders", "delimiter": ";", "decimal": ",", "thousands": "."},
        "clicks": {"path": "clicks.parquet"},
        "people": {"path": "people.csv"},
        "goods": {"path": "goods.csv"},
    },
    "tables": {
        "events": [
            {
                "from": "orders",
                "where": "state <> 'cart'",
                "lookup": {"goods": {"on": {"sku": "sku"}}},
                "columns": {
                    "customer_id": "who",
                    "event_time": {"from": "at", "pattern": "%d.%m.%Y %H:%M"},
                    "event_type": {"from": "state", "values": {"paid": "purchase", "back": "return"}},
                    "order_id": {"sql": "CONCAT('o-', number)"},
                    "product_id": "sku",
                    "quantity": "pieces",
                    "amount": "sum",
                    "half": {"sql": "GREATEST(pieces, 1) * 0.5", "as": "money"},
                    "colour": "goods.colour",
                    "weight": {"from": "weight", "as": "number"},
                    "is_gift": {"from": "gift", "as": "boolean"},
                },
                "set_aside": {"a test order": "who = 'test'"},
            },
            {
                "from": "clicks",
                "columns": {
                    "customer_id": "user",
                    "event_time": {"from": "ms", "epoch": "ms"},
                    "event_type": {"from": "kind", "values": {"1": "view", "2": "add_to_cart", "*": "page_view"}},
                    "session_id": "session",
                    "amount": "price",
                    "quantity": "n",
                    "seen": {"from": "moment", "as": "time", "zone": "Asia/Tokyo"},
                },
            },
        ],
        "customers": {"from": "people", "columns": {"customer_id": "who", "since": {"from": "since", "as": "time"}}},
        "products": {"from": "goods", "columns": {"product_id": "sku", "category": "colour"}},
    },
    "rules": {
        "events": {
            "duplicates": {"key": ["order_id"], "prefer": "version"},
            "max_quarantined": "90%",
            "max_scale_change": 1000,
        },
        "customers": {"max_quarantined": "90%"},
    },
}
CASES: dict[str, Any] = {
    "name": "cases",
    "kind": "table",
    "title": "A finished feature table",
    "licence": "CC0",
    "currency": "EUR",
    "raw": {"rows": {"path": "rows.parquet"}},
    "tables": {
        "cases": {
            "from": "rows",
            "columns": {
                "case_id": "key",
                "customer_id": "who",
                "case_time": "at",
                "label": "left",
                "size": {"from": "size", "as": "number"},
                "paid": {"from": "paid", "as": "money"},
                "n": {"from": "n", "as": "integer"},
            },
        }
    },
    "rules": {"cases": {"max_quarantined": "90%"}},
}
STATES = ["paid", "paid", "paid", "back", "cart", "gift", "odd"]


def write_orders(folder: Path) -> None:
    """Two files: good orders of two versions, and rows of every kind that is not good."""
    folder.mkdir()
    header = "who;at;state;number;sku;pieces;sum;weight;gift;version\n"
    at = datetime(2020, 3, 27, 22)  # noqa: DTZ001 - hands of a clock; they are put forward two days later
    for part in range(2):
        lines = [
            ";".join(
                (
                    f"c{i % 17:02d}",
                    f"{at + timedelta(hours=7 * i):%d.%m.%Y %H:%M}",
                    STATES[i % 7],
                    f"{i % 150}",
                    f"s{i % 13}",
                    f"{i % 5}",
                    f"{'-' * (i % 7 == 3)}{i % 9 + 1}.{i:03d},{i % 100:02d}",
                    f"{i / 8}".replace(".", ","),
                    "yes" if i % 3 else "",
                    f"{part}",
                )
            )
            for i in range(200)
        ]
        bad = [
            ";27.03.2020 10:00;paid;x1;s1;1;1,00;;;0",
            "c01;31.02.2020 10:00;paid;x2;s1;1;1,00;;;0",
            "c01;27.03.2020 10:00;paid;x3;s1;1;much;;;0",
            "c01;27.03.2020 10:00;paid;x4;s1;1;;;;0",
            "c01;27.03.2020 10:00;paid;x5;s1;1;-1,00;;;0",
            "c01;27.03.2020 10:00;paid;x6;s1;-1;1,00;;;0",
            "c01;27.03.2020 10:00;back;x7;s1;1;5,00;;;0",
            "c01;27.03.2020 10:00;paid;x8;s1;1;1,00;heavy;;0",
            "c01;27.03.2021 10:00;paid;x9;s1;1;1,00;;;0",
            "test;27.03.2020 10:00;paid;x10;s1;1;1,00;;;0",
            "c01;27.03.2020;10:00;paid;x11",
            'c01;27.03.2020 10:00;paid;x12;"s;\n""ö\t\\";1;1,00;;perhaps;0',
        ]
        (folder / f"{part}.csv").write_text(header + "\n".join([*lines, *bad]) + "\n", encoding="utf-8")


def write_clicks(path: Path) -> None:
    """Typed columns, with values that are missing or cannot be."""
    n_rows = 120
    first = 1_577_836_800_000
    table = {
        "user": pa.array([f"c{i % 20:02d}" for i in range(n_rows)]).dictionary_encode(),
        "ms": pa.array([first + i * 12_345_678 if i % 40 else None for i in range(n_rows)], pa.int64()),
        "kind": pa.array([float(i % 4) for i in range(n_rows)]),
        "session": pa.array([i if i % 9 else None for i in range(n_rows)], pa.int32()),
        "price": pa.array([Decimal(i).scaleb(-3) if i % 6 else None for i in range(n_rows)], pa.decimal128(20, 3)),
        "n": pa.array([i / 2 if i % 3 else None for i in range(n_rows)], pa.float64()),
        "moment": pa.array([f"2020-02-{i % 32:02d} 03:00:00+0{i % 3}:30" for i in range(n_rows)]),
        "version": pa.array([None] * n_rows, pa.string()),
    }
    pq.write_table(pa.table(table), path)


def write_people(folder: Path) -> None:
    """Customers of whom some stand there twice, and what the shop sells."""
    people = [f"c{i % 25:02d},2019-01-{1 + i % 5:02d}" for i in range(30)] + [",2019-01-01", "c99,soon", "c98"]
    (folder / "people.csv").write_text("\n".join(["who,since", *people]), encoding="utf-8")
    goods = [f"s{i},{'red' if i % 2 else ''}" for i in range(11)]
    (folder / "goods.csv").write_text("\n".join(["sku,colour", *goods]), encoding="utf-8")


def write_cases(path: Path) -> None:
    """One row per case, keys that repeat among them, times with and without a zone."""
    n_rows = 60
    frame = pd.DataFrame(
        {
            "key": [f"k{i % 50}" for i in range(n_rows)],
            "who": [f"c{i % 7}" if i % 11 else None for i in range(n_rows)],
            "at": pd.date_range("2020-03-29 00:30", periods=n_rows, freq="37min", tz="Europe/Berlin"),
            "left": [["yes", "no", "perhaps", None][i % 4] for i in range(n_rows)],
            "size": [i / 3 if i % 13 else float("nan") for i in range(n_rows)],
            "paid": [i * 0.1 - 1.005 for i in range(n_rows)],
            "n": [str(i) if i % 10 else "1e3" for i in range(n_rows)],
        }
    )
    frame.to_parquet(path)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FileLake]]:
    """A lake of each engine beside the same raw files."""
    home = tmp_path_factory.mktemp("raw")
    write_orders(home / "orders")
    write_clicks(home / "clicks.parquet")
    write_people(home)
    write_cases(home / "rows.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_SPARK_MASTER", "local[2]")
        engines = {name: engine_named(name, home / "spill" / name) for name in ("duckdb", "pyspark")}
    engines["pyspark"]._session.conf.set("spark.sql.shuffle.partitions", "3")
    yield {name: FileLake(home / name, home, engine) for name, engine in engines.items()}
    engines["pyspark"]._session.stop()


@pytest.fixture(scope="module")
def ingested(lakes: dict[str, FileLake]) -> dict[tuple[str, str], Any]:
    """Both sources in both lakes: their manifests."""
    return {
        (engine, fields["name"]): ingest(
            SourceSpec.read({**fields, "engine": engine}, "test"), lake, MemoryRun()
        ).manifest
        for engine, lake in lakes.items()
        for fields in (LOG, CASES)
    }


def parts(lakes: dict[str, FileLake], engine: str, source: str) -> dict[str, pa.Table]:
    """Every table of every part, as it was written."""
    home = lakes[engine]._home_of(source) / "parts"
    return {str(path.relative_to(home)): pq.read_table(path) for path in sorted(home.rglob("*.parquet"))}


@pytest.mark.parametrize("source", ["log", "cases"])
def test_parts_are_the_same_files_of_the_same_rows_in_the_same_order(lakes, ingested, source):
    ours, theirs = (parts(lakes, engine, source) for engine in ("duckdb", "pyspark"))

    assert list(ours) == list(theirs)
    for name, table in ours.items():
        assert table.schema.types == theirs[name].schema.types, name
        assert table.to_pylist() == theirs[name].to_pylist(), name
    assert any(name.endswith("quarantine.parquet") for name in ours)


@pytest.mark.parametrize("source", ["log", "cases"])
def test_manifests_are_the_same(ingested, source):
    assert ingested["duckdb", source] == ingested["pyspark", source]


def test_every_kind_of_row_was_there(ingested):
    manifest = ingested["duckdb", "log"]
    events, cases = manifest.tables["events"], ingested["duckdb", "cases"].tables["cases"]

    assert set(events.failed) == {
        "line_unreadable",
        "set_aside",
        "customer_id_missing",
        "event_time_unreadable",
        "event_time_missing",
        "amount_unreadable",
        "quantity_unreadable",
        "weight_unreadable",
        "is_gift_unreadable",
        "seen_unreadable",
        "event_type_unknown",
        "event_after_end",
        "purchase_without_amount",
        "purchase_amount_negative",
        "purchase_quantity_negative",
        "return_amount_positive",
    }
    assert min(events.n_duplicates, events.n_elsewhere, events.n_accepted - 200) > 0
    assert {"key_repeated", "label_unreadable"} <= set(cases.failed)
    assert {finding.check for finding in manifest.findings} >= {"product_unknown", "order_shared"}


def test_money_adds_up_to_the_last_digit(lakes, ingested):
    sums = {
        engine: lake.columns(lake.table("log", "events").agg(total=lambda rows: rows.amount.sum()))["total"][0]
        for engine, lake in lakes.items()
    }

    assert sums["duckdb"] == sums["pyspark"]
    assert isinstance(sums["pyspark"], Decimal)


def test_customer_days_are_the_same(lakes, ingested):
    ours, theirs = (lake.columns(customer_days(lake.table("log", "events"), 2)) for lake in lakes.values())

    assert {name: column.tolist() for name, column in ours.items()} == {
        name: column.tolist() for name, column in theirs.items()
    }
    assert len(ours["day"]) > 50


def test_each_engine_reads_the_lake_of_the_other(lakes, ingested):
    for engine, other in (("duckdb", "pyspark"), ("pyspark", "duckdb")):
        paths = [str(path) for path in lakes[other]._home_of("log").glob("parts/*/accepted.parquet")]
        table = pq.read_table(next(path for path in paths if "amount" in pq.read_schema(path).names))
        events = [path for path in paths if "amount" in pq.read_schema(path).names]
        found = lakes[engine].columns(
            lakes[engine]
            ._engine.read(events)
            .agg(
                n=lambda rows: rows.count(),
                last=lambda rows: rows.event_time.max(),
                paid=lambda rows: rows.amount.sum(),
            )
        )

        assert found["n"][0] == table.num_rows
        assert pd.Timestamp(found["last"][0]) == pc.max(table["event_time"]).as_py()
        assert found["paid"][0] == pc.sum(table["amount"]).as_py()


def test_rows_are_numbered_in_their_order_by_both(lakes, tmp_path):
    pq.write_table(pa.table({"x": range(10_000)}), tmp_path / "x.parquet", row_group_size=777)
    for lake in lakes.values():
        found = lake.columns(lake._engine.read_numbered(str(tmp_path / "x.parquet"), "row").order_by("row"))

        assert (found["row"] - found["x"]).tolist() == [1] * 10_000
