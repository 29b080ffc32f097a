from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.simulation.campaigns import Campaign
from pipelines.simulation.defaults import AGE_BOUNDS, COMEBACK, GENDERS, REGIONS
from pipelines.simulation.drifts import MissingFeed
from pipelines.simulation.latent import TYPES
from pipelines.simulation.law import active_share, law_of
from pipelines.simulation.oracle import blind_oracle_at, oracle_at
from pipelines.simulation.planted import PlantedTypes
from pipelines.simulation.shop import chunk_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.unfairness import CELL_SHAPE


def log_loss(label: pd.Series, forecast: pd.Series) -> float:
    return float(-np.log(np.where(label == 1, forecast, 1 - forecast)).mean())


def z_score(part: pd.DataFrame, forecast: str) -> float:
    expected = part[forecast]
    return float((part["no_purchase"] - expected).sum() / np.sqrt((expected * (1 - expected)).sum()))


@pytest.mark.parametrize("forecast", ["oracle", "blind"])
def test_the_oracle_is_calibrated(outcomes: pd.DataFrame, forecast: str) -> None:
    for _, part in outcomes.groupby("cutoff"):
        groups = part.groupby(pd.qcut(part[forecast], 8), observed=True)

        assert abs(z_score(part, forecast)) < 3.5
        assert max(abs(z_score(group, forecast)) for _, group in groups) < 4


@pytest.mark.parametrize("column", ["region", "gender", "consent"])
def test_the_oracle_is_calibrated_in_every_group(outcomes: pd.DataFrame, column: str) -> None:
    groups = outcomes.groupby(["cutoff", column], observed=True)

    assert max(abs(z_score(group, "oracle")) for _, group in groups) < 4


def test_the_oracle_knows_how_many_are_active(outcomes: pd.DataFrame) -> None:
    for name in ("active_oracle", "active_blind"):
        for _, part in outcomes.groupby("cutoff"):
            spread = np.sqrt((part[name] * (1 - part[name])).sum())
            assert abs((part["is_active"] - part[name]).sum()) < 4 * spread


def test_truth_beats_the_oracle_which_beats_the_blind_one_which_beats_recency(outcomes: pd.DataFrame) -> None:
    bins = pd.cut(outcomes["recency_days"], [-1, 7, 14, 28, 56, 112, 224, 20_000])
    recency = outcomes.groupby(["cutoff", bins], observed=True)["no_purchase"].transform("mean").clip(0.001, 0.999)
    rows = outcomes.assign(recency=recency)
    losses = [log_loss(rows["no_purchase"], rows[name]) for name in ("truth", "oracle", "blind", "recency")]

    assert losses == sorted(losses)
    assert losses[1] - losses[0] > 0.005
    assert losses[3] - losses[2] > 0.02


def test_without_sight_of_the_region_the_east_looks_more_lost_than_it_is(outcomes: pd.DataFrame) -> None:
    buyers = outcomes.loc[outcomes["recency_days"] < 56]
    excess = (buyers["blind"] - buyers["oracle"]).groupby(buyers["region"], observed=True).mean()

    assert excess["east"] > 0.015
    assert (excess.drop("east").abs() < 0.010).all()


def test_without_sight_of_age_the_elderly_look_less_lost_than_they_are(outcomes: pd.DataFrame) -> None:
    elderly = outcomes.loc[outcomes["age"] >= 65]
    excess = elderly["blind"] - elderly["oracle"]

    assert excess.mean() < -4 * excess.std() / np.sqrt(len(excess))


def test_the_oracle_sees_nothing_at_or_after_the_cutoff() -> None:
    cutoff = date(2023, 3, 1)
    feed = MissingFeed(since=cutoff, until=cutoff + timedelta(days=30))
    shops = [ShopSpec(n_customers=1_000, n_days=120, drifts=drifts, campaigns=()) for drifts in ((), (feed,))]

    known, broken = (oracle_at(shop, 0, [cutoff], 28)["p_no_purchase"] for shop in shops)

    assert known.equals(broken)


@pytest.mark.parametrize("types", [None, PlantedTypes(separation=1.5)], ids=["own", "planted"])
def test_the_raw_tables_alone_give_what_the_oracle_says(types: PlantedTypes | None) -> None:
    """A plain forward algorithm, customer by customer, over the frames that a shop would hand over."""
    campaign = Campaign(
        campaign_id="voucher", sent=date(2023, 2, 10), effect_days=14, lift_steady=0.8, lift_sensitive=1.4
    )
    shop = ShopSpec(n_customers=1_000, n_days=90, campaigns=(campaign,), planted=types)
    cutoff = date(2023, 2, 20)
    forecast = oracle_at(shop, 0, [cutoff], 28).set_index("customer_id")["p_active"]
    told = chunk_of(shop, 0)
    outcomes = outcomes_of(told["events"], shop)
    treated = set(told["contacts"].loc[told["contacts"]["variant"] == "treatment", "customer_id"])

    for customer in told["customers"].query("signed_up < @cutoff").iloc[::15].itertuples():
        counts = outcomes.loc[outcomes["customer_id"] == customer.customer_id]
        expected = p_active_by_hand(shop, customer, counts, shop.day_of(cutoff), customer.customer_id in treated)
        assert forecast[customer.customer_id] == pytest.approx(expected, abs=1e-10)


def outcomes_of(events: pd.DataFrame, shop: ShopSpec) -> pd.DataFrame:
    sessions = events.dropna(subset="session_id").groupby(["customer_id", "session_id"])
    frame = pd.DataFrame(
        {
            "day": (sessions["event_time"].min().dt.normalize() - pd.Timestamp(shop.start)).dt.days,
            "order": sessions["event_type"].agg(lambda types: (types == "purchase").any()),
            "n_added": sessions["event_type"].agg(lambda types: (types == "add_to_cart").sum()),
            "n_removed": sessions["event_type"].agg(lambda types: (types == "remove_from_cart").sum()),
        }
    )
    return frame.reset_index()


def p_active_by_hand(shop: ShopSpec, customer: Any, sessions: pd.DataFrame, until: int, treated: bool) -> float:
    law = law_of(shop)
    types = law.types
    signup = (customer.signed_up - pd.Timestamp(shop.start)).days
    band = sum(customer.age >= bound for bound in AGE_BOUNDS[1:-1])
    cell = np.ravel_multi_index((band, GENDERS.index(customer.gender), REGIONS.index(customer.region)), CELL_SHAPE)
    hazard, seen_share = law.lapse[law.gap_of_cell[cell]], 1 - law.lost_of_cell[cell]
    share = active_share(np.array(-1.0 - signup), types.lapse * law.gaps[law.gap_of_cell[cell]]) if signup < 0 else 1.0
    active, lapsed = types.prior[cell] * share, types.prior[cell] * (1 - share)
    for day in range(max(signup, 0), until):
        if day > signup:
            active, lapsed = (
                active * (1 - hazard[:, day]) + lapsed * COMEBACK,
                active * hazard[:, day] + lapsed * (1 - COMEBACK),
            )
        order = law.conversion[:, day] * (law.lift[:, day] if treated else 1.0)
        rates = (
            types.visits
            * law.season[day]
            * np.stack([(1 - order - law.carts) * seen_share, law.carts * seen_share, order])
        )
        active = active * np.exp(-rates.sum(axis=0))
        today = sessions.loc[sessions["day"] == day].iloc[1 if day == signup else 0 :]  # but for the registration
        for session in today.itertuples():
            active = active * rates[2 if session.order else 1 if session.n_added else 0]
            more = session.n_added - session.n_removed - 1
            active = active * (types.last_kept * (1 - types.last_kept) ** more if session.n_added else 1.0)
            lapsed = lapsed * 0
    return float(active.sum() / (active.sum() + lapsed.sum()))


def test_the_oracle_stays_calibrated_when_the_purchase_feed_is_missing() -> None:
    feed = MissingFeed(since=date(2023, 3, 1), until=date(2023, 4, 1))
    shops = [ShopSpec(n_customers=3_000, n_days=150, drifts=drifts, campaigns=()) for drifts in ((), (feed,))]
    known, broken = (oracle_at(spec, 0, [date(2023, 4, 1)], 28) for spec in shops)

    assert known["p_active"].mean() == pytest.approx(broken["p_active"].mean(), abs=0.003)
    assert not known["p_no_purchase"].equals(broken["p_no_purchase"])
    assert known["p_no_purchase"].mean() == pytest.approx(broken["p_no_purchase"].mean(), abs=0.01)


def test_where_nothing_is_unfair_age_and_region_matter_only_through_the_prior() -> None:
    spec = ShopSpec(n_customers=1_000, n_days=120, unfairness=(), drifts=(), campaigns=())
    forecasts = [ask(spec, 0, [date(2023, 4, 30)], 28)["p_no_purchase"] for ask in (oracle_at, blind_oracle_at)]

    assert law_of(spec).lapse.shape[:2] == (1, TYPES.n_types)
    assert np.corrcoef(*forecasts)[0, 1] > 0.98
