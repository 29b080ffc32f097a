"""Two shops, made once: the planted one, and a plain one in which nothing is planted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest

from pipelines.simulation.oracle import blind_oracle_at, oracle_at
from pipelines.simulation.shop import chunk_of, generate
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_at

HORIZON_DAYS = 28
CUTOFFS = (date(2023, 5, 20), date(2023, 8, 1), date(2024, 1, 20), date(2024, 2, 20), date(2024, 5, 20))
"""Inside a campaign's effect, in plain times, before the price shock, after it and before a contact, at the end."""


@pytest.fixture(scope="session")
def planted() -> ShopSpec:
    return ShopSpec(n_customers=6_000, customers_per_chunk=6_000)


@pytest.fixture(scope="session")
def plain(planted: ShopSpec) -> ShopSpec:
    return planted.model_copy(update={"campaigns": (), "drifts": (), "unfairness": ()})


@pytest.fixture(scope="session")
def tables(planted: ShopSpec) -> Mapping[str, pd.DataFrame]:
    return chunk_of(planted, 0)


@pytest.fixture(scope="session")
def plain_tables(plain: ShopSpec) -> Mapping[str, pd.DataFrame]:
    return chunk_of(plain, 0)


@pytest.fixture(scope="session")
def large_tables() -> Mapping[str, pd.DataFrame]:
    """The default shop, without what the tests of campaigns do not need."""
    parts = [
        {
            "orders": part["events"].loc[part["events"]["event_type"] == "purchase"].drop_duplicates("order_id"),
            "contacts": part["contacts"],
        }
        for part in generate(ShopSpec())
    ]
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}


@pytest.fixture(scope="session")
def outcomes(planted: ShopSpec, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Truth, both oracles, recency and what happened, one row per customer and cutoff."""
    key = ["customer_id", "cutoff"]
    asked = (planted, 0, CUTOFFS, HORIZON_DAYS)
    frame = truth_at(*asked).rename(columns={"p_no_purchase": "truth"})
    for name, forecast in (("oracle", oracle_at(*asked)), ("blind", blind_oracle_at(*asked))):
        renamed = forecast.rename(columns={"p_no_purchase": name, "p_active": f"active_{name}"})
        frame = frame.merge(renamed, on=key, validate="one_to_one")
    frame = frame.merge(tables["customers"], on="customer_id")
    orders = tables["events"].loc[tables["events"]["event_type"] == "purchase", ["customer_id", "event_time"]]
    parts = [with_outcome(part, orders, cutoff) for cutoff, part in frame.groupby("cutoff")]
    return pd.concat(parts, ignore_index=True)


def with_outcome(part: pd.DataFrame, orders: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    after = orders["event_time"] >= cutoff
    within = after & (orders["event_time"] < cutoff + pd.Timedelta(days=HORIZON_DAYS))
    last = orders.loc[~after].groupby("customer_id")["event_time"].max()
    recency = (cutoff - part["customer_id"].map(last)).dt.days.fillna(10_000)
    happened = ~part["customer_id"].isin(orders.loc[within, "customer_id"])
    return part.assign(no_purchase=happened.astype(float), recency_days=recency)
