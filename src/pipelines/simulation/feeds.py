"""What the feeds deliver of what happened: copies, gaps and blanks of the planted drifts, as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.simulation import defaults
from pipelines.simulation.catalog import Catalog
from pipelines.simulation.columns import categorical
from pipelines.simulation.drifts import EVENT_TYPES, PAGE_VIEW, PURCHASE, RETURN, SEARCH
from pipelines.simulation.log import NOTHING, Ints, Rows
from pipelines.simulation.people import People
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.streams import Purpose, stream

SESSIONS_PER_CUSTOMER = 100_000
"""Room for session ids, far above what a customer can reach; keeps ids unique over chunks."""


def as_logged(spec: ShopSpec, rows: Rows, chunk: int) -> tuple[Rows, NDArray[np.bool_]]:
    """The rows that the feeds delivered, and which of them came without product, price and amount."""
    rng = stream(spec.seed, chunk, Purpose.FEED)
    days = rows.days(spec)
    n_copies, blank = np.ones(days.size, np.int8), np.zeros(days.size, bool)
    for drift in spec.drifts:
        n_copies = n_copies * drift.n_copies(days, rows.event_type)
        blank |= (rng.random(days.size) < drift.blank_share(days)) & (rows.event_type == PURCHASE)
    if (n_copies == 1).all():
        return rows, blank
    order = np.repeat(np.arange(days.size), n_copies)
    return rows.take(order), blank[order]


def events_frame(
    spec: ShopSpec, people: People, catalog: Catalog, rows: Rows, blank: NDArray[np.bool_]
) -> pd.DataFrame:
    """The events table; its columns are in `COLUMNS`."""
    has_product, has_amount = rows.product != NOTHING, rows.event_type >= PURCHASE
    unit = _unit_cents(spec, catalog, rows)
    sign = np.where(rows.event_type == RETURN, -1, 1)
    first_id = (people.customer_id[0] - 1) * SESSIONS_PER_CUSTOMER + 1
    is_page, is_search = rows.event_type == PAGE_VIEW, rows.event_type == SEARCH
    return pd.DataFrame(
        {
            "customer_id": people.customer_id[rows.customer],
            "session_id": _nullable(first_id + rows.session, rows.event_type == RETURN),
            "event_time": np.datetime64(spec.start, "us") + rows.micros.astype("timedelta64[us]"),
            "event_type": categorical(rows.event_type, EVENT_TYPES),
            "product_id": _nullable(rows.product.astype(np.int64) + 1, ~has_product | blank),
            "order_id": _nullable(first_id + rows.session, ~has_amount),
            "quantity": _nullable(rows.quantity.astype(np.int64), rows.quantity == NOTHING),
            "unit_price_cents": _nullable(unit, ~has_product | blank),
            "amount_cents": _nullable(unit * rows.quantity * sign, ~has_amount | blank),
            "device": categorical(rows.device, defaults.DEVICES),
            "page": categorical(np.where(is_page, rows.detail, NOTHING), defaults.PAGES),
            "search_category": categorical(np.where(is_search, rows.detail, NOTHING), defaults.CATEGORIES),
        },
        copy=False,
    )


def _unit_cents(spec: ShopSpec, catalog: Catalog, rows: Rows) -> Ints:
    """Price of one piece on the day of the row; a return pays back the price of the purchase."""
    days = spec.days()
    factor = np.prod([np.ones(days.shape), *(drift.price_factor(days) for drift in spec.drifts)], axis=0)
    steps, step_of_day = np.unique(factor, return_inverse=True)
    cents = np.maximum(np.rint(steps[:, None] * catalog.cents), 1).astype(np.int64)
    return cents[step_of_day.ravel()[rows.price_day], rows.product]


def _nullable(values: Ints, is_null: NDArray[np.bool_]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values, is_null)
