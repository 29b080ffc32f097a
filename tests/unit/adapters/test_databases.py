from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.adapters import databases
from pipelines.adapters.csv_files import digest_of
from pipelines.core.errors import ContractError
from support import postgres

SALES = """
    CREATE SCHEMA store;
    CREATE TABLE store.sales (
        who text, "at" timestamptz, local timestamp, day date, paid decimal(12, 2), n int, size double precision,
        ok boolean, key uuid, about json
    );
    INSERT INTO store.sales VALUES
        ('b', '2020-01-01 10:00:00+02', '2020-01-01 10:00:00.123456', '2020-01-31', 10.50, 3, 0.1,
         true, '90876b49-46b0-4d39-9ad2-8936449ca0e7', '{"a": 1}'),
        ('a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
ROWS = [
    {"who": "a", **dict.fromkeys(["at", "local", "day", "paid", "n", "size", "ok", "key", "about"]), "_row": 1},
    {
        "who": "b",
        "at": datetime(2020, 1, 1, 8, tzinfo=UTC),
        "local": datetime(2020, 1, 1, 10, 0, 0, 123456),  # noqa: DTZ001 - hands of a clock
        "day": date(2020, 1, 31),
        "paid": Decimal("10.50"),
        "n": 3,
        "size": 0.1,
        "ok": True,
        "key": "90876b49-46b0-4d39-9ad2-8936449ca0e7",
        "about": '{"a": 1}',
        "_row": 2,
    },
]


@pytest.fixture(scope="module")
def server():
    """The URL of a PostgreSQL server with a table."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    psycopg = pytest.importorskip("psycopg", reason='the extra "postgres" is not installed')
    with postgres.server(programs) as url:
        with psycopg.connect(url) as connection:
            connection.execute(SALES)
        yield url


@pytest.fixture
def file(tmp_path):
    """A DuckDB file with the same table."""
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        connection.execute(SALES)
    return tmp_path / "shop.duckdb"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """The table that a database's table becomes."""

    def table(url, name):
        monkeypatch.setenv("SHOP", str(url))
        databases.to_parquet("SHOP", name, tmp_path / "staged.parquet")
        return pq.read_table(tmp_path / "staged.parquet")

    return table


def test_table_of_a_duckdb_file(read, file):
    assert read(f"duckdb://{file}", "store.sales").to_pylist() == ROWS


def test_table_of_a_postgres_server(read, server):
    found = read(server, "store.sales")

    assert found.to_pylist() == ROWS
    assert str(found.schema.field("paid").type) == "decimal128(12, 2)"


def test_types_that_only_postgres_has_become_text(read, server):
    with pytest.importorskip("psycopg").connect(server) as connection:
        connection.execute(
            "CREATE TABLE odd AS SELECT 1.123456789012345678901::numeric AS wide, '{x,y}'::text[] AS many, "
            "'10:00'::time AS hour, '{\"b\": 2}'::jsonb AS about, '<a/>'::xml AS page"
        )

    assert [tuple(row.values()) for row in read(server, "odd").to_pylist()] == [
        ("1.123456789012345678901", "{x,y}", "10:00:00", '{"b": 2}', "<a/>", 1)
    ]


def test_a_view_without_rows_keeps_its_columns(read, server):
    with pytest.importorskip("psycopg").connect(server) as connection:
        connection.execute("CREATE VIEW store.nobody AS SELECT * FROM store.sales WHERE false")
    found = read(server, "store.nobody")

    assert (found.num_rows, found.column_names) == (0, list(ROWS[0]))


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_the_same_rows_in_another_order_give_the_same_bytes(read, tmp_path, order):
    path = tmp_path / f"{order}.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT i, i % 7 AS j FROM range(200_000) AS r(i) ORDER BY i {order}")
    read(f"duckdb://{path}", "t")

    assert digest_of(tmp_path / "staged.parquet")[:12] == digest_of(_expected(tmp_path))[:12]


def _expected(tmp_path):
    """The same rows in a third order."""
    with duckdb.connect(tmp_path / "third.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT i, i % 7 AS j FROM range(200_000) AS r(i) ORDER BY hash(i)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THIRD", f"duckdb://{tmp_path / 'third.duckdb'}")
        databases.to_parquet("THIRD", "t", tmp_path / "third.parquet")
    return tmp_path / "third.parquet"


def test_postgres_gives_the_same_bytes_in_another_order(read, server, tmp_path):
    digests = set()
    for order in ("ASC", "DESC"):
        with pytest.importorskip("psycopg").connect(server) as connection:
            connection.execute("DROP TABLE IF EXISTS t")
            connection.execute(f"CREATE TABLE t AS SELECT i FROM generate_series(1, 9999) AS s(i) ORDER BY i {order}")
        read(server, "t")
        digests.add(digest_of(tmp_path / "staged.parquet"))

    assert len(digests) == 1


def test_a_duckdb_file_that_is_not_there_is_not_made(read, tmp_path):
    with pytest.raises(ContractError, match=r"The raw table 'sales' cannot be read from the database in SHOP \("):
        read(f"duckdb://{tmp_path / 'none.duckdb'}", "sales")
    assert not (tmp_path / "none.duckdb").exists()


def test_a_duckdb_file_is_only_read(read, file):
    before = file.read_bytes()
    read(f"duckdb://{file}", "store.sales")

    assert file.read_bytes() == before
    with duckdb.connect(file) as connection:  # nobody holds it any longer
        assert connection.execute("SELECT count(*) FROM store.sales").fetchone() == (2,)


def test_missing_table_is_refused(read, file):
    with pytest.raises(ContractError) as error:
        read(f"duckdb://{file}", "store.seals")

    assert str(error.value) == (
        "The raw table 'store.seals' cannot be read from the database in SHOP (TableNotFound). There is nothing to "
        "ingest from it. Fix: Check that SHOP is right, that the database runs, and that the table is there."
    )


def test_a_wrong_password_is_refused_and_not_shown(read, server):
    wrong = server.replace(postgres.PASSWORD, "wrong-password")
    with pytest.raises(ContractError, match="cannot be read from the database in SHOP") as error:
        read(wrong, "store.sales")

    assert not [part for part in ("wrong-password", "localhost", "shop:") if part in str(error.value)]
    assert error.value.__suppress_context__


def test_an_unset_variable_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SHOP", raising=False)
    with pytest.raises(ContractError, match=r"The environment variable SHOP is not set\."):
        databases.to_parquet("SHOP", "sales", tmp_path / "staged.parquet")


def test_a_client_that_is_not_installed_is_told(read, monkeypatch):
    def missing(*_, **__):
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr("ibis.connect", missing)
    with pytest.raises(ContractError, match=r'is not installed\. Fix: Run: pip install "regulars\[postgres\]"'):
        read("postgres://localhost/shop", "sales")
