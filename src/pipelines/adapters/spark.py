"""The engine for logs that one machine cannot hold: Ibis on PySpark."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import dataset
from pyarrow import parquet as pq

from pipelines.core.errors import ContractError

_ROWS = 1 << 20


@contextmanager
def in_our_words() -> Iterator[None]:
    """Spark's messages quote rows of the data, which may be a customer's."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise ContractError(
            f"Spark could not read or write a table ({type(error).__name__}).",
            why="A file is damaged, was removed meanwhile, or holds rows of another shape than its first ones.",
            fix="Check the raw files of the source, then run: regulars ingest",
        ) from None


class SparkEngine:
    """Runs Ibis expressions in a Spark session, which is started here unless one runs already.

    What it writes is what the embedded engine writes: one file, in order, with the types that the expression has. The
    workers and this process must see the same folders.

    Parameters
    ----------
    spill : Path
        Spark's local directory.
    master : str
        Where the session runs, such as ``local[2]`` or ``spark://host:7077``.
    """

    rows_at_once = 1_000_000_000  # it divides the work itself, and each job has a price

    def __init__(self, spill: Path, master: str) -> None:
        from pyspark.sql import SparkSession  # an extra: the rest of the package loads without it

        ibis.options.sql.fuse_selects = False  # fused, an expression that is used twice is planned twice
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        self._session = (
            SparkSession.builder.master(master)
            .appName("regulars")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.local.dir", str(spill))
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.sql.legacy.parquet.nanosAsLong", "true")
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .getOrCreate()
        )
        self._session.sparkContext.setLogLevel("ERROR")
        self._backend = ibis.pyspark.connect(self._session)

    @property
    def session(self) -> Any:
        """The Spark session."""
        return self._session

    def read(self, paths: Sequence[str]) -> Any:
        """Parquet files of one schema as one Ibis table."""
        with in_our_words():
            return self._table(self._session.read.parquet(*paths))

    def read_numbered(self, path: str, number: str) -> Any:
        """One Parquet file with the number of each row, from 1, as the column ``number``."""
        with in_our_words():
            frame = self._session.read.parquet(path)
            columns = [_in_microseconds(field) for field in pq.read_schema(path)]
            return self._table(frame.selectExpr(*columns, f"_metadata.row_index + 1 AS `{number}`"))

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result as NumPy columns, in the expression's order."""
        with in_our_words():
            table = expression.to_pyarrow()
        return {name: table[name].to_numpy() for name in table.column_names}

    def write(self, expression: Any, path: Path) -> None:
        """Write the result as one Parquet file, in the expression's order."""
        folder = path.with_name(f"{path.name}.spark")
        try:
            with in_our_words():
                self._backend.to_parquet(expression, folder, mode="overwrite", compression="zstd")
            _joined(folder, expression.schema().to_pyarrow(), path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _table(self, frame: Any) -> Any:
        """Spark's own frame under a name that Ibis can refer to."""
        name = ibis.util.gen_name("regulars")
        frame.createOrReplaceTempView(name)
        return self._backend.table(name)


def _in_microseconds(field: pa.Field) -> str:
    """A column for Spark to select; moments in nanoseconds, as pandas writes them, come as integers."""
    name = f"`{field.name.replace('`', '``')}`"
    if not pa.types.is_timestamp(field.type) or field.type.unit != "ns":
        return name
    kind = "TIMESTAMP_NTZ" if field.type.tz is None else "TIMESTAMP"
    return f"CAST(timestamp_micros(({name} - pmod({name}, 1000)) div 1000) AS {kind}) AS {name}"


def _joined(folder: Path, schema: pa.Schema, path: Path) -> None:
    """Spark's files below each other, typed as the expression says.

    An ordered result is divided into ranges, and Spark numbers its files by them. Its products of decimals are wider
    than Ibis thinks, and its moments say that they are in UTC: both are cast, which fails rather than lose a digit.
    """
    files = [str(file) for file in sorted(folder.glob("part-*.parquet"))]
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        held: list[pa.RecordBatch] = []
        for batch in dataset.dataset(files, format="parquet").to_batches():
            held.append(batch)
            if sum(one.num_rows for one in held) >= _ROWS:
                writer.write_table(pa.Table.from_batches(held).cast(schema))
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held).cast(schema))
