"""Raw tables and sources in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import day_moment
from pipelines.tables.contract import Role
from pipelines.tables.manifest import Manifest, TableManifest
from pipelines.tables.source import SourceSpec

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


def source(**fields: Any) -> SourceSpec:
    """The shop's source with some fields of its file changed."""
    return SourceSpec.read({**SOURCE, **fields}, "conf/sources/shop.yaml")


def manifest(data_digest: str = "0" * 64, **tables: TableManifest) -> Manifest:
    """What an ingested shop says of itself."""
    return Manifest(
        source="shop",
        data_digest=data_digest,
        files={},
        first_event=day_moment(1),
        last_event=day_moment(20),
        latest=day_moment(20),
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


def memory_lake(events: Any, customers: pd.DataFrame, sensitive: tuple[str, ...]) -> MemoryLake:
    """A lake of two tables."""
    roles = {name: Role.SENSITIVE if name in sensitive else Role.FEATURE for name in customers.columns}
    held = TableManifest(n_read=len(customers), n_accepted=len(customers), quarantined={}, roles=roles)
    return MemoryLake(
        {"events": events, "customers": ibis.memtable(customers)}, manifest(customers=held), DuckDBEngine()
    )
