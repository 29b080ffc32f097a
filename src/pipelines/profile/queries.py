"""What is asked of the engine: every expression reduces events to a handful of rows before they leave it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ibis

from pipelines.core.columns import PURCHASE

_DAY_S = 86_400
_OPTIONAL = {"order_id": "string", "product_id": "string", "quantity": "int64", "amount": "decimal(18, 2)"}


def whole(events: Any) -> Any:
    """Events with every contract column that is asked for here; one that a source does not have is null."""
    return events.mutate(**{name: ibis.null(kind) for name, kind in _OPTIONAL.items() if name not in events.columns})


def by_type(events: Any) -> Any:
    """Events, customers, first and last moment of each event type; the most frequent first."""
    pairs = events.group_by("event_type", "customer_id").agg(
        n=lambda one: one.count(), first=lambda one: one.event_time.min(), last=lambda one: one.event_time.max()
    )
    return (
        pairs.group_by("event_type")
        .agg(
            n_events=lambda pair: pair.n.sum().cast("int64"),
            n_customers=lambda pair: pair.count().cast("int64"),
            first=lambda pair: pair["first"].min(),
            last=lambda pair: pair["last"].max(),
        )
        .order_by([ibis.desc("n_events"), "event_type"])
    )


def by_day(events: Any, decimals: int) -> Any:
    """Events and money spent per day (days since 1970-01-01 UTC) and event type, ordered by both."""
    return (
        events.mutate(day=_day(events), paid=_is_purchase(events).ifelse(_minor(events.amount, decimals), 0))
        .group_by("day", "event_type")
        .agg(n_events=lambda one: one.count().cast("int64"), paid=lambda one: one.paid.sum().cast("int64"))
        .order_by("day", "event_type")
    )


def stamps(events: Any, end: datetime) -> Any:
    """One row: events at exactly midnight, events at ``end`` or after, events in the fullest second.

    The fullest second is looked for outside midnight, where dates without a time end up.
    """
    second = events.event_time.epoch_seconds().cast("int64")
    is_midnight, is_ahead = second % _DAY_S == 0, second >= int(end.timestamp())
    seconds = events.select(second=second, is_midnight=is_midnight, is_ahead=is_ahead)
    counts = seconds.group_by("second", "is_midnight", "is_ahead").agg(n=lambda one: one.count())
    return counts.agg(
        n_midnight=_total(counts.n, counts.is_midnight),
        n_ahead=_total(counts.n, counts.is_ahead),
        n_fullest_second=counts.n.max(where=~counts.is_midnight).fill_null(0).cast("int64"),
    )


def column_facts(table: Any, names: Sequence[str]) -> Any:
    """One row: for column number ``i`` of ``names``, ``n_missing_i`` rows without a value and ``is_constant_i``.

    Null, and text without a character, are missing.
    """
    asked: dict[str, Any] = {"n_rows": table.count().cast("int64")}
    for number, name in enumerate(names):
        asked[f"n_missing_{number}"] = _missing(table[name]).sum().fill_null(0).cast("int64")
        asked[f"is_constant_{number}"] = (table[name].min() == table[name].max()).fill_null(False)
    return table.agg(**asked)


def seen_ids(events: Any, key: str) -> Any:
    """One row per id that events name: ``id``, ``n_events`` and ``n_purchases``."""
    named = events.filter(~_missing(events[key]))
    return named.group_by(id=named[key]).agg(
        n_events=lambda one: one.count().cast("int64"),
        n_purchases=lambda one: _is_purchase(one).sum().fill_null(0).cast("int64"),
    )


def seen_totals(seen: Any) -> Any:
    """One row: how many ids were seen, how many with a purchase, and the events of the busiest."""
    return seen.agg(
        n_seen=seen.count().cast("int64"),
        n_sold=(seen.n_purchases > 0).sum().fill_null(0).cast("int64"),
        n_busiest=seen.n_events.max().fill_null(0).cast("int64"),
    )


def listing(seen: Any, listed: Any, key: str) -> Any:
    """One row that compares the ids of events with those of their own table.

    Returns
    -------
    ibis.Table
        ``n_listed``; ``n_listed_unseen`` (no event); ``n_listed_unsold`` (no purchase); ``n_unlisted`` ids that events
        name and the table does not; ``n_events_unlisted`` of theirs.
    """
    known = listed.select(known=listed[key]).filter(lambda one: ~_missing(one.known)).distinct()
    both = seen.outer_join(known, seen.id == known.known)
    is_listed, is_seen = both.known.notnull(), both.id.notnull()
    return both.agg(
        n_listed=is_listed.sum().fill_null(0).cast("int64"),
        n_listed_unseen=(~is_seen).sum().fill_null(0).cast("int64"),
        n_listed_unsold=(is_listed & (both.n_purchases.fill_null(0) == 0)).sum().fill_null(0).cast("int64"),
        n_unlisted=(~is_listed).sum().fill_null(0).cast("int64"),
        n_events_unlisted=_total(both.n_events, ~is_listed),
    )


def id_forms(seen: Any, listed: Any | None, key: str) -> Any:
    """One row: distinct ids, and how many are left once case, outer blanks and leading zeros are taken away."""
    ids = seen.select("id")
    if listed is not None:
        ids = ids.union(listed.select(id=listed[key]).filter(lambda one: ~_missing(one.id)), distinct=True)
    plain = ids.id.cast("string").strip().lower().re_replace("^0+", "")
    return ids.agg(n_ids=ids.count().cast("int64"), n_forms=plain.nunique().cast("int64"))


def baskets(events: Any, decimals: int) -> Any:
    """Histogram of order values in minor units; one order per customer and day where a shop has no order ids."""
    paid = _purchases(events, decimals)
    orders = paid.group_by("customer_id", "day", "order_id").agg(value=lambda line: line.minor.sum().cast("int64"))
    return _histogram(orders, "value")


def prices(events: Any, decimals: int) -> Any:
    """Histogram of the amounts of purchase lines in minor units."""
    return _histogram(_purchases(events, decimals), "minor")


def quantities(events: Any) -> Any:
    """Histogram of the quantities of purchase lines, where they are known and positive."""
    bought = events.filter(_is_purchase(events) & (events.quantity > 0))
    return _histogram(bought.mutate(pieces=bought.quantity.cast("int64")), "pieces")


def per_customer(days: Any, measure: str) -> Any:
    """Histogram over customers of the sum of a measure of the customer-day table."""
    customers = days.group_by("customer_id").agg(value=lambda day: day[measure].sum().cast("int64"))
    return _histogram(customers, "value")


def gaps(days: Any, end_day: int) -> Any:
    """One row per customer and purchase day before ``end_day``.

    Parameters
    ----------
    days : ibis.Table
        The customer-day table: ``customer_id`` and ``day``, distinct.
    end_day : int
        The first day that is not known to be complete; days from it on are not read.

    Returns
    -------
    ibis.Table
        ``customer_id``; ``gap``, days to the customer's next purchase day, null if none is known; ``watched``, how
        many whole days after the purchase day are known.
    """
    known = days.filter(days.day < end_day)
    in_time = ibis.window(group_by="customer_id", order_by="day")
    return known.select(
        "customer_id", gap=known.day.lead().over(in_time) - known.day, watched=ibis.literal(end_day - 1) - known.day
    )


def durations(gaps: Any) -> Any:
    """How many gaps of so many ``days`` ended or are still open: ``days``, ``ended``, ``n``."""
    lengths = gaps.select(days=gaps.gap.fill_null(gaps.watched).cast("int64"), ended=gaps.gap.notnull())
    return lengths.group_by("days", "ended").agg(n=lambda one: one.count().cast("int64")).order_by("days", "ended")


def silences(gaps: Any, horizons: Sequence[int], follow_up: int) -> Any:
    """One row of sums over customers, for each horizon ``h``: what a clustered share needs.

    A silence is a gap that lasts for more than ``h`` days and whose purchase day is followed by ``h + follow_up`` known
    days; it returned if the gap ended within these. With ``s`` silences and ``r`` returns of a customer, the columns
    are ``silent_h`` (sum of s), ``returned_h`` (of r), ``ss_h``, ``rs_h``, ``rr_h`` (of the products), ``customers_h``
    (with s > 0).
    """
    asked: dict[str, Any] = {}
    for horizon in horizons:
        is_known, is_over = gaps.watched >= horizon + follow_up, gaps.gap.isnull() | (gaps.gap > horizon)
        is_silent = is_known & is_over
        asked[f"s_{horizon}"] = is_silent.sum().cast("int64")
        asked[f"r_{horizon}"] = (is_silent & (gaps.gap <= horizon + follow_up)).sum().fill_null(0).cast("int64")
    customers = gaps.group_by("customer_id").agg(**asked)
    sums: dict[str, Any] = {}
    for horizon in horizons:
        s, r = customers[f"s_{horizon}"], customers[f"r_{horizon}"]
        named = {"silent": s, "returned": r, "ss": s * s, "rs": r * s, "rr": r * r, "customers": s > 0}
        sums |= {f"{name}_{horizon}": it.sum().fill_null(0).cast("int64") for name, it in named.items()}
    return customers.agg(**sums)


def _day(events: Any) -> Any:
    return (events.event_time.epoch_seconds() // _DAY_S).cast("int64")


def _minor(amount: Any, decimals: int) -> Any:
    return (amount * 10**decimals).cast("int64")


def _is_purchase(events: Any) -> Any:
    return ((events.event_type == PURCHASE) & (events.amount > 0)).fill_null(False)


def _purchases(events: Any, decimals: int) -> Any:
    return events.filter(_is_purchase(events)).mutate(day=_day(events), minor=_minor(events.amount, decimals))


def _missing(value: Any) -> Any:
    return value.isnull() | (value.strip() == "") if value.type().is_string() else value.isnull()


def _total(value: Any, where: Any) -> Any:
    return value.sum(where=where).fill_null(0).cast("int64")


def _histogram(table: Any, column: str) -> Any:
    return table.group_by(value=table[column]).agg(n=lambda one: one.count().cast("int64")).order_by("value")
