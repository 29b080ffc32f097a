"""Raw tables, sources, parts and manifests in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import day_moment
from pipelines.tables.checks import CHECK, REASON, judged
from pipelines.tables.contract import Kind, Role, table_named
from pipelines.tables.manifest import Clock, ColumnManifest, FileManifest, Manifest, PartManifest, TableManifest
from pipelines.tables.mapping import mapped
from pipelines.tables.source import BROKEN, FILE, ROW, SourceSpec

SOURCE: dict[str, Any] = {
    "name": "shop",
    "title": "A shop",
    "licence": "CC0",
    "currency": "EUR",
    "raw": {"sales": {"path": "sales.parquet"}},
    "tables": {
        "events": {
            "from": "sales",
            "columns": {
                "customer_id": "who",
                "event_time": "at",
                "event_type": {"constant": "purchase"},
                "amount": "paid",
            },
        }
    },
}
EVENTS: dict[str, Any] = SOURCE["tables"]["events"]
CASES: dict[str, Any] = {"kind": "table", "tables": {"cases": {"from": "sales", "columns": {"case_id": "who"}}}}


def source(**fields: Any) -> SourceSpec:
    """The shop's source with some fields of its file changed."""
    return SourceSpec.read({**SOURCE, **fields}, "conf/sources/shop.yaml")


def with_columns(**columns: Any) -> SourceSpec:
    """The same with more columns of events, or other ones."""
    return with_events(columns={**EVENTS["columns"], **columns})


def with_events(raw: dict[str, Any] | None = None, **fields: Any) -> SourceSpec:
    """The same with other fields of the map of events, and further raw tables."""
    return source(tables={"events": {**EVENTS, **fields}}, raw={**SOURCE["raw"], **(raw or {})})


def raw_table(
    file: str | Sequence[str] = "sales.parquet", broken: Sequence[str | None] = (), **columns: Sequence[Any]
) -> Any:
    """A raw table as the lake hands it out; ``broken`` holds the text of lines that did not divide, else None."""
    n_rows = len(next(iter(columns.values())))
    given = {
        name: pa.nulls(n_rows, pa.string()) if set(values) == {None} else pa.array(values)
        for name, values in columns.items()
    }
    added = {
        FILE: pa.array([file] * n_rows if isinstance(file, str) else file),
        ROW: pa.array(range(1, n_rows + 1), pa.int64()),
        BROKEN: pa.array(broken or [None] * n_rows, pa.string()),
    }
    return ibis.memtable(pa.table(given | added))


def sales(**columns: Sequence[Any]) -> Any:
    """A raw table of good purchases, all texts, with some columns changed."""
    n_rows = len(next(iter(columns.values()), ["one"]))
    good = {"who": ["a"] * n_rows, "at": ["2020-01-01"] * n_rows, "paid": ["10.00"] * n_rows}
    return raw_table(**{**good, **columns})


def mapped_rows(spec: SourceSpec, raw: Any, name: str = "events", **found: Any) -> list[dict[str, Any]]:
    """The rows of a contract table that one raw table makes, in the raw order."""
    return mapped_table(spec, raw, name, **found).order_by(ROW).to_pyarrow().to_pylist()


def mapped_table(spec: SourceSpec, raw: Any, name: str = "events", **found: Any) -> Any:
    """The same as an Ibis table; ``found`` are raw tables that columns are looked up in."""
    (how,) = spec.tables[name]
    return mapped(spec, name, how, {how.raw: raw, **found})


def judgement(spec: SourceSpec, raw: Any, name: str = "events", said: str = CHECK) -> list[str | None]:
    """The check that each raw row fails, or its reason, in the raw order; None where it is accepted."""
    rows = judged(table_named(name), mapped_table(spec, raw, name), spec)
    return rows.order_by(ROW).to_pyarrow()[said].to_pylist()


def reasons(spec: SourceSpec, raw: Any, name: str = "events") -> list[str | None]:
    """The reason of each raw row."""
    return judgement(spec, raw, name, REASON)


def file(name: str = "sales.parquet", sha256: str = "0" * 64, raw: str = "sales") -> FileManifest:
    """A raw file that was read."""
    return FileManifest(raw=raw, name=name, sha256=sha256)


def part(data_digest: str = "1" * 64, **fields: Any) -> PartManifest:
    """A part that read and accepted nothing, unless fields say otherwise."""
    empty = {"files": (file(),), "n_elsewhere": 0, "n_read": 0, "n_accepted": 0, "n_duplicates": 0}
    return PartManifest(data_digest=data_digest, **{**empty, **fields})


def held(*parts: PartManifest, columns: Sequence[str] = (), sensitive: Sequence[str] = ()) -> TableManifest:
    """An ingested table of these parts; all its columns are texts."""
    roles = {name: Role.SENSITIVE if name in sensitive else Role.FEATURE for name in columns}
    known = {name: ColumnManifest(kind=Kind.TEXT, role=role) for name, role in roles.items()}
    return TableManifest(parts=parts, columns=known)


def manifest(data_digest: str = "0" * 64, **tables: TableManifest) -> Manifest:
    """What an ingested shop says of itself."""
    return Manifest(
        source="shop",
        data_digest=data_digest,
        clock=Clock(first=day_moment(1), last=day_moment(20), latest=day_moment(20)),
        n_customers=2,
        currency="EUR",
        decimals=2,
        tables=tables,
    )


@dataclass(frozen=True)
class MemoryLake:
    """Contract tables that are already Ibis tables."""

    tables: dict[str, Any]
    known: Manifest
    engine: DuckDBEngine

    def manifest(self, source: str) -> Manifest:
        return self.known

    def table(self, source: str, name: str) -> Any:
        return self.tables[name]

    def columns(self, expression: Any) -> Any:
        return self.engine.columns(expression)


def memory_lake(
    events: Any, customers: pd.DataFrame, sensitive: tuple[str, ...] = (), engine: Any = None, **more: Any
) -> MemoryLake:
    """A lake of events, customers and ``more`` tables; columns of the given names are sensitive."""
    tables = {"events": events, "customers": ibis.memtable(customers), **more}
    known = {
        name: held(part(n_read=1, n_accepted=1), columns=table.columns, sensitive=sensitive)
        for name, table in tables.items()
    }
    return MemoryLake(tables, manifest(**known), engine or DuckDBEngine())
