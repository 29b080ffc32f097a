"""What was counted in a source: plain values, no rows of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from pipelines.core.intervals import Interval
from pipelines.core.windows import Window
from pipelines.profile.counts import Histogram, IntArray, share_interval
from pipelines.profile.gaps import Gaps, Silence


@dataclass(frozen=True)
class TypeFacts:
    """Events of one type."""

    name: str
    n_events: int
    n_customers: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Weeks:
    """Calendar weeks from Monday to Sunday.

    Parameters
    ----------
    monday : ndarray of int64, shape (n_weeks,)
        Days since 1970-01-01; no week is left out.
    n_events : ndarray of int64, shape (n_types, n_weeks)
        By event type.
    paid : ndarray of int64, shape (n_weeks,)
        Money spent, in minor units.
    is_whole : ndarray of bool, shape (n_weeks,)
        Whether all seven days are known.
    """

    monday: IntArray
    n_events: IntArray
    paid: IntArray
    is_whole: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def total(self) -> IntArray:
        """Events of all types, shape (n_weeks,)."""
        total: IntArray = self.n_events.sum(axis=0)
        return total


@dataclass(frozen=True)
class Days:
    """Events per day, none left out, up to the last day that is taken for real.

    Parameters
    ----------
    first : int
        The first day, as days since 1970-01-01.
    n_events : ndarray of int64, shape (n_types, n_days)
        By event type, in the order of `Facts.types`.
    paid : ndarray of int64, shape (n_days,)
        Money spent, in minor units.
    """

    first: int
    n_events: IntArray
    paid: IntArray

    @property
    def total(self) -> IntArray:
        """Events of all types, shape (n_days,)."""
        total: IntArray = self.n_events.sum(axis=0)
        return total

    @property
    def weekday(self) -> IntArray:
        """0 is Monday; 1970-01-01 was a Thursday."""
        return (np.arange(len(self.paid)) + self.first + 3) % 7

    def weeks(self, end_day: int) -> Weeks:
        """The same by week; whole are those whose days all lie before ``end_day``."""
        number = (np.arange(len(self.paid)) + self.first + 3) // 7
        monday = np.arange(number[0], number[-1] + 1) * 7 - 3
        starts = np.searchsorted(number, np.arange(number[0], number[-1] + 1))
        return Weeks(
            monday=monday,
            n_events=np.add.reduceat(self.n_events, starts, axis=1),
            paid=np.add.reduceat(self.paid, starts),
            is_whole=(monday >= self.first) & (monday + 7 <= end_day),
        )


@dataclass(frozen=True)
class ColumnFacts:
    """One column of a contract table."""

    table: str
    column: str
    role: str
    n_rows: int
    n_missing: int
    is_constant: bool

    @property
    def share_missing(self) -> float:
        """Rows without a value, as a share; 0 where there are no rows."""
        return self.n_missing / self.n_rows if self.n_rows else 0.0


@dataclass(frozen=True)
class Seen:
    """Ids of customers or products that events name, and how they fit the table of their own.

    Parameters
    ----------
    n_seen, n_sold, n_busiest : int
        Ids with an event; with a purchase; events of the busiest.
    n_ids, n_forms : int
        Distinct ids in events and table; what is left of them without case, outer blanks and leading zeros.
    listing : mapping of str to int or None
        What `queries.listing` yields; None if the source has no such table.
    """

    n_seen: int
    n_sold: int
    n_busiest: int
    n_ids: int
    n_forms: int
    listing: Mapping[str, int] | None


@dataclass(frozen=True)
class Buying:
    """What customers buy.

    Parameters
    ----------
    purchase_days, orders : Histogram
        Over customers with a purchase: days with one, and orders.
    baskets, prices : Histogram
        Values of orders and of their lines, in minor units.
    quantities : Histogram
        Pieces of a line, where known.
    """

    purchase_days: Histogram
    orders: Histogram
    baskets: Histogram
    prices: Histogram
    quantities: Histogram

    @property
    def n_buyers(self) -> int:
        """Customers with a purchase."""
        return self.purchase_days.total

    @property
    def repeat_rate(self) -> Interval:
        """Of customers with a purchase, the share that bought on two days or more, with Wilson's interval."""
        return share_interval(self.purchase_days.n_above(1), self.n_buyers)


@dataclass(frozen=True)
class Facts:
    """Everything that was counted.

    Parameters
    ----------
    source, currency : str
        Whose log, and its money.
    decimals : int
        Of the currency.
    span : Window
        What is known: from the first day to the start of the last one.
    set_aside : mapping of str to int
        Raw rows that failed a check when the source was ingested, by ``table: reason``.
    n_midnight, n_ahead, n_fullest_second : int
        Events at exactly midnight; events after the last day that is taken for real; events in one second.
    """

    source: str
    currency: str
    decimals: int
    span: Window
    set_aside: Mapping[str, int]
    n_midnight: int
    n_ahead: int
    n_fullest_second: int
    types: tuple[TypeFacts, ...]
    days: Days
    columns: tuple[ColumnFacts, ...]
    customers: Seen
    products: Seen
    buying: Buying
    gaps: Gaps
    silences: tuple[Silence, ...]

    @property
    def n_events(self) -> int:
        """Events of all types."""
        return sum(one.n_events for one in self.types)

    @property
    def first_event(self) -> datetime:
        """Of all events, misdated ones too."""
        return min(one.first for one in self.types)

    @property
    def last_event(self) -> datetime:
        """Of all events, misdated ones too."""
        return max(one.last for one in self.types)

    @property
    def span_days(self) -> int:
        """Known days."""
        return (self.span.end - self.span.start).days

    @property
    def first_day(self) -> int:
        """The first day, as days since 1970-01-01."""
        return self.days.first

    @property
    def end_day(self) -> int:
        """The last day that the log holds, of which nobody knows whether it is complete."""
        return self.days.first + self.span_days

    @cached_property
    def weeks(self) -> Weeks:
        """Events by week and type."""
        return self.days.weeks(self.end_day)

    def money(self, minor: float) -> str:
        """An amount in minor units, to read."""
        return f"{minor / 10**self.decimals:,.{self.decimals}f} {self.currency}"
