"""Workbooks as Parquet files of texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine
from pyarrow import parquet as pq

from pipelines.adapters.csv_files import header_of
from pipelines.core.errors import ContractError
from pipelines.tables.source import BROKEN, FILE, ROW

_CHUNK = 50_000
Row = tuple[int, list[str | None]]


def to_parquet(path: Path, target: Path) -> None:
    """Write every sheet of a workbook below each other: columns as text, `FILE` as ``<name>#<sheet>``, `ROW`.

    The first row of a sheet that is not empty names its columns; sheets without one are left out, and so are rows
    without a value. A row with a value to the right of the header is kept as the text of a broken line.

    Raises
    ------
    ContractError
        If the file is no workbook, no sheet has a header, or its sheets differ in their columns.
    """
    header: list[str] = []
    with ExitStack() as opened:
        try:
            book = opened.enter_context(python_calamine.CalamineWorkbook.from_path(str(path)))
            for sheet in book.sheet_names:
                rows = _rows(book.get_sheet_by_name(sheet).iter_rows())
                found = _header(path.name, rows)
                if not found:
                    continue
                if not header:
                    header, schema = found, _schema(found)
                    writer = opened.enter_context(pq.ParquetWriter(target, schema, compression="zstd"))
                _require_same(path.name, sheet, found, header)
                for batch in _batches(rows, f"{path.name}#{sheet}", schema):
                    writer.write_batch(batch)
        except (python_calamine.CalamineError, OSError) as error:
            raise _unreadable(path, error) from None
    if not header:
        raise ContractError(
            f"{path.name} has no sheet with a header.",
            why="Columns are found by their names.",
            fix="Give a workbook whose sheets name their columns in the first row.",
        )


def _unreadable(path: Path, error: Exception) -> ContractError:
    return ContractError(
        f"{path.name} cannot be read as a workbook ({type(error).__name__}).",
        why="It is cut off, protected by a password, or something else by that name.",
        fix="Save it again as .xlsx, or as CSV.",
    )


def _rows(sheet: Iterator[list[Any]]) -> Iterator[Row]:
    """Rows that are not empty, with their numbers in the sheet."""
    for number, row in enumerate(sheet, start=1):
        texts = [_text(value) for value in row]
        if any(texts):
            yield number, texts


def _header(file: str, rows: Iterator[Row]) -> list[str]:
    """The columns of a sheet; takes its row away."""
    _, texts = next(rows, (0, []))
    width = max((place for place, text in enumerate(texts, start=1) if text), default=0)
    return header_of(file, [text or "" for text in texts[:width]]) if width else []


def _schema(header: list[str]) -> pa.Schema:
    texts = [(name, pa.string()) for name in header]
    return pa.schema([*texts, (FILE, pa.string()), (ROW, pa.int64()), (BROKEN, pa.string())])


def _batches(rows: Iterator[Row], file: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    width = len(schema) - 3
    while held := list(islice(rows, _CHUNK)):
        whole = [_laid_out(number, texts, width, file) for number, texts in held]
        arrays = [pa.array(column, field.type) for column, field in zip(zip(*whole, strict=True), schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _laid_out(number: int, texts: list[str | None], width: int, file: str) -> tuple[Any, ...]:
    if any(texts[width:]):
        return (*[None] * width, file, number, "\t".join(text or "" for text in texts))
    return (*texts[:width], *[None] * (width - len(texts)), file, number, None)


def _text(value: Any) -> str | None:
    """What a cell shows; whole numbers without a decimal point, since a sheet has no integers."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _require_same(file: str, sheet: str, names: list[str], header: list[str]) -> None:
    if names != header:
        raise ContractError(
            f"{file}: the sheet '{sheet}' has the columns {', '.join(names)}, those before it {', '.join(header)}.",
            why="Sheets are read below each other.",
            fix="Save the sheets as separate CSV files and map each as its own raw table.",
        )
