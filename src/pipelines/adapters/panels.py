"""Panels as Parquet: ``panel/<panel>/cutoff=<day>/panel.parquet``, ordered by customer.

The folders are Hive partitions, so that any tool reads a panel as one table with the column ``cutoff``. What a file was
computed from stands in its own metadata.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet as pq

from pipelines.adapters.drafts import draft_of, drafting
from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.panels import Keys, PanelPart, PanelRows

_KEYS, _LABEL = b"regulars", "label"
_KEPT = 4
"""Panels of one task: that of its file, the champion's, and two that somebody tries."""
_WRITING: dict[str, Any] = {"compression": "lz4", "use_dictionary": [CUSTOMER_ID], "write_statistics": [CUSTOMER_ID]}
"""A dictionary of the floats would make smaller files, more slowly."""


class FilePanels:
    """Panels under a workspace's ``data`` folder."""

    def __init__(self, data: Path) -> None:
        self._data, self._folder = data, data / "panel"

    def place(self, panel: str) -> str:
        """The panel's folder."""
        return str(self._folder / panel)

    def find(self, panel: str, cutoff: datetime) -> Keys | None:
        """What a cutoff was computed from; None if it is not there, or is no whole file."""
        path = self.path(panel, cutoff)
        try:
            held = (pq.read_schema(path).metadata or {}).get(_KEYS)
        except (FileNotFoundError, pa.ArrowInvalid):
            return None
        return None if held is None else dict(json.loads(held))

    def read(self, panel: str, cutoffs: Sequence[datetime], columns: Sequence[str]) -> PanelRows:
        """The rows of these cutoffs, one cutoff after the other."""
        names = [CUSTOMER_ID, *columns]
        tables = [self._read(self.path(panel, cutoff), names) for cutoff in cutoffs]
        whole = pa.concat_tables(tables)
        customer_ids, customer = _coded(whole[CUSTOMER_ID])
        sizes = tuple(table.num_rows for table in tables)
        return PanelRows(customer_ids, customer, sizes, {name: _numbers(whole[name]) for name in columns})

    @staticmethod
    def _read(path: Path, names: Sequence[str]) -> pa.Table:
        with pq.ParquetFile(path, read_dictionary=[CUSTOMER_ID]) as file:
            return file.read(columns=list(names)).replace_schema_metadata(None)

    def size(self, panel: str, cutoff: datetime) -> int:
        """How many rows a cutoff has; a panel that is asked about is in use, and not cleared away before others."""
        os.utime(self._folder / panel)
        n_rows: int = pq.read_metadata(self.path(panel, cutoff)).num_rows
        return n_rows

    def pieces(
        self, panel: str, cutoff: datetime, columns: Sequence[str], at_once: int, numbers: Sequence[int]
    ) -> Iterator[PanelRows]:
        """Rows of one cutoff, some after others; a row group is held for as long as its rows are asked for."""
        with pq.ParquetFile(self.path(panel, cutoff)) as file:
            groups = _Groups(file, [CUSTOMER_ID, *columns])
            for number in numbers:
                rows = groups.between(number * at_once, (number + 1) * at_once)
                ids = rows[CUSTOMER_ID].to_numpy()
                found = {name: _numbers(rows[name]) for name in columns}
                yield PanelRows(ids, np.arange(len(ids)), (len(ids),), found)

    @contextmanager
    def writing(self, panel: str, keys: Mapping[datetime, Keys], features: Mapping[str, bool]) -> Iterator[FileDraft]:
        """Drafts beside the files they replace; a process that is killed leaves some, which the next writer clears."""
        finals = {cutoff: self.path(panel, cutoff) for cutoff in keys}
        drafts = {cutoff: draft_of(final) for cutoff, final in finals.items()}
        for final in finals.values():
            final.parent.mkdir(parents=True, exist_ok=True)
        with drafting(self._data):
            draft = FileDraft({cutoff: _opened(path, keys[cutoff], features) for cutoff, path in drafts.items()})
            try:
                with draft:
                    yield draft
                for cutoff, path in drafts.items():
                    path.replace(finals[cutoff])
            finally:
                for path in drafts.values():
                    path.unlink(missing_ok=True)
        self._clear(self._folder / panel)

    @staticmethod
    def _clear(used: Path) -> None:
        """Of a task's panels keep those that were written last: others were asked for by overrides, or long ago."""
        os.utime(used)
        held = sorted(used.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for left in held[_KEPT:]:
            shutil.rmtree(left, ignore_errors=True)

    def path(self, panel: str, cutoff: datetime) -> Path:
        """The file of a cutoff."""
        return self._folder / panel / f"cutoff={cutoff:%Y-%m-%d}" / "panel.parquet"


class _Groups:
    """Row groups of a file, read once each by who asks for rows in their order."""

    def __init__(self, file: pq.ParquetFile, names: Sequence[str]) -> None:
        self._file, self._names = file, list(names)
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._held: dict[int, pa.Table] = {}

    def between(self, first: int, last: int) -> pa.Table:
        """The rows from ``first`` to before ``last``; fewer at the end of the file."""
        wanted = np.flatnonzero((self._starts[:-1] < last) & (self._starts[1:] > first)).tolist()
        self._held = {group: self._held[group] if group in self._held else self._read(group) for group in wanted}
        return pa.concat_tables(self._held.values()).slice(first - int(self._starts[wanted[0]]), last - first)

    def _read(self, group: int) -> pa.Table:
        return self._file.read_row_group(group, columns=self._names).replace_schema_metadata(None)


class FileDraft:
    """One Parquet writer per cutoff; a few customers after others are a row group of each."""

    def __init__(self, writers: Mapping[datetime, pq.ParquetWriter]) -> None:
        self._writers = writers
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count())
        self._coming: list[Future[None]] = []

    def write(self, part: PanelPart) -> None:
        """Append rows to cutoffs: those of the call before are written by then, these while the caller goes on."""
        self._wait()
        ids = pa.array(part.customer_ids, pa.string())
        self._coming = [
            self._pool.submit(_write, writer, part, cutoff, ids) for cutoff, writer in self._writers.items()
        ]

    def __enter__(self) -> FileDraft:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait()
        finally:
            self._pool.shutdown()
            for writer in self._writers.values():
                writer.close()

    def _wait(self) -> None:
        for written in self._coming:
            written.result()


def _coded(ids: pa.ChunkedArray) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Different ids, ascending, and the place of each row's id among them."""
    if len(ids) == 0:
        return np.empty(0, object), np.empty(0, np.int64)
    coded = pa.concat_arrays(ids.unify_dictionaries().chunks)
    known = coded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    ascending = np.argsort(known, kind="stable")
    place = np.empty(len(known), np.int64)
    place[ascending] = np.arange(len(known))
    return known[ascending], place[coded.indices.to_numpy()]


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    found: NDArray[np.float64] = column.to_numpy().astype(np.float64, copy=False)
    return found


def _opened(path: Path, keys: Keys, features: Mapping[str, bool]) -> pq.ParquetWriter:
    fields = [
        pa.field(CUSTOMER_ID, pa.string(), nullable=False),
        *(pa.field(name, pa.float64(), nullable=may_be_null) for name, may_be_null in features.items()),
        pa.field(_LABEL, pa.int8()),
    ]
    schema = pa.schema(fields, metadata={_KEYS: json.dumps(dict(keys))})
    return pq.ParquetWriter(path, schema, **_WRITING)


def _write(writer: pq.ParquetWriter, part: PanelPart, cutoff: datetime, ids: pa.Array) -> None:
    rows = part.rows[cutoff]
    n_rows = rows.stop - rows.start
    if n_rows == 0:
        return
    label = pa.array(part.labels[cutoff], pa.int8()) if cutoff in part.labels else pa.nulls(n_rows, pa.int8())
    names = list(writer.schema)[1:-1]
    columns = [
        pa.array(column[rows], from_pandas=field.nullable)  # NaN is null, for readers that tell the two apart
        for field, column in zip(names, part.columns, strict=True)
    ]
    arrays = [ids.take(pa.array(part.customer[rows])), *columns, label]
    writer.write_table(pa.Table.from_arrays(arrays, schema=writer.schema), row_group_size=n_rows)
