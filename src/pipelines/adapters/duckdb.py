"""The embedded engine: Ibis on DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
from numpy.typing import NDArray


class DuckDBEngine:
    """Runs Ibis expressions in this process."""

    def __init__(self) -> None:
        self._backend = ibis.duckdb.connect()

    def read(self, path: str) -> Any:
        """A Parquet or CSV file as an Ibis table."""
        if path.endswith((".csv", ".csv.gz")):
            return self._backend.read_csv(path)
        return self._backend.read_parquet(path)

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result as NumPy columns, in the expression's order."""
        table = expression.to_pyarrow()
        return {name: table[name].to_numpy() for name in table.column_names}

    def write(self, expression: Any, path: Path) -> int:
        """Write the result as one Parquet file, in the expression's order; returns the number of rows."""
        expression.to_parquet(path, compression="zstd")
        return int(self._backend.read_parquet(str(path)).count().execute())
