from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipelines.simulation import defaults
from pipelines.simulation.catalog import products
from pipelines.simulation.spec import ShopSpec

Tables = Mapping[str, pd.DataFrame]


def of(tables: Tables, *event_types: str) -> pd.DataFrame:
    return tables["events"].loc[tables["events"]["event_type"].isin(event_types)]


def test_events_are_ordered_by_customer_and_time(tables: Tables) -> None:
    events = tables["events"]
    same = events["customer_id"].diff() == 0

    assert (events["customer_id"].diff().dropna() >= 0).all()
    assert (events["event_time"].diff()[same] >= pd.Timedelta(0)).all()


def test_sessions_of_a_customer_do_not_overlap_and_stay_within_a_day(tables: Tables) -> None:
    inside = tables["events"].dropna(subset="session_id")
    ends = inside.groupby(["customer_id", "session_id"])["event_time"].agg(["min", "max"]).reset_index()
    follows = ends["customer_id"].diff() == 0

    assert (ends["min"] > ends["max"].shift())[follows].all()
    assert (ends["min"].dt.normalize() == ends["max"].dt.normalize()).all()
    assert (ends["max"] - ends["min"]).max() <= pd.Timedelta(hours=1)


def test_time_passes_between_the_events_of_a_session(plain_tables: Tables) -> None:
    inside = plain_tables["events"].dropna(subset="session_id")
    gap = inside["event_time"].diff()[inside["session_id"].diff() == 0]
    of_one_order = (inside["event_type"] == "purchase") & (inside["event_type"].shift() == "purchase")
    moments = gap[~of_one_order.reindex(gap.index)]

    assert (moments > pd.Timedelta(0)).all()
    assert (moments >= pd.Timedelta(seconds=1)).mean() > 0.995


def test_only_what_was_viewed_and_added_is_removed_or_bought(plain_tables: Tables) -> None:
    key = ["session_id", "product_id"]
    n = plain_tables["events"].dropna(subset=key).groupby([*key, "event_type"], observed=True).size()
    n = n.unstack(fill_value=0)

    assert (n["view"] >= n["add_to_cart"]).all()
    assert (n["add_to_cart"] >= n["remove_from_cart"] + n["purchase"]).all()


def test_an_order_is_one_session_and_one_moment(plain_tables: Tables) -> None:
    orders = of(plain_tables, "purchase").groupby("order_id").agg({"session_id": "nunique", "event_time": "nunique"})

    assert (orders == 1).all(axis=None)


def test_a_return_follows_its_purchase_and_pays_it_back(plain_tables: Tables) -> None:
    key = ["customer_id", "order_id", "product_id", "quantity", "unit_price_cents"]
    returned = of(plain_tables, "return")
    bought = of(plain_tables, "purchase").drop_duplicates(key)
    pairs = returned.merge(bought, on=key, suffixes=("", "_bought"))
    days = (pairs["event_time"].dt.normalize() - pairs["event_time_bought"].dt.normalize()).dt.days

    assert len(pairs) == len(returned) > 0
    assert (pairs["amount_cents"] == -pairs["amount_cents_bought"]).all()
    assert days.between(defaults.MIN_RETURN_DAYS, defaults.MAX_RETURN_DAYS).all()


def test_returns_are_as_frequent_as_the_categories_say(plain: ShopSpec, plain_tables: Tables) -> None:
    lines = of(plain_tables, "purchase", "return").merge(products(plain), on="product_id")
    before = pd.Timestamp(plain.end) - pd.Timedelta(days=defaults.MAX_RETURN_DAYS)
    bought = lines.loc[(lines["event_type"] == "purchase") & (lines["event_time"] < before)]
    ids = lines.loc[lines["event_type"] == "return", ["order_id", "product_id"]].drop_duplicates()
    came_back = bought.merge(ids, on=["order_id", "product_id"])["category"].value_counts()
    n = bought["category"].value_counts()

    for category, expected in zip(defaults.CATEGORIES, defaults.CATEGORY_RETURNS, strict=True):
        spread = np.sqrt(expected * (1 - expected) / n[category])
        assert abs(came_back[category] / n[category] - expected) < 4 * spread


def test_amounts_are_pieces_times_price(plain_tables: Tables) -> None:
    lines = of(plain_tables, "purchase")

    assert (lines["amount_cents"] == lines["quantity"] * lines["unit_price_cents"]).all()
    assert (lines["amount_cents"] > 0).all()


def test_seven_carts_of_ten_are_abandoned(plain_tables: Tables) -> None:
    carts = of(plain_tables, "add_to_cart")["session_id"].nunique()
    orders = of(plain_tables, "purchase")["session_id"].nunique()

    assert abs(1 - orders / carts - 0.7) < 4 * np.sqrt(0.7 * 0.3 / carts)
