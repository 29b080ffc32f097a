"""Small logs that stand in the test that reads them: days are counted from 1970-01-01, so day 3 is the fourth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from pipelines.core.columns import PURCHASE
from pipelines.core.windows import DAY, day_moment, day_number
from pipelines.features.days import MEASURES, CustomerDays
from pipelines.features.spine import Spine

DayRow = tuple[str, int, int, int, int, int]
"""``(customer_id, day)`` and the values of `MEASURES` in their order."""

SCHEMA = ibis.schema(
    {
        "customer_id": "string",
        "event_time": "timestamp(6)",
        "event_type": "string",
        "order_id": "string",
        "product_id": "string",
        "quantity": "int64",
        "amount": "decimal(18, 2)",
    }
)


def event(customer: str, day: float, amount: str | None = "10.00", **more: Any) -> dict[str, Any]:
    """One contract event at ``day`` (3.5 is noon of day 3); a purchase unless ``event_type`` says otherwise."""
    moment = (day_moment(0) + day * DAY).replace(tzinfo=None)
    money = None if amount is None else Decimal(amount)
    row = {"customer_id": customer, "event_time": moment, "event_type": PURCHASE, "amount": money}
    return {"order_id": None, "product_id": None, "quantity": 1, **row, **more}


def events_table(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Contract events as an Ibis table."""
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA.to_pyarrow()))


def make_events(
    purchases: Mapping[str, Sequence[float]], amounts: Mapping[str, Sequence[str]] | None = None
) -> list[dict[str, Any]]:
    """One purchase of 10.00 per customer and day, or of the ``amounts`` beside them."""
    amounts = amounts or {}
    return [
        event(customer, day, amount)
        for customer, days in purchases.items()
        for day, amount in zip(days, amounts.get(customer, ["10.00"] * len(days)), strict=True)
    ]


def make_days(
    purchases: Mapping[str, Sequence[int]], amounts: Mapping[str, Sequence[int]] | None = None
) -> CustomerDays:
    """The customer-day table of one order per listed day, of 10.00 or of ``amounts`` in minor units.

    A day that is listed twice has two orders.
    """
    amounts = amounts or {}
    totals: dict[tuple[str, int], list[int]] = {}
    for customer, days in purchases.items():
        for day, amount in zip(days, amounts.get(customer, [1_000] * len(days)), strict=True):
            totals.setdefault((customer, day), []).append(amount)
    return days_of([(*key, 1, len(paid), len(paid), sum(paid)) for key, paid in totals.items()])


def days_of(rows: Iterable[DayRow]) -> CustomerDays:
    """The customer-day table of these rows, in any order."""
    ordered = sorted(rows)
    columns: dict[str, Any] = {
        "customer_id": np.array([row[0] for row in ordered], object),
        "day": np.array([row[1] for row in ordered], np.int64),
    }
    columns |= {name: np.array([row[2 + i] for row in ordered], np.int64) for i, name in enumerate(MEASURES)}
    return CustomerDays.from_columns(columns, decimals=2)


def moments(*days: int) -> tuple[datetime, ...]:
    """Cutoffs at the beginning of these days."""
    return tuple(day_moment(day) for day in days)


def pairs(days: CustomerDays, spine: Spine) -> list[tuple[str, int]]:
    """The pairs of a spine, readable."""
    return [(days.customer_ids[c], int(t)) for c, t in zip(spine.customer, spine.cutoff, strict=True)]


def spine_of(days: CustomerDays, *wanted: tuple[str, int]) -> Spine:
    """A spine of these (customer, day) pairs, ordered by both."""
    codes = {customer: code for code, customer in enumerate(days.customer_ids)}
    ordered = sorted((codes[customer], day) for customer, day in wanted)
    return Spine(np.array([c for c, _ in ordered], np.int64), np.array([t for _, t in ordered], np.int64))


def as_day(text: str) -> int:
    """The day number of an ISO date."""
    return day_number(datetime.fromisoformat(f"{text}T00:00:00+00:00"))
