from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.errors import ContractError
from pipelines.tables.reading_time import as_time


@pytest.fixture
def engine(tmp_path):
    return DuckDBEngine(tmp_path / "spill")


def test_files_stand_below_each_other_in_the_order_given(engine, tmp_path):
    for name in "ab":
        pq.write_table(pa.table({"x": [name]}), tmp_path / name)

    assert engine.columns(engine.read([str(tmp_path / name) for name in "ba"]))["x"].tolist() == ["b", "a"]


def test_rows_have_their_numbers_whatever_is_asked_of_them(engine, tmp_path):
    pq.write_table(pa.table({"x": range(3_000)}), tmp_path / "x.parquet", row_group_size=1_000)
    numbered = engine.read_numbered(str(tmp_path / "x.parquet"), "row")
    found = engine.columns(numbered.filter(numbered.x % 1_000 == 1).order_by("row"))

    assert {name: column.tolist() for name, column in found.items()} == {"x": [1, 1001, 2001], "row": [2, 1002, 2002]}


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_moments_of_every_unit_are_read(engine, tmp_path, zone, unit):
    at = pa.array([1_577_836_800_000], pa.timestamp("ms", zone)).cast(pa.timestamp(unit, zone))
    pq.write_table(pa.table({"at": at}), tmp_path / "x.parquet")
    found = engine.columns(as_time(engine.read_numbered(str(tmp_path / "x.parquet"), "row").at).name("at").as_table())

    assert str(found["at"][0]) == "2020-01-01T00:00:00.000000"


def test_results_are_written_in_order_with_their_types(engine, tmp_path):
    rows = ibis.memtable(
        pa.table(
            {
                "paid": pa.array([Decimal("2.50"), None], pa.decimal128(18, 2)),
                "at": pa.array([datetime(2020, 1, 1, 10), None], pa.timestamp("us")),  # noqa: DTZ001 - naive by contract
            }
        )
    )
    engine.write(rows.order_by("paid"), tmp_path / "x.parquet")
    found = pq.read_table(tmp_path / "x.parquet")

    assert [str(kind) for kind in found.schema.types] == ["decimal128(18, 2)", "timestamp[us]"]
    assert found.to_pylist()[0] == {"paid": Decimal("2.50"), "at": datetime(2020, 1, 1, 10)}  # noqa: DTZ001
    assert found["paid"].null_count == found["at"].null_count == 1


@pytest.mark.parametrize("content", [b"", b"no parquet, and a customer's name"])
def test_damaged_files_are_refused_without_a_word_of_their_rows(engine, tmp_path, content):
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(ContractError, match=r"The engine could not read a table \(\w+\)") as error:
        engine.read([str(tmp_path / "x.parquet")])

    assert "customer's name" not in str(error.value)


def test_values_that_cannot_be_cast_are_refused_without_a_word_of_them(engine):
    wrong = ibis.memtable({"x": ["Jane Doe"]}).select(x=ibis._.x.cast("int64"))
    with pytest.raises(ContractError) as error:
        engine.columns(wrong)

    assert "Jane Doe" not in str(error.value)


def test_sums_that_would_be_written_as_floats_are_refused(engine, tmp_path):
    """DuckDB sums to integers of 128 bits, which Parquet does not have."""
    numbers = ibis.memtable({"n": [2**53, 1]})

    with pytest.raises(TypeError, match=r"total would lose digits: cast to !int64, then to int64"):
        engine.write(numbers.agg(total=numbers.n.sum()), tmp_path / "sum.parquet")
