"""The embedded engine: Ibis on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
from numpy.typing import NDArray

from pipelines.core.errors import ContractError


@contextmanager
def _in_our_words() -> Iterator[None]:
    """DuckDB's messages quote rows of the data, which may be a customer's."""
    try:
        yield
    except (duckdb.DataError, duckdb.InvalidInputException, duckdb.IOException) as error:
        raise ContractError(
            f"The engine could not read a table ({type(error).__name__}).",
            why="A file is damaged, was removed meanwhile, or holds rows of another shape than its first ones.",
            fix="Check the raw files of the source, then run: regulars ingest",
        ) from None


class DuckDBEngine:
    """Runs Ibis expressions in this process."""

    def __init__(self) -> None:
        self._backend = ibis.duckdb.connect()

    def read(self, path: str) -> Any:
        """A Parquet or CSV file as an Ibis table."""
        if path.endswith((".csv", ".csv.gz")):
            return self._backend.read_csv(path, all_varchar=True)  # the contract casts; a guess could merge ids
        return self._backend.read_parquet(path)

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result as NumPy columns, in the expression's order."""
        with _in_our_words():
            table = expression.to_pyarrow()
        return {name: table[name].to_numpy() for name in table.column_names}

    def write(self, expression: Any, path: Path) -> int:
        """Write the result as one Parquet file, in the expression's order; returns the number of rows."""
        with _in_our_words():
            expression.to_parquet(path, compression="zstd")
        return int(self._backend.read_parquet(str(path)).count().execute())
