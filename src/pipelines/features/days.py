"""The customer-day table: what the engine reduces events to, and what every block reads."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.features.measures import PURCHASES, SQUARES_SPLIT, Measure, RowsOf, ValueOf, day_of
from pipelines.features.sequences import DaySequence

IntArray = NDArray[np.int64]


def customer_days(events: Any, decimals: int, measures: Sequence[Measure] = PURCHASES) -> Any:
    """One row per customer and day on which any measure has something to count, ordered by both.

    Parameters
    ----------
    events : ibis.Table
        Contract events.
    decimals : int
        Decimals of the currency: amounts leave as integers of its smallest unit.
    measures : sequence of Measure
        What is counted.

    Returns
    -------
    ibis.Table
        ``customer_id``; ``day`` (days since 1970-01-01 UTC); one int64 column per measure, by its name.
    """
    flags = {rows: f"is_{place}" for place, rows in enumerate(dict.fromkeys(measure.rows for measure in measures))}
    rows = events.mutate(**{name: of(events).fill_null(False) for of, name in flags.items()})
    rows = rows.filter(functools.reduce(operator.or_, (rows[name] for name in flags.values())))
    rows = rows.mutate(day=day_of(rows.event_time))
    summed = {measure: measure.of_order for measure in measures if measure.of_day != "distinct"}
    columns = {what: f"of_order_{place}" for place, what in enumerate(dict.fromkeys(summed.values()))}
    orders = rows.group_by("customer_id", "day", "order_id").agg(
        **{name: _of_order(rows, *what, flags, decimals) for what, name in columns.items()}
    )
    days = orders.group_by("customer_id", "day").agg(
        **{measure.name: _of_day(orders, orders[columns[what]], measure) for measure, what in summed.items()}
    )
    distinct = [measure for measure in measures if measure.of_day == "distinct"]
    if distinct:
        different = rows.group_by("customer_id", "day").agg(
            **{measure.name: _n_different(rows, measure, flags, decimals) for measure in distinct}
        )
        days = days.inner_join(different, ["customer_id", "day"])
    return days.select("customer_id", "day", *(measure.name for measure in measures)).order_by("customer_id", "day")


def _as_int64(value: Any) -> Any:
    """Sums are int64 to Ibis, which would leave a cast out, and 128 bits wide to DuckDB, which writes them as floats.

    To Ibis an integer that is never null is another type, so that it does cast.
    """
    return value.cast("!int64").cast("int64")


def _of_order(rows: Any, counts: RowsOf, value: ValueOf | None, flags: Mapping[RowsOf, str], decimals: int) -> Any:
    """Of the rows of one order that count, how many there are or the sum of their values; 0 if there are none."""
    where = None if len(flags) == 1 else rows[flags[counts]]  # one flag is that of the filter: every row has it
    if value is None:
        return rows.count(where=where)
    return value(rows, decimals).sum(where=where).fill_null(0)


def _of_day(orders: Any, value: Any, measure: Measure) -> Any:
    high, low = value >> SQUARES_SPLIT, value & ((1 << SQUARES_SPLIT) - 1)
    return {
        "sum": lambda: _as_int64(value.sum()),
        "any": lambda: (value.max() > 0).cast("int64"),
        "count": lambda: orders.count(where=value > 0),
        "max": lambda: _as_int64(value.max()),
        "squares_high": lambda: _as_int64((high * high).sum()),
        "squares_low": lambda: _as_int64((low * (2 * value - low)).sum()),
    }[measure.of_day]()


def _n_different(rows: Any, measure: Measure, flags: Mapping[RowsOf, str], decimals: int) -> Any:
    value = rows[measure.name] if measure.value is None else measure.value(rows, decimals)
    return value.nunique(where=rows[flags[measure.rows]])


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
        By their names.
    decimals : int
        Decimals of the currency of money.
    sequences : mapping of str to DaySequence
        What was bought on which day, by the column that says what.
    attributes : mapping of str to ndarray, shape (n_customers,)
        What is known of each customer at any time, by column; None or NaN where it is not.
    """

    customer_ids: NDArray[np.object_]
    offsets: IntArray
    day: IntArray
    measures: Mapping[str, IntArray]
    decimals: int
    sequences: Mapping[str, DaySequence] = field(default_factory=dict)
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, NDArray[Any]],
        decimals: int,
        things: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
        attributes: Mapping[str, NDArray[Any]] | None = None,
    ) -> CustomerDays:
        """From the ordered columns that `customer_days` yields, and by name those of `bought_things`.

        ``attributes`` are columns of ``customers`` beside ``customer_id``, in any order.
        """
        ids, n_days = np.unique(columns["customer_id"].astype(object), return_counts=True)
        measured = {name: values for name, values in columns.items() if name != "customer_id"}
        return cls.of_customers(ids, n_days.astype(np.int64), measured, decimals, things, attributes)

    @classmethod
    def of_customers(
        cls,
        customer_ids: NDArray[np.object_],
        n_days: IntArray,
        columns: Mapping[str, NDArray[Any]],
        decimals: int,
        things: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
        attributes: Mapping[str, NDArray[Any]] | None = None,
    ) -> CustomerDays:
        """The same from each customer once, ascending, with how many of the ordered rows are theirs.

        An id per row would be most of what is read of a long log.
        """
        measured = {name: values.astype(np.int64) for name, values in columns.items()}
        return cls(
            customer_ids=customer_ids,
            offsets=np.r_[0, np.cumsum(n_days)].astype(np.int64),
            day=measured.pop("day"),
            measures=measured,
            decimals=decimals,
            sequences={name: DaySequence.from_columns(found, customer_ids) for name, found in (things or {}).items()},
            attributes=_in_order(attributes or {}, customer_ids),
        )

    def of(self, first: int, end: int) -> CustomerDays:
        """The customers with codes ``first`` to ``end - 1``, counted from 0; nothing is copied but their offsets."""
        low, high = self.offsets[first], self.offsets[end]
        return CustomerDays(
            customer_ids=self.customer_ids[first:end],
            offsets=self.offsets[first : end + 1] - low,
            day=self.day[low:high],
            measures={name: values[low:high] for name, values in self.measures.items()},
            decimals=self.decimals,
            sequences={name: sequence.of(first, end) for name, sequence in self.sequences.items()},
            attributes={name: values[first:end] for name, values in self.attributes.items()},
        )

    @property
    def activity(self) -> IntArray:
        """How many purchase days each row stands for: 1, or 0 on a day without a purchase."""
        return self.measures["n_purchase_days"]

    def cumulative(self, measures: Sequence[Measure]) -> IntArray:
        """Running sums with a leading zero, shape (n_measures, n_days + 1)."""
        sums = np.zeros((len(measures), len(self.day) + 1), np.int64)
        for row, measure in enumerate(measures):
            np.cumsum(self.measures[measure.name], out=sums[row, 1:])
        return sums


def _in_order(attributes: Mapping[str, NDArray[Any]], customer_ids: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Attributes of these customers; None or NaN for those who are not among them."""
    if not attributes:
        return {}
    rows = pd.DataFrame(dict(attributes)).set_index("customer_id").reindex(customer_ids)
    return {name: rows[name].to_numpy() for name in rows.columns}
