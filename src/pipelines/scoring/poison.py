"""Futures that are put in place of the real one, to see whether anything said of the past moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ibis

from pipelines.core.columns import PURCHASE
from pipelines.scoring.log import as_literal

Poison = Callable[[Any, datetime], Any]
"""From a log and a cutoff to the same log with another future."""
_KEPT = ("customer_id", "event_time")
_TEXT = "another value"


def deleted(log: Any, cutoff: datetime) -> Any:
    """Nothing happens any more."""
    return log.filter(log.event_time < as_literal(cutoff))


def duplicated(log: Any, cutoff: datetime) -> Any:
    """Everything happens twice."""
    return log.union(log.filter(log.event_time >= as_literal(cutoff)))


def changed(log: Any, cutoff: datetime) -> Any:
    """The same people do other things: types, orders, products, numbers and money are others."""
    future = log.filter(log.event_time >= as_literal(cutoff))
    others = {name: _other(future[name], kind) for name, kind in future.schema().items() if name not in _KEPT}
    others["event_type"] = ibis.ifelse(future.event_type == PURCHASE, _TEXT, PURCHASE)
    cast = {name: value.cast(future.schema()[name]) for name, value in others.items()}
    return deleted(log, cutoff).union(future.mutate(**cast).select(*log.columns))


def invented(log: Any, cutoff: datetime) -> Any:
    """Everybody buys something at the very moment of the cutoff."""
    known = {"event_time": as_literal(cutoff), "event_type": ibis.literal(PURCHASE), "amount": ibis.literal(1)}
    people = log.select("customer_id").distinct()
    rows = people.mutate(
        **{
            name: known[name].cast(kind) if name in known else ibis.null(kind)
            for name, kind in log.schema().items()
            if name != "customer_id"
        }
    )
    return log.union(rows.select(*log.columns))


POISONS: Mapping[str, Poison] = {
    "deleted": deleted,
    "duplicated": duplicated,
    "changed": changed,
    "invented": invented,
}
"""By what was done to the future."""


def _other(value: Any, kind: Any) -> Any:
    """A value of the same type that is not the same."""
    if kind.is_string():
        return ibis.literal(_TEXT)
    if kind.is_boolean():
        return ~value
    return value + 1 if kind.is_numeric() else value
