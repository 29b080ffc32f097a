from __future__ import annotations

import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.core.errors import ContractError
from pipelines.tables.parts import parts_of
from pipelines.tables.writing import write_part
from support.tables import EVENTS, SOURCE, source, with_events

SALES = "who,at,paid,sku\na,2020-01-01,10,1\nb,2020-01-02,-1,2\n,2020-01-03,5,3\nc,2020-01-04\n"
WHOLE = SALES.removesuffix("c,2020-01-04\n")
RAW = {"sales": {"path": "sales.csv"}, "goods": {"path": "goods.csv"}}


@pytest.fixture
def write(tmp_path):
    """Writes the parts of events from these files; gives their manifests and what reads a table of them."""

    def written(spec, goods="sku,brand\n1,x\n", sales=SALES):
        (tmp_path / "sales.csv").write_text(sales, encoding="utf-8")
        (tmp_path / "goods.csv").write_text(goods, encoding="utf-8")
        lake = FileLake(tmp_path / "data", tmp_path, DuckDBEngine())
        parts = parts_of(spec, lake.files(spec))["events"]
        manifests = [write_part(spec, lake, part) for part in parts]
        places = [tmp_path / "data" / "lake" / "shop" / "parts" / part.digest[:16] for part in parts]
        return manifests, lambda name: pd.concat([pd.read_parquet(place / f"{name}.parquet") for place in places])

    return written


def csv(**fields):
    return source(**{"raw": RAW, **fields})


def test_every_line_of_a_file_goes_somewhere(write):
    (found,), read = write(csv())

    assert (found.n_read, found.n_accepted, found.n_duplicates) == (4, 1, 0)
    assert {one.check for one in found.quarantined} == {
        "purchase_amount_negative",
        "customer_id_missing",
        "line_unreadable",
    }
    assert read("accepted")["customer_id"].tolist() == ["a"]
    assert read("quarantine")["_row"].tolist() == [2, 3, 4]
    assert read("quarantine")["source_row"].tolist()[2] == "c,2020-01-04"


def test_rows_of_another_table_are_counted_apart(write):
    (found,), _ = write(csv(tables={"events": {**EVENTS, "where": "paid > 0"}}))

    assert (found.n_read, found.n_elsewhere, found.n_accepted) == (3, 1, 1)


LOOKUP = {**EVENTS, "lookup": {"goods": {"on": {"sku": "sku"}}}}
LOOKUP["columns"] = {**EVENTS["columns"], "brand": {"from": "goods.brand"}}


def test_columns_are_looked_up_in_another_file(write):
    _, read = write(csv(tables={"events": LOOKUP}), goods="sku,brand\n2,y\n1,x\n")

    assert read("accepted")["brand"].tolist() == ["x"]


def test_a_key_that_stands_twice_in_a_lookup_is_refused(write):
    with pytest.raises(ContractError) as error:
        write(csv(tables={"events": LOOKUP}), goods="sku,brand\n1,x\n1,y\n2,z\n")

    assert str(error.value).startswith("Source 'shop': 1 of 3 rows of the raw table 'goods' repeat sku. Looking")


def test_rows_without_a_key_do_not_spoil_a_lookup(write):
    _, read = write(csv(tables={"events": LOOKUP}), goods="sku,brand\n1,x\nbroken\nline\n")

    assert read("accepted")["brand"].tolist() == ["x"]


def test_rows_left_out_stand_in_quarantine_once_whatever_reads_their_file(write):
    maps = [{**EVENTS, "where": condition} for condition in ("paid > 5", "paid <= 5")]
    spec = csv(tables={"events": maps}, rules={"events": {"duplicates": {"key": ["customer_id"]}}})
    (found,), read = write(spec, sales=WHOLE)

    assert (found.n_read, found.n_elsewhere, found.n_accepted) == (3, 3, 1)
    assert read("quarantine")["_row"].tolist() == [2, 3]


def test_files_of_the_same_name_in_two_raw_tables_are_told_apart(write, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web/sales.csv").write_text("who,at,paid\nw,2020-01-01,3\nx,2020-01-02,-7\n", encoding="utf-8")
    spec = csv(
        raw={**RAW, "web": {"path": "web"}},
        tables={"events": [EVENTS, {**EVENTS, "from": "web"}]},
        rules={"events": {"duplicates": {"key": ["customer_id"]}}},
    )
    _, read = write(spec, sales=WHOLE)

    held = read("quarantine")
    assert list(zip(held["_file"], held["_row"], strict=True)) == [
        ("sales/sales.csv", 2),
        ("sales/sales.csv", 3),
        ("web/sales.csv", 2),
    ]
    assert held["source_row"].tolist()[2] == '{"who": "x", "at": "2020-01-02", "paid": "-7"}'


def test_a_part_that_cannot_be_written_leaves_nothing(write, tmp_path):
    with pytest.raises(ContractError, match="needs the raw column price"):
        write(with_events(raw=RAW, columns={**SOURCE["tables"]["events"]["columns"], "amount": "price"}))

    assert not list(tmp_path.glob("data/lake/shop/parts/*"))
