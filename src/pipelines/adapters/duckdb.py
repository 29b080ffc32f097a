"""The embedded engine: Ibis on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet as pq

from pipelines.core.errors import ContractError

_SHARE_OF_MEMORY = "25%"  # the rest is for the model and for others; sorting on disk was no slower when measured


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
    """Runs Ibis expressions in this process.

    Parameters
    ----------
    spill : Path, optional
        Where it puts what does not fit into memory; beside the process by default.
    """

    rows_at_once = 1_000_000  # many small aggregations of ordered rows are faster than one, and need less memory

    def __init__(self, spill: Path | None = None) -> None:
        ibis.options.sql.fuse_selects = False  # fused, an expression that is used twice is computed twice
        place = {"temp_directory": str(spill)} if spill else {}
        self._backend = ibis.duckdb.connect(memory_limit=_SHARE_OF_MEMORY, **place)

    def read(self, paths: Sequence[str]) -> Any:
        """Parquet files of one schema as one Ibis table."""
        with _in_our_words():
            return self._backend.read_parquet(list(paths))

    def read_numbered(self, path: str, number: str) -> Any:
        """One Parquet file with the number of each row, from 1, as the column ``number``."""
        with _in_our_words():
            table = self._backend.read_parquet(path, file_row_number=True)
        return _known(table.mutate(**{number: table.file_row_number + 1}).drop("file_row_number"))

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result as NumPy columns, in the expression's order."""
        with _in_our_words():
            table = expression.to_pyarrow()
        return {name: table[name].to_numpy() for name in table.column_names}

    def write(self, expression: Any, path: Path) -> None:
        """Write the result as one Parquet file, in the expression's order.

        Raises
        ------
        TypeError
            If whole numbers became floats: DuckDB writes integers of 128 bits, such as its sums, that way.
        """
        with _in_our_words():
            expression.to_parquet(path, compression="zstd")
        written = pq.read_schema(path)
        lost = [
            name
            for name, kind in expression.schema().items()
            if kind.is_integer() and not pa.types.is_integer(written.field(name).type)
        ]
        if lost:
            raise TypeError(f"{', '.join(lost)} would lose digits: cast to !int64, then to int64")


def _known(table: Any) -> Any:
    """Moments in nanoseconds with a zone, as pandas writes them, in microseconds: Ibis 12 has no name for them."""
    odd = [name for name, kind in table.schema().items() if "TIMESTAMPTZ_NS" in str(kind)]
    return table.mutate(**{name: table[name].cast("timestamp('UTC', 6)") for name in odd})
