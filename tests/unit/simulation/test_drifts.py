from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipelines.simulation.catalog import products
from pipelines.simulation.drifts import BlankFeed, DoubleViews, Drift, MissingFeed, MixShift, NoPageViews, PriceShock
from pipelines.simulation.law import law_of
from pipelines.simulation.people import people_of
from pipelines.simulation.shop import chunk_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_calendar

DATE, END = date(2023, 4, 1), date(2023, 4, 15)
MOMENT, LATER = pd.Timestamp(DATE), pd.Timestamp(END)


def shop(*drifts: Drift) -> ShopSpec:
    return ShopSpec(
        n_customers=3_000, customers_per_chunk=3_000, n_days=180, drifts=drifts, campaigns=(), unfairness=()
    )


def events(*drifts: Drift) -> pd.DataFrame:
    return chunk_of(shop(*drifts), 0)["events"]


@pytest.fixture(scope="module")
def untouched() -> pd.DataFrame:
    return events()


def test_a_price_shock_raises_every_price_from_its_date() -> None:
    shocked = shop(PriceShock(since=DATE, factor=1.15))
    lines = chunk_of(shocked, 0)["events"].merge(products(shocked), on="product_id")
    lines = lines.loc[lines["event_type"] != "return"]
    ratio = (lines["unit_price_cents"] / lines["list_price_cents"]).astype(float)
    after = lines["event_time"] >= MOMENT

    assert (ratio[~after] == 1).all()
    assert np.allclose(ratio[after], 1.15, atol=0.005)


def test_a_price_shock_moves_conversion_by_elasticity_and_lapse_for_a_while() -> None:
    law = law_of(shop(PriceShock(since=DATE, factor=1.15, lapse_multiple=2, lapse_days=60)))
    before, during, after = 89, 90, 150

    assert np.allclose(np.unique(law.conversion[:, during] / law.conversion[:, before]), [1.15**-1.8, 1.15**-0.5])
    assert np.unique(law.lapse[0, :, during] / law.lapse[0, :, before]).tolist() == [1, 2]
    assert np.array_equal(law.lapse[..., after], law.lapse[..., before])


def test_a_mix_shift_moves_a_share_of_the_newcomers_only() -> None:
    shift = MixShift(since=DATE, region="north", share=0.3)
    plain, shifted = (chunk_of(one, 0)["customers"] for one in (shop(), shop(shift)))
    new = plain["signed_up"] >= MOMENT
    moved = (shifted["region"] != plain["region"])[new]
    expected = 0.3 * 0.85  # of those who were not from the north anyway

    assert plain.loc[~new].equals(shifted.loc[~new])
    assert (shifted.loc[new, "region"][moved] == "north").all()
    assert abs(moved.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / new.sum())


def test_a_mix_shift_gives_newcomers_a_mobile() -> None:
    shift = MixShift(since=DATE, region="north", share=1.0)
    people = people_of(shop(shift), law_of(shop(shift)), 0)

    assert (people.device[people.signup_day >= 90] == 0).all()


def test_a_blank_feed_loses_product_and_amount_between_its_dates(untouched: pd.DataFrame) -> None:
    broken = events(BlankFeed(since=DATE, until=END, share=0.6))
    bought = broken.loc[broken["event_type"] == "purchase"]
    inside = (bought["event_time"] >= MOMENT) & (bought["event_time"] < LATER)
    blank = bought[["product_id", "unit_price_cents", "amount_cents"]].isna()

    assert not blank[~inside].any(axis=None)
    assert (blank.nunique(axis=1) == 1).all()
    assert abs(blank["amount_cents"][inside].mean() - 0.6) < 4 * np.sqrt(0.24 / inside.sum())
    assert broken[["event_time", "order_id", "quantity"]].equals(untouched[["event_time", "order_id", "quantity"]])


def test_a_missing_feed_loses_all_purchases_between_its_dates_and_nothing_else(untouched: pd.DataFrame) -> None:
    broken = events(MissingFeed(since=DATE, until=END))
    inside = (untouched["event_time"] >= MOMENT) & (untouched["event_time"] < LATER)
    lost = inside & (untouched["event_type"] == "purchase")

    assert lost.sum() > 100
    assert broken.equals(untouched.loc[~lost].reset_index(drop=True))


def test_double_views_repeat_each_view_from_the_date(untouched: pd.DataFrame) -> None:
    doubled = events(DoubleViews(since=DATE))
    twice = (untouched["event_time"] >= MOMENT) & (untouched["event_type"] == "view")

    assert doubled.equals(untouched.loc[untouched.index.repeat(1 + twice)].reset_index(drop=True))


def test_page_views_stop_on_the_date(untouched: pd.DataFrame) -> None:
    silent = events(NoPageViews(since=DATE))
    lost = (untouched["event_time"] >= MOMENT) & (untouched["event_type"] == "page_view")

    assert silent.equals(untouched.loc[~lost].reset_index(drop=True))


def test_before_its_date_no_drift_is_seen() -> None:
    planted, plain = ShopSpec(n_customers=1_000), ShopSpec(n_customers=1_000, drifts=())
    first = pd.Timestamp(min(drift.since for drift in planted.drifts))
    one, other = (chunk_of(spec, 0)["events"] for spec in (planted, plain))

    def before(frame: pd.DataFrame) -> pd.DataFrame:
        columns = ["customer_id", "event_time", "event_type"]
        return frame.loc[(frame["event_time"] < first), columns].reset_index(drop=True)

    same = set(before(one)["customer_id"]) & set(before(other)["customer_id"])
    assert len(before(one)) == pytest.approx(len(before(other)), rel=0.02)
    assert len(same) > 500


def test_the_calendar_lists_what_is_planted_and_whether_it_happens() -> None:
    calendar = truth_calendar(ShopSpec(n_days=200)).set_index("planted")

    assert calendar.loc["price_shock", "happens"] == np.False_
    assert calendar.loc["campaign", "happens"].tolist() == [True, True, False, False]
    assert truth_calendar(ShopSpec(drifts=(), campaigns=(), unfairness=())).empty


def test_the_default_shop_plants_a_price_shock_a_mix_shift_a_broken_feed_and_a_tracking_change(
    tables: Mapping[str, pd.DataFrame],
) -> None:
    views = tables["events"].loc[tables["events"]["event_type"] == "view"]
    since = pd.Timestamp(date(2024, 5, 20))
    repeated = views.duplicated(["session_id", "event_time", "product_id"])

    assert repeated[views["event_time"] >= since].mean() == pytest.approx(0.5)
    assert not repeated[views["event_time"] < since].any()
