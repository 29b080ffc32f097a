from __future__ import annotations

from datetime import date

import pytest

from pipelines.core.errors import ConfigError, UsageError
from pipelines.simulation.campaigns import CAMPAIGNS, Campaign
from pipelines.simulation.drifts import PriceShock
from pipelines.simulation.law import law_of
from pipelines.simulation.shop import chunk_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_at


def test_a_shop_can_be_written_in_yaml_and_read_back() -> None:
    shop = ShopSpec(n_customers=5_000)

    assert ShopSpec.read(shop.model_dump(mode="json"), "shop.yaml") == shop


def test_overlapping_campaigns_are_refused_with_the_date_to_use() -> None:
    late = Campaign(campaign_id="late", sent=date(2023, 6, 1), effect_days=7, lift_steady=1.1, lift_sensitive=1.1)

    with pytest.raises(ConfigError) as error:
        ShopSpec.read({"campaigns": [one.model_dump() for one in (*CAMPAIGNS, late)]}, "shop.yaml")

    assert "campaign 'late' works before 'voucher' has ended on 2023-06-06" in str(error.value)
    assert "send it on 2023-06-05 or later" in str(error.value)


def test_two_campaigns_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two campaigns share an id"):
        ShopSpec.read({"campaigns": [CAMPAIGNS[0].model_dump(), CAMPAIGNS[0].model_dump()]}, "shop.yaml")


def test_an_outage_ends_after_it_began() -> None:
    feed = {"type": "blank_feed", "since": "2024-02-02", "until": "2024-02-02", "share": 0.5}

    with pytest.raises(ConfigError, match="put 'until' later"):
        ShopSpec.read({"drifts": [feed]}, "shop.yaml")


def test_more_orders_than_sessions_are_refused() -> None:
    cut = PriceShock(since=date(2023, 2, 1), factor=0.8)
    shop = ShopSpec(drifts=(cut, cut, cut))

    with pytest.raises(ConfigError, match="more orders and carts than sessions"):
        law_of(shop)


def test_a_chunk_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="Use 0 to 1"):
        chunk_of(ShopSpec(), 2)


@pytest.mark.parametrize(
    ("cutoffs", "horizon_days", "fix"),
    [
        ([date(2022, 12, 31)], 28, "Use dates after 2023-01-01 and up to 2024-06-24"),
        ([], 28, "No cutoff was given"),
        ([date(2023, 5, 1)], 400, "Use 1 to 366 days"),
    ],
)
def test_cutoffs_and_horizons_out_of_range_are_refused(cutoffs: list[date], horizon_days: int, fix: str) -> None:
    with pytest.raises(UsageError, match=fix):
        truth_at(ShopSpec(), 0, cutoffs, horizon_days)
