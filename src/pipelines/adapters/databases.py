"""Tables of databases as Parquet files, through Ibis and Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.core.errors import ContractError
from pipelines.tables.source import ROW

_DIGITS, _CHUNK = 38, 100_000


def to_parquet(variable: str, name: str, target: Path) -> None:
    """Write a table or view, ordered by all its columns, so that the same rows give the same file.

    Parameters
    ----------
    variable : str
        The environment variable that holds the connection's URL.
    name : str
        The table, with its schema before a dot where there is one.
    target : Path
        The Parquet file to write.

    Raises
    ------
    ContractError
        If the variable is not set, or the database or the table cannot be reached. Its URL is not shown.
    """
    schema, _, plain_name = name.rpartition(".")
    try:
        with _connected(variable, name) as connection:
            table = connection.table(plain_name, database=schema or None)
            plain = table.select(**{column: _plain(table[column]) for column in table.columns})
            with _batches(connection, plain.order_by(plain.columns)) as batches:
                _write(batches, target)
    except ContractError:
        raise
    except Exception as error:  # every database raises its own, and their texts quote rows or addresses
        raise _unreachable(variable, name, error) from None


@contextmanager
def _connected(variable: str, name: str) -> Iterator[Any]:
    url = os.environ.get(variable)
    if not url:
        raise ContractError(
            f"The environment variable {variable} is not set.",
            why=f"It holds the URL of the database with the raw table '{name}'; secrets never stand in a source.",
            fix=f"Set it, such as {variable}=postgres://user@host/shop or {variable}=duckdb:///shop.duckdb.",
        )
    connection = ibis.connect(url, **({"read_only": True} if url.startswith("duckdb:") else {}))
    try:
        yield connection
    finally:
        connection.disconnect()


def _plain(value: Any) -> Any:
    """Types that Parquet and every engine know; others as text, decimals of any size among them."""
    kind = value.type()
    sized = kind.is_decimal() and kind.precision is not None and kind.precision <= _DIGITS
    known = kind.is_string() or kind.is_boolean() or kind.is_timestamp() or kind.is_date()
    number = sized or (kind.is_numeric() and not kind.is_decimal())
    return value if known or number else value.cast("string")


def _batches(connection: Any, expression: Any) -> pa.RecordBatchReader:
    """The result piece by piece; Ibis 12 asks DuckDB for it by a name that DuckDB 2 no longer has."""
    if connection.name == "duckdb":
        return connection.con.sql(connection.compile(expression)).to_arrow_reader(_CHUNK)
    return expression.to_pyarrow_batches(chunk_size=_CHUNK)


def _write(batches: pa.RecordBatchReader, target: Path) -> None:
    schema = batches.schema.append(pa.field(ROW, pa.int64()))
    first = 1
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in batches:
            numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
            writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, numbers], schema=schema))
            first += batch.num_rows


def _unreachable(variable: str, name: str, error: Exception) -> ContractError:
    missing = isinstance(error, ModuleNotFoundError | ImportError)
    return ContractError(
        f"The raw table '{name}' cannot be read from the database in {variable} ({type(error).__name__}).",
        why="There is nothing to ingest from it." if not missing else "The client for that database is not installed.",
        fix='Run: pip install "regulars[postgres]", or the Ibis backend of your database.'
        if missing
        else f"Check that {variable} is right, that the database runs, and that the table is there.",
    )
