"""Sequences: which things a customer bought on which day, for what cannot be told from one number per day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.features.measures import day_of, is_purchase

IntArray = NDArray[np.int64]


def bought_things(events: Any, column: str) -> Any:
    """One row per customer, day and value of a column that was bought, ordered by all three.

    Parameters
    ----------
    events : ibis.Table
        Contract events.
    column : str
        What a thing is: ``category``, ``product_id`` …; order lines without it are left out.

    Returns
    -------
    ibis.Table
        ``customer_id``; ``day`` (days since 1970-01-01 UTC); ``thing``; ``n_lines`` (int64).
    """
    lines = events.filter(is_purchase(events) & events[column].notnull())
    things = lines.mutate(day=lambda row: day_of(row.event_time), thing=lambda row: row[column])
    counted = things.group_by("customer_id", "day", "thing").agg(n_lines=lambda row: row.count().cast("int64"))
    return counted.order_by("customer_id", "day", "thing")


@dataclass(frozen=True)
class DaySequence:
    """What customers bought, in the order of the days, as the kernel walks it.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_customers + 1,)
        The rows of customer ``c``, by the codes of the customer-day table, are ``offsets[c]:offsets[c + 1]``.
    day : ndarray of int64, shape (n_rows,)
        Days since 1970-01-01 UTC, ascending within a customer.
    code : ndarray of int64, shape (n_rows,)
        Which thing; equal codes are equal things, and nothing else may depend on them.
    n_lines : ndarray of int64, shape (n_rows,)
        Order lines of that thing on that day.
    levels : tuple of str
        What the codes stand for.
    """

    offsets: IntArray
    day: IntArray
    code: IntArray
    n_lines: IntArray
    levels: tuple[str, ...] = ()

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]], customer_ids: NDArray[np.object_]) -> DaySequence:
        """From the ordered columns that `bought_things` yields; ``customer_ids`` hold all of its customers."""
        customer = pd.Index(customer_ids).get_indexer(pd.Index(columns["customer_id"].astype(object)))
        of_each = np.bincount(customer, minlength=len(customer_ids))
        code, levels = pd.factorize(columns["thing"])
        return cls(
            offsets=np.r_[0, np.cumsum(of_each)].astype(np.int64),
            day=columns["day"].astype(np.int64),
            code=code.astype(np.int64),
            n_lines=columns["n_lines"].astype(np.int64),
            levels=tuple(str(level) for level in levels),
        )

    def of(self, first: int, end: int) -> DaySequence:
        """The customers with codes ``first`` to ``end - 1``, counted from 0."""
        low, high = self.offsets[first], self.offsets[end]
        offsets = self.offsets[first : end + 1] - low
        return DaySequence(offsets, self.day[low:high], self.code[low:high], self.n_lines[low:high], self.levels)

    def of_level(self, level: str) -> tuple[IntArray, IntArray]:
        """The days of one level, as ``offsets`` and ``day`` are; nobody's if nobody bought it."""
        code = self.levels.index(level) if level in self.levels else -1
        kept = self.code == code
        return np.r_[0, np.cumsum(kept)].astype(np.int64)[self.offsets], self.day[kept]

    @property
    def n_codes(self) -> int:
        """How many different things there are."""
        return int(self.code.max(initial=-1)) + 1

    @property
    def most_lines(self) -> int:
        """The most order lines of one customer."""
        running = np.r_[0, np.cumsum(self.n_lines)]
        return int(np.diff(running[self.offsets]).max(initial=0))
