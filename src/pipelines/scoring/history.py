"""What is known of the customers at a moment: the one place where a cutoff becomes a filter on the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.windows import day_number
from pipelines.features.blocks import Reads
from pipelines.features.days import CustomerDays
from pipelines.features.panel import attributes_of
from pipelines.scoring.log import DAYS, Shown, as_literal, reductions
from pipelines.scoring.ranges import Between, ranges_of
from pipelines.scoring.reduced import reduced
from pipelines.tables.contract import CUSTOMERS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest

_DAYS_AT_ONCE = 600_000
"""Rows of the customer-day table that are in memory together; a customer is never divided."""
Columns = dict[str, NDArray[Any]]


def histories(
    lake: Lake, source: str, known_at: datetime, blocks: tuple[Reads, ...], at_once: int = _DAYS_AT_ONCE
) -> Iterator[CustomerDays]:
    """Everything before ``known_at``, some customers after others; nothing at or after it is read.

    Parameters
    ----------
    lake : Lake
        Holds the source, and keeps what it is reduced to.
    source : str
        Its name.
    known_at : datetime
        The moment of knowledge, a midnight UTC.
    blocks : tuple of Block
        What will be computed from it.
    at_once : int
        About how many rows of the customer-day table are yielded together.

    Yields
    ------
    CustomerDays
        Of a range of customers, in the order of their ids; every customer once.

    Raises
    ------
    ConfigError
        If a block reads contacts, or follows a column, that the source does not have.
    """
    manifest, end = lake.manifest(source), day_number(known_at)
    known = {name: table.filter(table.day < end) for name, table in reduced(lake, manifest, blocks).items()}
    for between in ranges_of(lake, known[DAYS], at_once):
        yield _walked(lake, manifest, blocks, known, between, _of_kept)


def history(
    lake: Lake,
    source: str,
    known_at: datetime,
    blocks: tuple[Reads, ...],
    customers: Sequence[str] | None = None,
) -> CustomerDays:
    """The same of some customers, or of all, straight from the log: the way to score a few of them now."""
    return shown_history(lake, source, blocks, lambda log: log.filter(log.event_time < as_literal(known_at)), customers)


def shown_history(
    lake: Lake, source: str, blocks: tuple[Reads, ...], shown: Shown, customers: Sequence[str] | None
) -> CustomerDays:
    """The same of the part of the log that is shown."""
    manifest = lake.manifest(source)

    def these(table: Any) -> Any:
        return table if customers is None else table.filter(table.customer_id.isin(list(customers)))

    tables = reductions(lake, manifest, blocks, lambda log: shown(these(log)))
    return _walked(lake, manifest, blocks, tables, these, _of_log)


def lines_per_day(lake: Lake, source: str) -> Mapping[int, int]:
    """Order lines of each day that has any (days since 1970-01-01 UTC)."""
    days = reduced(lake, lake.manifest(source), ())[DAYS]
    found = lake.columns(days.group_by("day").agg(n_lines=days.n_lines.sum().cast("int64")).order_by("day"))
    return dict(zip(found["day"].tolist(), found["n_lines"].tolist(), strict=True))


def _walked(
    lake: Lake,
    manifest: Manifest,
    blocks: tuple[Reads, ...],
    tables: Mapping[str, Any],
    between: Between,
    days_of: Callable[[Lake, Any], tuple[NDArray[np.object_], NDArray[np.int64], Columns]],
) -> CustomerDays:
    """Reductions in memory, as the kernel walks them."""
    rows = {name: between(table) for name, table in tables.items()}
    customer_ids, n_days, days = days_of(lake, rows.pop(DAYS))
    things = {name: lake.columns(table.order_by("customer_id", "day")) for name, table in rows.items()}
    attributes = _attributes(lake, manifest, blocks, between)
    return CustomerDays.of_customers(customer_ids, n_days, days, manifest.decimals, things, attributes)


def _of_kept(lake: Lake, days: Any) -> tuple[NDArray[np.object_], NDArray[np.int64], Columns]:
    """Ids, numbers of days, and the days of a table that is cheap to ask twice: an id per row would be most of it."""
    whose = lake.columns(days.group_by("customer_id").agg(n_days=days.count()).order_by("customer_id"))
    columns = lake.columns(days.order_by("customer_id", "day").drop("customer_id"))
    return whose["customer_id"].astype(object), whose["n_days"].astype(np.int64), columns


def _of_log(lake: Lake, days: Any) -> tuple[NDArray[np.object_], NDArray[np.int64], Columns]:
    """The same of a table that is reduced when it is asked for: it is asked once."""
    columns = lake.columns(days.order_by("customer_id", "day"))
    customer_ids, n_days = np.unique(columns.pop("customer_id").astype(object), return_counts=True)
    return customer_ids, n_days.astype(np.int64), columns


def _attributes(lake: Lake, manifest: Manifest, blocks: tuple[Reads, ...], between: Between) -> Columns:
    names = attributes_of(blocks)
    if not names:
        return {}
    return lake.columns(between(lake.table(manifest.source, CUSTOMERS.name)).select("customer_id", *names))
