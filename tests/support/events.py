"""Small logs that stand in the test that reads them: days are counted from 1970-01-01, so day 3 is the fourth."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from pipelines.core.columns import PURCHASE
from pipelines.core.windows import DAY, day_moment, day_number
from pipelines.features.days import CustomerDays
from pipelines.features.measures import MEASURES, PURCHASES, Measure
from pipelines.features.panel import AnyBlock, attributes_of, measures_of, sequences_of
from pipelines.features.spine import Spine

NAMES = tuple(measure.name for measure in PURCHASES)
DayRow = tuple[str, int, int, int, int, int]
"""``(customer_id, day)`` and the values of `PURCHASES` in their order."""

SCHEMA = ibis.schema(
    {
        "customer_id": "string",
        "event_time": "timestamp(6)",
        "event_type": "string",
        "order_id": "string",
        "session_id": "string",
        "product_id": "string",
        "quantity": "int64",
        "amount": "decimal(18, 2)",
        "discount": "decimal(18, 2)",
        "device": "string",
        "category": "string",
    }
)


CONTACTS = ibis.schema(
    {
        "customer_id": "string",
        "contact_time": "timestamp(6)",
        "campaign_id": "string",
        "channel": "string",
        "variant": "string",
    }
)


def event(customer: str, day: float, amount: str | None = "10.00", **more: Any) -> dict[str, Any]:
    """One contract event at ``day`` (3.5 is noon of day 3); a purchase unless ``event_type`` says otherwise."""
    moment = (day_moment(0) + day * DAY).replace(tzinfo=None)
    money = None if amount is None else Decimal(amount)
    row = {"customer_id": customer, "event_time": moment, "event_type": PURCHASE, "amount": money}
    return {**dict.fromkeys(SCHEMA), "quantity": 1, **row, **more}


def events_table(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Contract events as an Ibis table."""
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA.to_pyarrow()))


def contact(customer: str, day: float, variant: str | None = None) -> dict[str, Any]:
    """One campaign contact at ``day``."""
    moment = (day_moment(0) + day * DAY).replace(tzinfo=None)
    return {"customer_id": customer, "contact_time": moment, "campaign_id": "c1", "channel": None, "variant": variant}


def contacts_table(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Contract contacts as an Ibis table."""
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=CONTACTS.to_pyarrow()))


def products_table(**columns: Sequence[Any]) -> Any:
    """Contract products as an Ibis table; all columns are texts."""
    return ibis.memtable(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))


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


def days_of(rows: Iterable[DayRow], blocks: tuple[AnyBlock, ...] = ()) -> CustomerDays:
    """The customer-day table of these rows, in any order.

    What else the blocks read is made up from each row: the same for the same row, and as random as rows are.
    """
    ordered = sorted(rows)
    columns: dict[str, Any] = {
        "customer_id": np.array([row[0] for row in ordered], object),
        "day": np.array([row[1] for row in ordered], np.int64),
    }
    columns |= {name: np.array([row[2 + i] for row in ordered], np.int64) for i, name in enumerate(NAMES)}
    columns |= {
        measure.name: np.array([max(0, made_up(measure.name, row) % 6 - 2) for row in ordered], np.int64)
        for measure in measures_of(blocks)
        if measure.name not in NAMES
    }
    things = {name: _made_up_things(name, ordered) for name in sequences_of(blocks)}
    attributes = made_up_attributes(blocks, [row[0] for row in ordered])
    return CustomerDays.from_columns(columns, 2, things, attributes)


def made_up_attributes(blocks: tuple[AnyBlock, ...], customers: Iterable[str]) -> dict[str, Any]:
    """What blocks read of customers, the same for the same one: a size, and a plan that some have not."""
    whose = sorted(set(customers))
    plans = [("basic", "pro", None)[made_up("plan", customer) % 3] for customer in whose]
    values = {"plan": plans, "size": [float(made_up("size", customer) % 9) for customer in whose]}
    found = {name: np.array(values[name]) for name in attributes_of(blocks)}
    return {"customer_id": np.array(whose, object), **found} if found else {}


def _made_up_things(name: str, ordered: Sequence[DayRow]) -> dict[str, Any]:
    """Of each row's lines, which of four things they were."""
    lines = [(row[0], row[1], made_up(name, row, line) % 4) for row in ordered for line in range(row[4])]
    counted = sorted(Counter(lines).items())
    return {
        "customer_id": np.array([customer for (customer, _, _), _ in counted], object),
        "day": np.array([day for (_, day, _), _ in counted], np.int64),
        "thing": np.array([f"thing {thing}" for (_, _, thing), _ in counted], object),
        "n_lines": np.array([n_lines for _, n_lines in counted], np.int64),
    }


def measured(
    counts: Mapping[tuple[str, int], Mapping[str, int]], measures: Iterable[Measure] = MEASURES
) -> CustomerDays:
    """The customer-day table of days on which these measures were counted, and none of the others."""
    ordered = sorted(counts)
    columns: dict[str, Any] = {
        "customer_id": np.array([customer for customer, _ in ordered], object),
        "day": np.array([day for _, day in ordered], np.int64),
    }
    for measure in measures:
        columns[measure.name] = np.array([counts[key].get(measure.name, 0) for key in ordered], np.int64)
    return CustomerDays.from_columns(columns, decimals=2)


def made_up(*seed: object) -> int:
    """A number that looks random, always the same for the same seed."""
    return zlib.crc32(repr(seed).encode()) >> 4


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
