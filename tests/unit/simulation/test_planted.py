from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.adapters.simulated import digest_of
from pipelines.core.errors import ConfigError
from pipelines.simulation.columns import COLUMNS
from pipelines.simulation.defaults import PLANTED_NAMES, PLANTED_STEPS
from pipelines.simulation.latent import types_of
from pipelines.simulation.law import law_of
from pipelines.simulation.oracle import blind_oracle_at, oracle_at
from pipelines.simulation.planted import PlantedTypes
from pipelines.simulation.shop import chunk_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_at, truth_calendar, truth_campaigns, truth_customers
from unit.simulation.conftest import HORIZON_DAYS, with_outcome

TYPES = PlantedTypes(n_types=4, separation=1.0, shares=(0.4, 0.3, 0.2, 0.1))
CUTOFFS = (date(2023, 5, 20), date(2024, 2, 20))


@pytest.fixture(scope="module")
def shop() -> ShopSpec:
    return ShopSpec(n_customers=6_000, customers_per_chunk=6_000, planted=TYPES)


@pytest.fixture(scope="module")
def raw(shop: ShopSpec) -> dict[str, pd.DataFrame]:
    return dict(chunk_of(shop, 0))


@pytest.fixture(scope="module")
def truth(shop: ShopSpec) -> pd.DataFrame:
    return truth_customers(shop, 0)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("events", "7e369c404ef3998d3bc8badd44fe341f837bb426f780d0249b2e7c3492263302"),
        ("customers", "486fdc5cdc6e3f47e71eb30c8bef178f732e45e2436bed37ee2bba6b358cecc4"),
        ("contacts", "7de0e864ea756820ba062d97f7c6d663b5dac0499ea5a224e1db7065e8281823"),
    ],
)
def test_the_log_of_a_shop_without_them_is_what_it_was_before_there_were_any(table: str, expected: str) -> None:
    told = chunk_of(ShopSpec(n_customers=1_000, n_days=180), 0)[table].to_csv(index=False)

    assert hashlib.sha256(told.encode()).hexdigest() == expected


def test_what_identifies_a_shop_without_them_does_not_speak_of_them() -> None:
    given = {"planted": TYPES.model_dump(mode="json")}

    assert "planted" not in ShopSpec().model_dump(mode="json")
    assert digest_of({"planted": None}, "events") == digest_of({}, "events") != digest_of(given, "events")
    assert ShopSpec.read(ShopSpec(planted=TYPES).model_dump(mode="json"), "shop.yaml").planted == TYPES


def test_who_the_customers_are_does_not_depend_on_the_types(raw: dict[str, pd.DataFrame]) -> None:
    plain = chunk_of(ShopSpec(n_customers=6_000, customers_per_chunk=6_000), 0)

    assert raw["customers"].equals(plain["customers"])
    assert raw["contacts"].equals(plain["contacts"])


def test_the_type_stands_in_the_truth_and_not_in_the_log(raw: dict[str, pd.DataFrame], truth: pd.DataFrame) -> None:
    texts = [table[name].astype(str) for table in raw.values() for name in table.select_dtypes(["category", "object"])]

    assert set(truth["planted_type"]) == set(PLANTED_NAMES)
    assert not any(text.isin(PLANTED_NAMES).any() for text in texts)
    assert [column.table for column in COLUMNS if column.name == "planted_type"] == ["truth_customers"]


def test_without_planted_types_the_truth_says_none() -> None:
    assert truth_customers(ShopSpec(n_customers=1_000), 0)["planted_type"].isna().all()


def test_types_are_as_frequent_as_their_shares(truth: pd.DataFrame) -> None:
    observed = truth["planted_type"].value_counts(normalize=True).reindex(PLANTED_NAMES).to_numpy()
    expected = TYPES.probabilities

    assert (np.abs(observed - expected) < 4 * np.sqrt(expected * (1 - expected) / len(truth))).all()


def test_age_gender_and_region_tell_nothing_about_the_type() -> None:
    types = types_of(TYPES)
    of_cell = np.stack([types.prior[:, types.planted == kind].sum(axis=1) for kind in range(4)], axis=1)

    assert np.allclose(of_cell, TYPES.probabilities)
    assert np.allclose(types.prior.sum(axis=1), 1)


@pytest.mark.parametrize("separation", [0.0, 0.5, 2.0])
def test_types_are_as_far_apart_as_the_separation_says(separation: float) -> None:
    types = types_of(PlantedTypes(separation=separation))
    more_kept = 1 / types.last_kept - 1
    for rate, values in {
        "visits": types.visits,
        "conversion": types.conversion,
        "lapse": types.lapse,
        "more_kept": more_kept,
    }.items():
        means = np.array([np.log(values[types.planted == kind]).mean() for kind in range(4)])

        assert np.allclose(means - means[0], separation * (np.array(PLANTED_STEPS[rate]) - PLANTED_STEPS[rate][0]))


@pytest.mark.parametrize("separation", [0.0, 2.5])
def test_every_separation_keeps_the_planted_campaigns_and_drifts_lawful(separation: float) -> None:
    law = law_of(ShopSpec(planted=PlantedTypes(separation=separation)))

    assert (law.conversion * law.lift + law.carts[:, None]).max() < 1
    assert law.lapse.max() < 0.1


def test_the_log_shows_what_the_types_are_like(raw: dict[str, pd.DataFrame], truth: pd.DataFrame) -> None:
    """Products kept in carts are what no other latent trait changes."""
    steps = raw["events"].assign(
        kept=(raw["events"]["event_type"] == "add_to_cart").astype(int)
        - (raw["events"]["event_type"] == "remove_from_cart").astype(int),
        carted=raw["events"]["event_type"] == "add_to_cart",
    )
    carts = steps.dropna(subset="session_id").groupby(["customer_id", "session_id"])[["kept", "carted"]].sum()
    kept = carts.loc[carts["carted"] > 0, "kept"].reset_index()
    known = truth.set_index("customer_id").loc[kept["customer_id"], ["planted_type", "products_per_cart"]]
    for _, part in known.assign(kept=kept["kept"].to_numpy()).groupby("planted_type", observed=True):
        spread = part["kept"].std() / np.sqrt(len(part))

        assert abs(part["kept"].mean() - part["products_per_cart"].iloc[0]) < 4 * spread


@pytest.mark.parametrize("ask", [truth_at, oracle_at, blind_oracle_at])
def test_truth_and_oracles_stay_exact(ask: Any, shop: ShopSpec, raw: dict[str, pd.DataFrame]) -> None:
    orders = raw["events"].loc[raw["events"]["event_type"] == "purchase", ["customer_id", "event_time"]]
    for cutoff, told in ask(shop, 0, CUTOFFS, HORIZON_DAYS).groupby("cutoff"):
        rows = with_outcome(told, orders, cutoff)
        for _, part in rows.groupby(pd.qcut(rows["p_no_purchase"], 8, duplicates="drop"), observed=True):
            expected = part["p_no_purchase"]
            spread = np.sqrt((expected * (1 - expected)).sum())

            assert abs((part["no_purchase"] - expected).sum()) < 4 * spread


def test_true_effects_of_campaigns_are_those_of_the_types() -> None:
    spec = ShopSpec(planted=PlantedTypes(n_types=2, separation=2.0))
    effect = truth_campaigns(spec).set_index(["campaign_id", "segment"])["effect_orders"]
    own = truth_campaigns(ShopSpec()).set_index(["campaign_id", "segment"])["effect_orders"]

    assert effect["newsletter"].tolist() == [0, 0, 0]
    assert effect["voucher", "all"] > 0
    assert effect["voucher", "all"] != own["voucher", "all"]


def test_the_calendar_lists_them() -> None:
    row = truth_calendar(ShopSpec(planted=TYPES)).set_index("planted").loc["types"]

    assert row["happens"]
    assert PlantedTypes.model_validate_json(row["size"]) == TYPES


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_types": 3, "shares": [0.5, 0.5]}, "2 shares for 3 types"),
        ({"n_types": 2, "shares": [0.5, 0.6]}, "the shares sum to 1.1"),
        ({"n_types": 9}, "less than or equal to 4"),
        ({"separation": -1}, "greater than or equal to 0"),
    ],
)
def test_types_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ShopSpec.read({"planted": given}, "shop.yaml")
