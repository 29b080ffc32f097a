"""Raw tables become contract tables: whole, counted, once, and part by part."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileDraft, FileLake
from pipelines.core.errors import ContractError
from pipelines.flows.ingest import Ingested, ingest
from pipelines.flows.outcome import Outcome
from pipelines.scoring.history import history
from pipelines.tables.contract import Role
from pipelines.tables.source import SourceSpec
from support.memory import MemoryRun
from support.shop import SOURCE, Shop, make_shop, sales, write_sales
from support.tables import EVENTS
from support.tables import source as shop_source

COLUMNS = {**EVENTS["columns"], "order_id": "order"}
VERSIONS = {"events": {"duplicates": {"key": ["order_id"], "prefer": "_file"}}}
ONE, TWO, THREE = ("a", "01", "1.00", "o1"), ("b", "02", "2.00", "o2"), ("a", "03", "3.00", "o3")
FOUR, EARLY = ("c", "04", "4.00", "o4"), ("c", "01", "5.00", "o5")


@dataclass(frozen=True)
class Feed:
    """A folder of small CSV files that a source reads."""

    root: Path

    @property
    def lake(self) -> FileLake:
        return FileLake(self.root / "data", self.root, DuckDBEngine())

    def write(self, name: str, *rows: tuple[str, str, str, str]) -> None:
        lines = [f"{who},2020-01-{day} 10:00,{paid},{order}" for who, day, paid, order in rows]
        (self.root / "raw").mkdir(exist_ok=True)
        (self.root / "raw" / name).write_text("\n".join(["who,at,paid,order", *lines, ""]), encoding="utf-8")

    def ingest(self, run: MemoryRun | None = None, **fields: Any) -> Ingested:
        return ingest(feed_source(**fields), self.lake, run or MemoryRun())

    def rows(self, *columns: str) -> list[Any]:
        found = self.lake.table("shop", "events").order_by("order_id", "amount").execute()
        return [tuple(str(value) for value in row) for row in found[list(columns)].to_numpy()]

    def written(self) -> dict[str, tuple[int, bytes]]:
        """When each part was written, and its bytes."""
        paths = (self.root / "data/lake/shop/parts").glob("*/accepted.parquet")
        return {path.parent.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}

    def tables(self) -> dict[str, bytes]:
        return {name: held for name, (_, held) in self.written().items()}


def feed_source(**fields: Any) -> SourceSpec:
    events = {"events": {**EVENTS, "columns": COLUMNS}}
    return shop_source(**{"raw": {"sales": {"path": "raw"}}, "tables": events, **fields})


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    made = Feed(tmp_path)
    made.write("1.csv", ONE, TWO, THREE)
    return made


def accepted_bytes(root: Path) -> list[bytes]:
    """The accepted tables of a shop, customers and events."""
    return sorted(path.read_bytes() for path in root.glob("data/lake/tiny_shop/parts/*/accepted.parquet"))


def test_every_row_is_read_and_accepted_or_set_aside(tmp_path):
    bought = sales(50)
    bought.loc[:2, "who"] = None
    bought.loc[3:4, "paid"] = -1.0
    shop = make_shop(tmp_path, bought.dropna())
    write_sales(tmp_path, bought)

    events = ingest(shop.source, shop.lake, MemoryRun()).manifest.tables["events"]

    assert events.quarantined == {
        "customer_id is missing": 3,
        "a purchase with a negative amount: is it a return?": 2,
    }
    assert events.n_read == len(bought) == events.n_accepted + 5


def test_rows_set_aside_stand_in_a_table_with_their_reason_and_source_row(feed):
    feed.write("2.csv", FOUR, ("d", "05", "-1", "o6"), ("", "05", "1", 'o"7'))
    feed.ingest(rules={"events": {"max_quarantined": 1}})
    held = feed.lake.quarantine("shop", "events").execute()

    assert held["quarantine_check"].tolist() == ["purchase_amount_negative", "customer_id_missing"]
    assert held["_file"].tolist() == ["2.csv", "2.csv"]
    assert held["_row"].tolist() == [2, 3]
    assert held["source_row"][0] == '{"who": "d", "at": "2020-01-05 10:00", "paid": "-1", "order": "o6"}'


def test_nothing_is_in_quarantine_where_nothing_is_wrong(feed):
    feed.ingest()

    assert feed.lake.quarantine("shop", "events") is None


def test_the_run_says_where_every_row_went(feed):
    feed.write("2.csv", FOUR, ("d", "05", "-1", "o6"))
    feed.ingest(run := MemoryRun())

    assert {name: run.metrics[f"events.{name}"] for name in ("n_read", "n_accepted", "n_quarantined")} == {
        "n_read": 5,
        "n_accepted": 4,
        "n_quarantined": 1,
    }
    assert run.artifacts["report/reconciliation.parquet"]["n_rows"].sum() == 5
    assert run.logged_tags["outcome"] == "done"
    assert "| | quarantined | 1 | a purchase with a negative amount: is it a return? |" in run.description


def test_the_same_files_twice_change_nothing(feed):
    feed.write("2.csv", FOUR)
    first, before = feed.ingest(), feed.written()
    second = feed.ingest()

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.UNCHANGED)
    assert first.manifest == second.manifest
    assert feed.written() == before


def test_a_new_file_is_appended_and_nothing_else_is_read(feed, monkeypatch):
    feed.ingest()
    before, read, raw = feed.written(), [], FileLake.raw
    feed.write("2.csv", FOUR)
    monkeypatch.setattr(FileLake, "raw", lambda lake, spec, file: (read.append(file.name), raw(lake, spec, file))[1])

    assert feed.ingest().outcome == Outcome.DONE
    assert before.items() <= feed.written().items()
    assert set(read) == {"2.csv"}
    assert feed.rows("order_id") == [("o1",), ("o2",), ("o3",), ("o4",)]


@pytest.mark.parametrize("rules", [{}, VERSIONS], ids=["one by one", "judged together"])
def test_one_file_after_the_other_is_the_same_as_all_at_once(tmp_path, rules):
    files = {"1.csv": (ONE, TWO), "2.csv": (THREE, ("b", "02", "9.00", "o2")), "3.csv": (FOUR, EARLY)}
    slow, fast = Feed(tmp_path / "slow"), Feed(tmp_path / "fast")
    for feed in (slow, fast):
        feed.root.mkdir()
        for name, rows in files.items():
            feed.write(name, *rows)
            last = feed.ingest(rules=rules) if feed is slow or name == "3.csv" else None

    assert last.manifest.data_digest == slow.lake.manifest("shop").data_digest
    assert fast.tables().items() <= slow.tables().items()  # parts of the ingest before are kept for its readers
    assert fast.rows(*COLUMNS) == slow.rows(*COLUMNS)


def test_the_order_of_raw_rows_changes_no_byte_of_the_table(tmp_path):
    bought = sales(50)
    one = make_shop(tmp_path / "one", bought)
    other = make_shop(tmp_path / "other", bought.sample(frac=1.0, random_state=3))
    for shop in (one, other):
        ingest(shop.source, shop.lake, MemoryRun())

    assert accepted_bytes(one.root) == accepted_bytes(other.root)


@settings(max_examples=6)
@given(st.permutations([ONE, TWO, THREE, ("a", "01", "1.00", "o1"), ("a", "01", "-1", "o1"), ("b", "01", "7", "o9")]))
def test_whatever_the_order_of_raw_rows_the_accepted_rows_are_the_same_bytes(rows):
    rules = {"events": {"duplicates": {"key": ["order_id"]}}}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        usual, shuffled = Feed(Path(one)), Feed(Path(other))
        usual.write("1.csv", *sorted(rows))
        shuffled.write("1.csv", *rows)
        usual.ingest(rules=rules)
        shuffled.ingest(rules=rules)

        assert list(usual.tables().values()) == list(shuffled.tables().values())


def test_a_corrected_order_replaces_the_older_version(feed):
    feed.write("1.csv", ONE, TWO, ("b", "02", "2.50", "o2"))
    feed.ingest(rules=VERSIONS)
    feed.write("2.csv", ("b", "02", "20.00", "o2"), FOUR)
    events = feed.ingest(rules=VERSIONS).manifest.tables["events"]

    assert feed.rows("order_id", "amount") == [("o1", "1.00"), ("o2", "20.00"), ("o4", "4.00")]
    assert (events.n_read, events.n_accepted, events.n_duplicates) == (5, 3, 2)
    assert set(feed.lake.quarantine("shop", "events").execute()["quarantine_check"]) == {"duplicate"}


def test_late_rows_are_counted(feed):
    feed.ingest()
    feed.write("2.csv", EARLY, FOUR)

    assert feed.ingest().manifest.n_late == 1


def test_late_rows_are_refused_where_the_source_says_so(feed):
    before = feed.ingest(late="refuse").manifest
    feed.write("2.csv", EARLY, FOUR)

    with pytest.raises(ContractError, match="1 events of new files lie before the end"):
        feed.ingest(late="refuse")
    assert feed.lake.manifest("shop") == before
    assert feed.ingest(late="accept").manifest.n_late == 1


def test_a_file_that_vanished_is_named_and_its_rows_left_with_it(feed):
    feed.write("2.csv", FOUR)
    feed.ingest()
    (feed.root / "raw/2.csv").unlink()
    found = feed.ingest()

    assert (found.outcome, found.manifest.gone) == (Outcome.DONE, ("2.csv",))
    assert feed.rows("order_id") == [("o1",), ("o2",), ("o3",)]


def test_an_interrupted_ingest_leaves_the_last_good_tables_and_can_be_ended(feed, monkeypatch, tmp_path):
    feed.ingest()
    feed.write("2.csv", EARLY)
    feed.write("3.csv", FOUR)
    calls, write = [], FileDraft.write

    def dies_in_the_second_part(draft, name, rows):
        calls.append(name)
        if calls.count("accepted") == 2:
            raise OSError("killed")
        return write(draft, name, rows)

    with monkeypatch.context() as patch:
        patch.setattr(FileDraft, "write", dies_in_the_second_part)
        with pytest.raises(OSError, match="killed"):
            feed.ingest()
    assert feed.rows("order_id") == [("o1",), ("o2",), ("o3",)]

    clean = Feed(tmp_path / "clean")
    clean.root.mkdir()
    (clean.root / "raw").symlink_to(feed.root / "raw")
    assert feed.ingest().manifest.data_digest == clean.ingest().manifest.data_digest
    assert feed.tables() == clean.tables()


def test_a_feed_beyond_a_limit_is_refused_and_the_tables_stay(feed):
    before = feed.ingest().manifest
    feed.write("2.csv", *[("d", "05", "-1", f"n{place}") for place in range(2)])

    with pytest.raises(ContractError, match=r"2 of 5 rows \(40.0%, limit 0.2\).*\[purchase_amount_negative\]"):
        feed.ingest()
    assert feed.lake.manifest("shop") == before
    assert feed.ingest(rules={"events": {"limits": {"purchase_amount_negative": "40%"}}}).outcome == Outcome.DONE


def test_a_limit_holds_for_what_is_there_already(feed):
    feed.write("1.csv", *[("a", "01", "1", f"o{place}") for place in range(9)], ("a", "01", "", "o9"))
    feed.ingest()

    with pytest.raises(ContractError, match="limit 0.05"):
        feed.ingest(rules={"events": {"max_quarantined": "5%"}})


def test_a_file_in_other_units_is_refused(feed):
    feed.ingest()
    feed.write("2.csv", *[("a", "04", "200.00", f"x{place}") for place in range(3)])

    with pytest.raises(ContractError, match="the median purchase of 2.csv is 200.00, of 1.csv 2.00"):
        feed.ingest()


def test_a_feed_without_one_good_row_leaves_the_last_good_tables(shop: Shop):
    before = ingest(shop.source, shop.lake, MemoryRun()).manifest
    write_sales(shop.root, sales(5).assign(paid=-1.0))

    with pytest.raises(ContractError, match="no acceptable row in 'events' among .* rows: a purchase with a negative"):
        ingest(shop.source, shop.lake, MemoryRun())
    assert shop.lake.manifest("tiny_shop") == before
    assert shop.lake.table("tiny_shop", "events").count().execute() == before.tables["events"].n_accepted


def test_another_currency_is_another_ingest(feed):
    feed.ingest()

    assert feed.ingest(currency="GBP").manifest.currency == feed.lake.manifest("shop").currency == "GBP"


def test_several_raw_tables_may_feed_the_events(feed):
    (feed.root / "clicks.csv").write_text("visitor,seen\na,2020-01-02T08:00\n", encoding="utf-8")
    views = {"customer_id": "visitor", "event_time": "seen", "event_type": {"constant": "view"}}
    found = feed.ingest(
        raw={"sales": {"path": "raw"}, "clicks": {"path": "clicks.csv"}},
        tables={"events": [{**EVENTS, "columns": COLUMNS}, {"from": "clicks", "columns": views}]},
    )

    assert [part.files[0].raw for part in found.manifest.tables["events"].parts] == ["sales", "clicks"]
    assert feed.rows("event_type", "amount")[-1] == ("view", "None")
    assert len(feed.rows("amount")) == 4


def test_a_finished_feature_table_is_a_source_too(tmp_path):
    frame = pd.DataFrame({"id": ["1", "2", "2"], "spent": ["1.5", "2", "2"], "left": ["Yes", "No", "No"]})
    frame.to_csv(tmp_path / "cases.csv", index=False)
    columns = {"case_id": "id", "label": "left", "spent": {"from": "spent", "as": "number"}}
    tables = {"cases": {"from": "cases", "columns": columns}}
    spec = shop_source(kind="table", raw={"cases": {"path": "cases.csv"}}, tables=tables)
    lake = FileLake(tmp_path / "data", tmp_path, DuckDBEngine())
    manifest = ingest(spec, lake, MemoryRun()).manifest

    assert (manifest.clock, manifest.n_customers, manifest.tables["cases"].n_duplicates) == (None, 2, 1)
    assert manifest.tables["cases"].roles["label"] == Role.LABEL
    assert lake.table("shop", "cases").execute()[["spent", "label"]].to_numpy().tolist() == [[1.5, True], [2.0, False]]


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

    assert manifest.times.last.date() == ahead["at"].iloc[0].date()
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

    days = history(shop.lake, "tiny_shop", manifest.latest, ())

    assert set(days.measures["n_orders"]) == {1}


def test_tables_that_are_gone_are_ingested_again(feed):
    feed.ingest()
    next((feed.root / "data/lake/shop/parts").glob("*/accepted.parquet")).unlink()

    assert feed.ingest().outcome == Outcome.DONE
    assert len(feed.rows("order_id")) == 3


def test_a_manifest_of_another_release_counts_for_nothing(feed):
    feed.ingest()
    (feed.root / "data/lake/shop/manifest.json").write_text('{"version": 0}', encoding="utf-8")

    assert feed.ingest().outcome == Outcome.DONE
