"""What rules may see: the log up to each of several cutoffs, as Ibis expressions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis

from pipelines.core.columns import CUSTOMER_ID
from pipelines.tables.contract import CUSTOMERS, EVENTS, PRODUCTS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tables.sql_aggregates import AGO
from pipelines.tables.sql_conditions import Condition
from pipelines.tables.sql_values import SCALE

CUTOFF, MICROS = "cutoff_number", "happened_micros"
"""Columns of rows beside a cutoff: which cutoff, from 0, and when the row happened, in microseconds since 1970."""
WHO = (CUSTOMER_ID, CUTOFF)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT = f"decimal(18, {SCALE})"


def micros(length: timedelta) -> int:
    """A length of time in microseconds.

    Examples
    --------
    >>> micros(timedelta(seconds=2))
    2000000
    """
    return length // _MICROSECOND


@dataclass(frozen=True)
class Cutoffs:
    """Moments at equal distances, oldest first.

    Parameters
    ----------
    moments : tuple of datetime
        At least one, UTC.
    """

    moments: tuple[datetime, ...]

    @property
    def first(self) -> int:
        """The first one in microseconds since 1970."""
        return micros(self.moments[0] - _EPOCH)

    @property
    def step(self) -> int:
        """Microseconds from one to the next."""
        return micros(self.moments[1] - self.moments[0]) if len(self.moments) > 1 else 1

    def of(self, numbers: Any) -> Any:
        """Cutoffs by their numbers, in microseconds since 1970."""
        return numbers.cast("int64") * self.step + self.first

    def not_before(self, since: Any) -> Any:
        """The number of the first cutoff at or after ``since``, in microseconds; there may be none of that number."""
        return (ibis.greatest(since - self.first + self.step - 1, 0) // self.step).cast("int64")

    def between(self, since: Any, until: Any | None) -> Any:
        """The numbers of the cutoffs in ``[since, until]``, both in microseconds: an array column."""
        n_cutoffs = len(self.moments)
        if until is None:
            return ibis.range(self.not_before(since), n_cutoffs)
        return ibis.range(self.not_before(since), ibis.least(self.not_before(until + 1), n_cutoffs))


@dataclass(frozen=True)
class Seen:
    """The log as it was known at each cutoff: a row is beside the cutoffs that lie after it, and beside no other.

    Parameters
    ----------
    lake : Lake
        Holds the source.
    manifest : Manifest
        What the source is.
    cutoffs : Cutoffs
        As of when customers are described.
    """

    lake: Lake
    manifest: Manifest
    cutoffs: Cutoffs

    def events(self, columns: Iterable[str], lookback: timedelta | None = None) -> Any:
        """Events before the last cutoff, with `MICROS`.

        Parameters
        ----------
        columns : iterable of str
            What is read of them besides whom, when and what; columns that events lack are those of their products.
        lookback : timedelta, optional
            How long before a cutoff they can lie.
        """
        events = self.lake.table(self.manifest.source, EVENTS.name)
        moment = events.event_time
        kept = moment < _literal(self.cutoffs.moments[-1])
        if lookback is not None:
            kept = kept & (moment >= _literal(self.cutoffs.moments[0] - lookback))
        asked = [name for name in dict.fromkeys(columns) if name not in AGO]
        named = [name for name in asked if name in events.columns]
        of_products = [name for name in asked if name not in events.columns]
        wanted = dict.fromkeys((CUSTOMER_ID, "event_time", "event_type", *named, *["product_id"] * bool(of_products)))
        found = events.filter(kept).select(*wanted)
        if of_products:
            products = self.lake.table(self.manifest.source, PRODUCTS.name).select("product_id", *of_products)
            found = found.left_join(products, "product_id").drop("product_id_right")
        return found.mutate(**{MICROS: found.event_time.delta(_literal(_EPOCH), unit="microsecond").cast("int64")})

    def beside_cutoffs(self, rows: Any, since: Any, until: Any | None) -> Any:
        """Rows once per cutoff in ``[since, until]``, with `CUTOFF`; a row without such a cutoff is gone.

        Parameters
        ----------
        rows : ibis.Table
            Anything.
        since, until : ibis columns of int64, in microseconds since 1970
            None: until the last cutoff.
        """
        return rows.mutate(**{CUTOFF: self.cutoffs.between(since, until)}).unnest(CUTOFF)

    def as_of(self, events: Any, lookback: timedelta | None) -> Any:
        """Events beside every cutoff after them, up to ``lookback`` after them, with ``days_ago`` and ``hours_ago``.

        Both are rounded up to a millionth, so that ``<=`` and ``>`` are exact to the microsecond: ``days_ago <= 7`` are
        the events in ``[cutoff - 7 days, cutoff)``.
        """
        until = None if lookback is None else events[MICROS] + micros(lookback)
        rows = self.beside_cutoffs(events, events[MICROS] + 1, until)
        age = self.cutoffs.of(rows[CUTOFF]) - rows[MICROS]
        return rows.mutate(**{name: _rounded_up(age, micros(unit)) for name, unit in AGO.items()})

    @property
    def first_events(self) -> Any:
        """One row per customer with an event before the last cutoff: ``customer_id`` and the first event's moment."""
        return self.events(()).group_by(CUSTOMER_ID).agg(**{MICROS: lambda one: one[MICROS].min()})

    @property
    def known(self) -> Any:
        """Customers beside every cutoff by which they had an event: ``customer_id`` and `CUTOFF`."""
        first = self.first_events
        return self.beside_cutoffs(first, first[MICROS] + 1, None).select(*WHO)

    def among(self, rows: Any, who: Condition) -> Any:
        """The rows of customers of whom ``who`` is true; of one whom the table of customers lacks it is not."""
        customers = self.lake.table(self.manifest.source, CUSTOMERS.name)
        return rows.semi_join(customers.filter(who.on(customers)).select(CUSTOMER_ID), CUSTOMER_ID)


def _literal(moment: datetime) -> Any:
    return ibis.timestamp(moment.replace(tzinfo=None).isoformat())


def _rounded_up(age: Any, unit: int) -> Any:
    """``age`` in units of so many microseconds, as decimal(18, 6)."""
    millionths = (age + (unit // 10**SCALE - 1)) // (unit // 10**SCALE)
    return (millionths.cast("decimal(18, 0)") * ibis.literal("0.000001").cast(_EXACT)).cast(_EXACT)
