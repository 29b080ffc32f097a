"""CSV files as Parquet files of texts: every line is there, also those that do not divide into columns."""

from __future__ import annotations

import csv
import hashlib
import json
import zlib
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv
from pyarrow import parquet as pq

from pipelines.adapters.csv_text import CsvText, open_quote
from pipelines.core.errors import ContractError
from pipelines.tables.raw import RawTable
from pipelines.tables.source import ADDED, BROKEN, ROW

_BLOCK, _OTHER_DELIMITERS = 1 << 22, ";\t|,"


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_parquet(path: Path, written: RawTable, target: Path) -> None:
    """Write a CSV file as Parquet: all columns as text, `ROW` and `BROKEN`.

    Empty lines are no rows, and a value may run over line ends between quotation marks, so that row 5 need not stand
    in line 6.

    Raises
    ------
    ContractError
        If it has no header, a header that names a column twice, an unclosed quotation mark, a line of 4 MB or more,
        bytes that its encoding does not know, or is cut off.
    """
    delimiter = written.delimiter or ("\t" if path.name.lower().endswith((".tsv", ".tsv.gz")) else ",")
    _require_ascii(delimiter + written.quote)
    marks = (written.encoding, delimiter, written.quote)
    try:
        text = CsvText(path, *marks)
        header = header_of(path.name, text.header, delimiter)
        try:
            _write(text, header, marks, target)
        except pa.ArrowInvalid:
            _require_closed(path, marks)
            raise
        if not text.is_well_quoted:
            _require_closed(path, marks)
    except (pa.ArrowInvalid, csv.Error, EOFError, OSError, zlib.error) as error:
        raise _unreadable(path, error) from None


def header_of(file: str, found: list[str], delimiter: str = "") -> list[str]:
    """The names of columns: without blanks around them, and with a name for those that have none.

    Raises
    ------
    ContractError
        If there are none, two are the same but for capitals, or they are not divided.

    Examples
    --------
    >>> header_of("sales.csv", [" id", "", "paid "])
    ['id', 'column_2', 'paid']
    """
    names = [name.strip() or f"column_{place}" for place, name in enumerate(found, start=1)]
    if not any(name.strip() for name in found):
        raise ContractError(
            f"{file} is empty: it has no header.",
            why="Columns are found by their names.",
            fix="Give a file whose first line names the columns, or take the file away.",
        )
    _require_divided(file, names, delimiter)
    _require_distinct(file, names)
    return names


def _require_divided(file: str, names: list[str], delimiter: str) -> None:
    if any("\0" in name for name in names):
        raise ContractError(
            f"{file} has NUL bytes in its header.",
            why="It is UTF-16 without a byte order mark, or no text at all.",
            fix="Declare encoding: utf-16-le (or utf-16-be) under 'raw' in the source file.",
        )
    others = [mark for mark in _OTHER_DELIMITERS if delimiter and mark != delimiter and mark in names[0]]
    if len(names) == 1 and others:
        raise ContractError(
            f"{file} has one column with the delimiter {delimiter!r}, and {others[0]!r} stands in its header.",
            why="Its lines would not be divided into columns.",
            fix=f"Declare delimiter: {json.dumps(others[0])} under 'raw' in the source file, if all its files have it.",
        )


def _require_distinct(file: str, names: list[str]) -> None:
    folded = [name.lower() for name in (*names, *ADDED)]
    repeated = [name for name in names if folded.count(name.lower()) > 1]
    if repeated:
        raise ContractError(
            f"{file} names {', '.join(sorted(set(repeated)))} more than once in its header.",
            why=f"It is not clear which column is meant; capitals do not count, and {', '.join(ADDED)} are taken.",
            fix="Rename one of them in the file.",
        )


class _BrokenLines:
    """Lines that do not divide into as many fields as the header has."""

    def __init__(self) -> None:
        self.places, self._texts = array("q"), list[str]()

    def __call__(self, row: Any) -> str:
        self.places.append(row.number)
        self._texts.append(row.text)
        return "skip"

    def taken_out(self, schema: pa.Schema) -> pa.RecordBatch:
        """The lines since it was asked last, as rows without values."""
        n_rows, texts, self._texts = len(self._texts), self._texts, []
        places = np.array(self.places[len(self.places) - n_rows :], np.int64)
        none = [pa.nulls(n_rows, pa.string())] * (len(schema) - 2)
        return pa.RecordBatch.from_arrays([*none, pa.array(places), pa.array(texts, pa.string())], schema=schema)


def _write(text: CsvText, header: list[str], marks: tuple[str, str, str], target: Path) -> None:
    schema = pa.schema([*((name, pa.string()) for name in header), (ROW, pa.int64()), (BROKEN, pa.string())])
    broken, n_good = _BrokenLines(), 0
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as writer:
        for batch in _batches(text, header, marks, broken):
            places = _places(n_good, batch.num_rows, np.array(broken.places, np.int64))
            n_good += batch.num_rows
            columns = [*batch.columns, pa.array(places), pa.nulls(batch.num_rows, pa.string())]
            _add(writer, pa.RecordBatch.from_arrays(columns, schema=schema))
            _add(writer, broken.taken_out(schema))
        _add(writer, broken.taken_out(schema))


def _add(writer: pq.ParquetWriter, batch: pa.RecordBatch) -> None:
    if batch.num_rows:  # else it would be a row group without rows
        writer.write_batch(batch)


def _batches(
    text: CsvText, header: list[str], marks: tuple[str, str, str], broken: _BrokenLines
) -> Iterable[pa.RecordBatch]:
    _, delimiter, quote = marks
    one_thread = arrow_csv.ReadOptions(column_names=header, block_size=_BLOCK, use_threads=False)  # rows have numbers
    batches: Iterable[pa.RecordBatch] = arrow_csv.open_csv(
        pa.PythonFile(text, mode="r"),
        one_thread,
        arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char=quote, newlines_in_values=True, invalid_row_handler=broken
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False),
    )
    return batches


def _places(n_before: int, n_rows: int, taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers, from 1, of the next ``n_rows`` good rows after ``n_before`` good ones and those ``taken``.

    Examples
    --------
    >>> _places(0, 3, np.array([2])).tolist(), _places(3, 1, np.array([2, 5])).tolist()
    ([1, 3, 4], [6])
    """
    rank = np.arange(n_before + 1, n_before + n_rows + 1, dtype=np.int64)
    ahead = taken - np.arange(1, len(taken) + 1)  # how many good rows stand before each taken one
    return rank + np.searchsorted(ahead, rank, side="left")


def _require_ascii(marks: str) -> None:
    if not marks.isascii():
        raise ContractError(
            f"The delimiter or the quote is not an ASCII character: {marks!r}.",
            why="Lines are divided byte by byte.",
            fix="Save the file with another delimiter, and declare it under 'raw' in the source file.",
        )


def _require_closed(path: Path, marks: tuple[str, str, str]) -> None:
    line = open_quote(path, *marks)
    if line is not None:
        raise ContractError(
            f"{path.name}: a quotation mark in line {line:,} is opened and not closed before the line ends.",
            why="The lines below it would become one value, and their rows be lost.",
            fix="Correct the line; or declare another quote under 'raw' if the file does not quote with "
            f"{marks[-1]!r}.",
        )


def _unreadable(path: Path, error: Exception) -> ContractError:
    return ContractError(
        f"{path.name} cannot be read as CSV ({type(error).__name__}).",
        why="It is cut off, is not CSV, or has a line of 4 MB or more.",
        fix="Give the whole file; declare quote, delimiter and encoding under 'raw' if they are not \" , and utf-8.",
    )
