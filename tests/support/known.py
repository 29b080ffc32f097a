"""What blocks say of a small log, through `history` and the real engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import day_moment
from pipelines.features.days import CustomerDays
from pipelines.features.panel import AnyBlock, feature_rows
from pipelines.scoring.history import history
from support.events import events_table, spine_of
from support.tables import memory_lake

NOBODY = pd.DataFrame({"customer_id": pd.Series([], dtype="str")})


def known(
    rows: Iterable[Mapping[str, Any]], at: int, *blocks: AnyBlock, engine: DuckDBEngine | None = None, **tables: Any
) -> CustomerDays:
    """What is known at the beginning of day ``at`` of these events and of further contract tables."""
    customers = tables.pop("customers", NOBODY)
    lake = memory_lake(events_table(rows), customers, engine=engine, **tables)
    return history(lake, "shop", day_moment(at), blocks)


def said(
    block: AnyBlock, rows: Iterable[Mapping[str, Any]], cutoff: int, customer: str = "a", **tables: Any
) -> dict[str, float]:
    """The features of one customer at one cutoff, by name."""
    days = known(rows, cutoff, block, **tables)
    return feature_rows(days, spine_of(days, (customer, cutoff)), (block,)).iloc[0].to_dict()
