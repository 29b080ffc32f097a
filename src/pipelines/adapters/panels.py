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
        path = self._path(panel, cutoff)
        try:
            held = (pq.read_schema(path).metadata or {}).get(_KEYS)
        except (FileNotFoundError, pa.ArrowInvalid):
            return None
        return None if held is None else dict(json.loads(held))

    def read(self, panel: str, cutoffs: Sequence[datetime], columns: Sequence[str]) -> PanelRows:
        """The rows of these cutoffs, one cutoff after the other."""
        names = [CUSTOMER_ID, *columns]
        tables = [self._read(self._path(panel, cutoff), names) for cutoff in cutoffs]
        whole = pa.concat_tables(tables)
        customer_ids, customer = _coded(whole[CUSTOMER_ID])
        sizes = tuple(table.num_rows for table in tables)
        return PanelRows(customer_ids, customer, sizes, {name: _numbers(whole[name]) for name in columns})

    @staticmethod
    def _read(path: Path, names: Sequence[str]) -> pa.Table:
        with pq.ParquetFile(path, read_dictionary=[CUSTOMER_ID]) as file:
            return file.read(columns=list(names)).replace_schema_metadata(None)

    @contextmanager
    def writing(self, panel: str, keys: Mapping[datetime, Keys], features: Mapping[str, bool]) -> Iterator[FileDraft]:
        """Drafts beside the files they replace; a process that is killed leaves some, which the next writer clears."""
        finals = {cutoff: self._path(panel, cutoff) for cutoff in keys}
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

    def _path(self, panel: str, cutoff: datetime) -> Path:
        return self._folder / panel / f"cutoff={cutoff:%Y-%m-%d}" / "panel.parquet"


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
