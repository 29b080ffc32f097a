from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from pipelines.simulation.latent import TYPES
from pipelines.simulation.law import law_of
from pipelines.simulation.people import people_of, was_active
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_campaigns, truth_customers
from pipelines.simulation.unfairness import CELL_SHAPE

Tables = Mapping[str, pd.DataFrame]


def z_score(observed: pd.Series, expected: pd.Series) -> float:
    return float((observed - expected).sum() / np.sqrt((expected * (1 - expected)).sum()))


def test_the_true_probability_is_what_happens(outcomes: pd.DataFrame) -> None:
    for _, part in outcomes.groupby("cutoff"):
        groups = part.groupby(pd.qcut(part["truth"], 8, duplicates="drop"), observed=True)

        assert abs(z_score(part["no_purchase"], part["truth"])) < 3.5
        assert max(abs(z_score(group["no_purchase"], group["truth"])) for _, group in groups) < 4


def test_the_true_hazard_is_how_many_lapse(planted: ShopSpec) -> None:
    law = law_of(planted)
    people = people_of(planted, law, 0)
    active = was_active(planted, law, people, 0)
    for gap in range(law.gaps.size):
        before = active[:, :-1] & (people.gap == gap)[:, None]
        expected = law.lapse[gap][people.kind, 1 : planted.n_days][before]
        lapsed = ~active[:, 1:][before]

        assert abs(lapsed.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())


def test_the_true_rate_is_how_many_orders_come(plain: ShopSpec, plain_tables: Tables) -> None:
    law = law_of(plain)
    people = people_of(plain, law, 0)
    active = was_active(plain, law, people, 0)
    orders = plain_tables["events"].loc[plain_tables["events"]["event_type"] == "purchase"]
    n_orders = orders.drop_duplicates("order_id")["customer_id"].value_counts().reindex(people.customer_id).fillna(0)
    rate = law.season[: plain.n_days] * law.conversion[people.kind, : plain.n_days] * TYPES.visits[people.kind, None]
    expected = (rate * active).sum(axis=1)

    for kind in range(TYPES.visits.size):
        mine = people.kind == kind
        assert abs(n_orders.to_numpy()[mine].sum() - expected[mine].sum()) < 4 * np.sqrt(expected[mine].sum())


def test_active_customers_are_the_ones_who_come(planted: ShopSpec, tables: Tables) -> None:
    law = law_of(planted)
    active = was_active(planted, law, people_of(planted, law, 0), 0)
    inside = tables["events"].dropna(subset="session_id")
    day = (inside["event_time"].dt.normalize() - pd.Timestamp(planted.start)).dt.days

    assert active[inside["customer_id"] - 1, day].all()


@pytest.mark.parametrize("campaign_id", ["voucher", "newsletter", "reminder", "free_delivery"])
def test_the_effect_of_a_campaign_is_found_by_a_difference_of_means(large_tables: Tables, campaign_id: str) -> None:
    spec = ShopSpec()
    campaign = next(one for one in spec.campaigns if one.campaign_id == campaign_id)
    orders, contacts = large_tables["orders"], large_tables["contacts"]
    day = orders["event_time"].dt.normalize()
    inside = (day > pd.Timestamp(campaign.sent)) & (day < pd.Timestamp(campaign.until))
    kinds = pd.concat([truth_customers(spec, chunk) for chunk in range(spec.n_chunks)]).set_index("customer_id")
    mine = contacts.loc[contacts["campaign_id"] == campaign_id].set_index("customer_id")
    n = orders.loc[inside, "customer_id"].value_counts().reindex(mine.index).fillna(0)
    sensitive = kinds["price_elasticity"].reindex(mine.index) == TYPES.elasticity.min()
    truth = truth_campaigns(spec).query("campaign_id == @campaign_id").set_index("segment")["effect_orders"]

    for segment, members in {"all": sensitive | True, "sensitive": sensitive, "steady": ~sensitive}.items():
        arms = [n[members & (mine["variant"] == variant)] for variant in ("treatment", "control")]
        effect = arms[0].mean() - arms[1].mean()
        spread = np.sqrt(sum(arm.var() / len(arm) for arm in arms))
        assert abs(effect - truth[segment]) < 3.5 * spread


def test_the_newsletter_does_nothing_and_the_reminder_harms_one_half() -> None:
    effect = truth_campaigns(ShopSpec()).set_index(["campaign_id", "segment"])["effect_orders"]

    assert effect["newsletter"].tolist() == [0, 0, 0]
    assert effect["reminder", "steady"] < 0 < effect["reminder", "sensitive"]
    assert (effect["voucher"] > 0).all()


def test_campaigns_leave_everybody_else_alone(planted: ShopSpec) -> None:
    law = law_of(planted)
    people = people_of(planted, law, 0)
    sent = planted.day_of(planted.campaigns[0].sent)

    assert (people.arms[~people.consents] == -1).all()
    assert people.arm_on(planted, sent).sum() == 0
    assert set(people.arm_on(planted, sent + 1)) == {0, 1}
    assert people.arm_on(planted, sent + planted.campaigns[0].effect_days + 1).sum() == 0


def test_the_elderly_lapse_half_as_often_again_at_the_same_type(planted: ShopSpec) -> None:
    fair = planted.model_copy(update={"unfairness": ()})
    ratio = truth_customers(planted, 0)["lapse_hazard"] / truth_customers(fair, 0)["lapse_hazard"]
    age = people_of(planted, law_of(planted), 0).age

    assert np.allclose(ratio, np.where(age >= 65, 1.5, 1.0))


def test_the_east_loses_two_sessions_of_five_without_an_order_and_no_order(planted: ShopSpec, tables: Tables) -> None:
    law = law_of(planted)
    people = people_of(planted, law, 0)
    active = was_active(planted, law, people, 0)
    inside = tables["events"].dropna(subset="session_id")
    bought = inside.loc[inside["event_type"] == "purchase"].groupby("customer_id")["session_id"].nunique()
    all_logged = inside.groupby("customer_id")["session_id"].nunique()
    seen = all_logged.sub(bought, fill_value=0).reindex(people.customer_id).fillna(0) - (people.signup_day >= 0)
    conversion = law.conversion[people.kind, : planted.n_days]
    lift = np.stack([people.arm_on(planted, day) for day in range(planted.n_days)], axis=1)
    conversion = conversion * np.where(lift == 1, law.lift[people.kind, : planted.n_days], 1.0)
    expected = (TYPES.visits[people.kind, None] * law.season[: planted.n_days] * (1 - conversion) * active).sum(axis=1)
    region = np.unravel_index(people.cell, CELL_SHAPE)[2]

    for number, share in enumerate((1.0, 1.0, 0.6, 1.0, 1.0)):
        mine = region == number
        assert abs(seen.to_numpy()[mine].sum() - share * expected[mine].sum()) < 4 * np.sqrt(expected[mine].sum())
