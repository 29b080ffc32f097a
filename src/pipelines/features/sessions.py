"""Live sessions: what has happened in them after some of their events, and what was known of the customer by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import ibis

from pipelines.features.catalogue import Feature
from pipelines.features.measures import is_purchase

SESSION, MOMENT, DEPTH, ENDS_IN_PURCHASE = "session", "moment", "n_events", "ends_in_purchase"
_COUNTED = {
    "n_views": ("view", "products viewed", "{product|products} viewed", "visit"),
    "n_page_views": ("page_view", "other pages viewed", "other {page|pages} viewed", "visit"),
    "n_searches": ("search", "searches", "{search|searches}", "visit"),
    "n_carted": ("add_to_cart", "products put into the cart", "{product|products} put into the cart", "cart"),
    "n_uncarted": (
        "remove_from_cart",
        "products taken out of the cart",
        "{product|products} taken out of the cart",
        "cart",
    ),
}
"""Of each count the event type, what it says, how a reason says it, and the idea."""
_ORDER = ("event_time", "event_type", "product_id", "order_id", "amount", "quantity")
_OF_CUSTOMER: Mapping[str, Any] = {"group_by": "customer_id", "order_by": "place"}
_OF_SESSION: Mapping[str, Any] = {"group_by": ["customer_id", SESSION], "order_by": "place"}
_SECONDS_A_DAY = 86_400


_NOW, _PAST = "the session until now", "all history"
_SO_FAR, _AGO = "{value} %s in this session so far", "last %s {value} {day|days} ago"
_DESCRIBED = (
    (DEPTH, "events so far", "events", "never", _NOW, "visit", _SO_FAR % "{event|events}"),
    *(
        (name, f"{said} so far", "events", "never", _NOW, idea, _SO_FAR % told)
        for name, (_, said, told, idea) in _COUNTED.items()
    ),
    (
        "n_products",
        "different products so far",
        "products",
        "never",
        _NOW,
        "visit",
        _SO_FAR % "different {product|products}",
    ),
    ("seconds", "seconds since the first event", "seconds", "never", _NOW, "pace", "{value} {second|seconds} so far"),
    (
        "seconds_since_last_event",
        "seconds between the last two events",
        "seconds",
        "at the first event",
        _NOW,
        "pace",
        "{value} {second|seconds} between the last two events",
    ),
    ("hour", "hour of the day (UTC)", "hours", "never", _NOW, "time of day", "at {value}:00 UTC"),
    ("weekday", "day of the week (0 is Monday)", "days", "never", _NOW, "weekday", "weekday {value} (0 is Monday)"),
    (
        "n_sessions_before",
        "sessions begun before",
        "sessions",
        "never",
        _PAST,
        "earlier sessions",
        "{value} earlier {session|sessions}",
    ),
    (
        "n_purchases_before",
        "order lines bought before",
        "lines",
        "never",
        _PAST,
        "earlier purchases",
        "{value} order {line|lines} bought before",
    ),
    (
        "days_since_last_purchase",
        "days since the last purchase",
        "days",
        "if there was none",
        _PAST,
        "earlier purchases",
        _AGO % "purchase",
    ),
    (
        "days_since_last_session",
        "days since the session before",
        "days",
        "in the first session",
        _PAST,
        "earlier sessions",
        _AGO % "session",
    ),
)
"""Of each feature its name, what it says, its unit, when it is null, what it sees, its idea, how a reason says it."""
_ABSENT = {
    "seconds_since_last_event": "the first event of the session",
    "days_since_last_purchase": "no purchase so far",
    "days_since_last_session": "the first session",
}


def session_features() -> tuple[Feature, ...]:
    """What a session is described by.

    Examples
    --------
    >>> [feature.name for feature in session_features()][-2:]
    ['days_since_last_purchase', 'days_since_last_session']
    """
    return tuple(
        Feature(
            name,
            f"{said[0].upper()}{said[1:]}",
            unit,
            window,
            null_rule,
            "session",
            phrase,
            idea=idea,
            absent=_ABSENT.get(name, ""),
        )
        for name, said, unit, null_rule, window, idea, phrase in _DESCRIBED
    )


def session_rows(events: Any, anchors: Sequence[int], gap: timedelta | None, within: timedelta) -> Any:
    """One row per session and anchor that it has reached without a purchase.

    Parameters
    ----------
    events : ibis.Table
        Contract events; those at or after the moment of knowledge are not among them.
    anchors : sequence of int
        Numbers of events after which a session is described.
    gap : timedelta or None
        None reads ``session_id``; else a session of a customer ends with this long a silence.
    within : timedelta
        How long after its moment a purchase of the session counts.

    Returns
    -------
    ibis.Table
        ``customer_id``, ``session``, ``moment``, the features of `session_features`, and ``ends_in_purchase``: whether
        a purchase follows in the same session, which says nothing yet where ``moment + within`` is not known. Ordered
        by customer, moment, session and number of events. An event at the same time as the anchor, but after it in
        the order of the columns, belongs to the outcome.
    """
    rows = _so_far_in_session(_with_sessions(events, gap))
    reached = rows.filter(rows[DEPTH].isin(list(anchors)) & (rows.n_bought == 0))
    label = (_seconds(reached.next_purchase, reached[MOMENT]) < int(within.total_seconds())).fill_null(False)
    names = [feature.name for feature in session_features()]
    return reached.select("customer_id", SESSION, MOMENT, *names, **{ENDS_IN_PURCHASE: label}).order_by(
        "customer_id", MOMENT, SESSION, DEPTH
    )


def _with_sessions(events: Any, gap: timedelta | None) -> Any:
    """Events that belong to a session, with its name, their place among the customer's, and when the one before was.

    Every later window goes by the place: two windows over the same columns may each order rows that tie in another way.
    """
    known = events if gap is not None else events.filter(events.session_id.notnull())
    order = [name for name in (*_ORDER, "session_id") if name in known.columns]
    placed = known.mutate(place=ibis.row_number().over(group_by="customer_id", order_by=order))
    rows = placed.mutate(last_before=placed.event_time.lag().over(**_OF_CUSTOMER))
    if gap is None:
        return rows.mutate(**{SESSION: rows.session_id})
    silence = _seconds(rows.event_time, rows.last_before)
    begun = rows.mutate(begins=(silence.isnull() | (silence >= int(gap.total_seconds()))).cast("int64"))
    number = begun.begins.sum().over(ibis.cumulative_window(**_OF_CUSTOMER))
    return begun.mutate(**{SESSION: number.cast("string")}).drop("begins")


def _so_far_in_session(rows: Any) -> Any:
    """Running counts of every event's session, and of its customer, up to and with the event."""
    session, customer = (ibis.cumulative_window(**of) for of in (_OF_SESSION, _OF_CUSTOMER))
    row = _marked(rows)
    return row.mutate(
        n_bought=row.is_bought.sum().over(session),
        next_purchase=row.bought_at.min().over(ibis.window(**_OF_SESSION, rows=(1, None))),
        **{name: row[f"is_{name}"].sum().over(session) for name in _COUNTED},
        n_products=row.is_new.sum().over(session),
        seconds=_seconds(row[MOMENT], row.begins),
        seconds_since_last_event=_seconds(row[MOMENT], row[MOMENT].lag().over(**_OF_SESSION)),
        hour=row[MOMENT].hour(),
        weekday=row[MOMENT].day_of_week.index(),
        n_sessions_before=row.is_first.sum().over(customer) - 1,
        n_purchases_before=row.is_bought.sum().over(customer),
        days_since_last_purchase=_seconds(row[MOMENT], row.bought_at.max().over(customer)) / _SECONDS_A_DAY,
        days_since_last_session=_seconds(row.begins, row.ended_before.max().over(session)) / _SECONDS_A_DAY,
    )


def _marked(rows: Any) -> Any:
    """Every event with its place in its session, and what is summed over sessions and customers."""
    none, bought = ibis.null("timestamp"), is_purchase(rows).fill_null(False)
    number = ibis.row_number().over(**_OF_SESSION)
    product = rows.product_id if "product_id" in rows.columns else ibis.null("string")
    of_product = {**_OF_SESSION, "group_by": ["customer_id", SESSION, product]}
    return rows.mutate(
        is_bought=bought.cast("int64"),
        bought_at=bought.ifelse(rows.event_time, none),
        is_first=(number == 0).cast("int64"),
        ended_before=(number == 0).ifelse(rows.last_before, none),
        is_new=((ibis.row_number().over(**of_product) == 0) & product.notnull()).cast("int64"),
        begins=rows.event_time.min().over(ibis.window(group_by=["customer_id", SESSION])),
        **{f"is_{name}": (rows.event_type == kind).cast("int64") for name, (kind, *_) in _COUNTED.items()},
        **{MOMENT: rows.event_time, DEPTH: number + 1},
    )


def _seconds(until: Any, since: Any) -> Any:
    return _whole_second(until) - _whole_second(since)


def _whole_second(moment: Any) -> Any:
    """Seconds since 1970, rounded down: engines differ in whether they keep the fraction."""
    return moment.epoch_seconds().cast("float64").floor()
