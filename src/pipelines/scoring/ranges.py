"""Ranges of customers: what is too large to be held at once is gone through customer by customer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import ibis

from pipelines.tables.lake import Lake

Between = Callable[[Any], Any]
"""From a table with ``customer_id`` to the rows of some customers."""


def ranges_of(lake: Lake, rows: Any, at_once: int) -> tuple[Between, ...]:
    """Ranges of ids, each with about so many rows of a table, in the order of the ids; a customer is never divided.

    Between them they hold every id there may be, so that they divide other tables of the same customers as well. A
    table that is ordered by customer is read once by all of them together: each skips what the others read.
    """
    counted = rows.group_by("customer_id").agg(n_rows=rows.count())
    until = counted.n_rows.sum().over(ibis.window(order_by="customer_id", preceding=(None, 0)))
    placed = counted.mutate(range=(until - 1) // at_once)
    starts = placed.group_by("range").agg(first=placed.customer_id.min()).order_by("range")
    ends: list[str | None] = [None, *lake.columns(starts)["first"].tolist()[1:], None]
    return tuple(_between(first, after) for first, after in pairwise(ends))


def _between(first: str | None, after: str | None) -> Between:
    def rows(table: Any) -> Any:
        found = table if first is None else table.filter(table.customer_id >= first)
        return found if after is None else found.filter(found.customer_id < after)

    return rows
