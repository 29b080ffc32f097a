"""The customer-day table: what the engine reduces events to, and what every block reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.columns import PURCHASE

IntArray = NDArray[np.int64]
MEASURES = ("n_purchase_days", "n_orders", "n_lines", "amount_minor")
"""The columns of the customer-day table; integers all, so that sums are exact on every engine."""


def customer_days(events: Any, decimals: int) -> Any:
    """One row per customer and day with at least one purchase, ordered by both.

    Parameters
    ----------
    events : ibis.Table
        Contract events. A purchase is a ``purchase`` event with a positive amount.
    decimals : int
        Decimals of the currency: amounts leave as integers of its smallest unit.

    Returns
    -------
    ibis.Table
        ``customer_id``; ``day`` (days since 1970-01-01 UTC); ``n_orders`` (distinct orders, one where a shop has
        no order ids); ``n_lines``; ``amount_minor``; ``n_purchase_days`` (1).
    """
    purchases = events.filter((events.event_type == PURCHASE) & (events.amount > 0))
    orders = (
        purchases.mutate(
            day=(purchases.event_time.epoch_seconds() // 86_400).cast("int64"),
            amount_minor=(purchases.amount * 10**decimals).cast("int64"),
        )
        .group_by("customer_id", "day", "order_id")
        .agg(n_lines=lambda line: line.count(), amount_minor=lambda line: line.amount_minor.sum())
    )
    return (
        orders.group_by("customer_id", "day")
        .agg(
            n_purchase_days=lambda order: (order.count() > 0).cast("int64"),
            n_orders=lambda order: order.count().cast("int64"),
            n_lines=lambda order: order.n_lines.sum().cast("int64"),
            amount_minor=lambda order: order.amount_minor.sum().cast("int64"),
        )
        .order_by("customer_id", "day")
    )


@dataclass(frozen=True)
class CustomerDays:
    """The customer-day table in memory, as the kernel walks it.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n_customers,)
        Ascending; a customer's position is its code.
    offsets : ndarray of int64, shape (n_customers + 1,)
        The rows of customer ``c`` are ``offsets[c]:offsets[c + 1]``.
    day : ndarray of int64, shape (n_days,)
        Days since 1970-01-01 UTC, ascending within a customer.
    measures : mapping of str to ndarray of int64, shape (n_days,)
        By the names in `MEASURES`.
    decimals : int
        Decimals of the currency of ``amount_minor``.
    """

    customer_ids: NDArray[np.object_]
    offsets: IntArray
    day: IntArray
    measures: Mapping[str, IntArray]
    decimals: int

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]], decimals: int) -> CustomerDays:
        """From the ordered columns that `customer_days` yields."""
        ids = columns["customer_id"].astype(object)
        starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, np.int64)
        return cls(
            customer_ids=ids[starts],
            offsets=np.r_[starts, len(ids)].astype(np.int64),
            day=columns["day"].astype(np.int64),
            measures={name: columns[name].astype(np.int64) for name in MEASURES},
            decimals=decimals,
        )

    @property
    def activity(self) -> IntArray:
        """How many purchase days each row stands for: 1, or 0 on a day without a purchase."""
        return self.measures["n_purchase_days"]

    def cumulative(self, names: tuple[str, ...]) -> IntArray:
        """Running sums with a leading zero, shape (n_names, n_days + 1)."""
        sums = np.zeros((len(names), len(self.day) + 1), np.int64)
        for row, name in enumerate(names):
            np.cumsum(self.measures[name], out=sums[row, 1:])
        return sums
