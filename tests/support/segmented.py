"""Customers in three plain segments, with everything that personas are told from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pipelines.features.catalogue import Feature
from pipelines.segments.described import Described, Moment

CUTOFF = datetime(2026, 3, 2, tzinfo=UTC)
FEATURES = (
    Feature(
        "n_orders_112d", "Orders in the last 112 days", "orders", "P112D", "never", "windowed", "", idea="orders"
    ),
    Feature(
        "order_value_mean_112d",
        "Mean order value in the last 112 days",
        "EUR",
        "P112D",
        "the customer has no order in the window",
        "baskets",
        "",
        idea="baskets",
    ),
    Feature(
        "recency_days", "Days from the last purchase day to the cutoff", "days", "all", "never", "recency", "",
        idea="recency",
    ),
)  # fmt: skip


def make_described(n_rows: int = 600, seed: int = 1, **changes: Any) -> Described:
    """Frequent customers (1), large orders (2), and those who fell silent (3), a third each, beside 2 % of none (0).

    Orders are about 30, 6 and 3; an order is worth about 20, 90 and 20; the last was about 4, 20 and 80 days ago. A
    tenth have no known order value. At each of three earlier cutoffs nine of ten were in the population, and of those
    five in six in their segment of today.
    """
    rng = np.random.default_rng(seed)
    segment = rng.integers(1, 4, n_rows)
    rows = pd.DataFrame(
        {
            "n_orders_112d": rng.poisson(np.array([0, 30, 6, 3])[segment]) + 1.0,
            "order_value_mean_112d": rng.lognormal(np.log([1, 20, 90, 20])[segment], 0.2),
            "recency_days": rng.poisson(np.array([0, 4, 20, 80])[segment]) + 1.0,
        }
    )
    points = np.log(rows.to_numpy())
    value = rows["n_orders_112d"].to_numpy() * rows["order_value_mean_112d"].to_numpy()
    rows.loc[rng.random(n_rows) < 0.1, "order_value_mean_112d"] = np.nan
    segment = np.where(rng.random(n_rows) < 0.02, 0, segment)
    customer = rng.permutation(5 * n_rows)[:n_rows]
    told: dict[str, Any] = {
        "title": "Ways of buying",
        "population": "customers that bought in the last 112 days",
        "cutoff": CUTOFF,
        "customer": customer,
        "segment": segment,
        "points": points,
        "rows": rows,
        "features": FEATURES,
        "value": value,
        "value_said": "amount spent in the last 112 days",
        "currency": "EUR",
        "scores": {"Churn": np.where(rng.random(n_rows) < 0.9, rng.beta(2, 8, n_rows) * (segment == 3), np.nan)},
        "demographics": pd.DataFrame({"age": rng.choice(["18-34", "35-64", "unknown"], n_rows)}),
        "history": tuple(_moment(rng, customer, segment, weeks) for weeks in (12, 8, 4)),
    }
    return Described(**{**told, **changes})


def _moment(rng: np.random.Generator, customer: Any, segment: Any, weeks: int) -> Moment:
    there = rng.random(len(segment)) < 0.9
    then = np.where(rng.random(len(segment)) < 0.25, rng.integers(1, 4, len(segment)), segment)
    return Moment(CUTOFF - timedelta(weeks=weeks), customer[there], then[there])
