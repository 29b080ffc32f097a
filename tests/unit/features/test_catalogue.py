"""Every feature can speak: in a sentence, about an idea, and beside a usual value in its own unit."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.windows import DAY
from pipelines.features.assortment import Assortment
from pipelines.features.attributes import Attributes
from pipelines.features.baskets import Baskets
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.channels import Channels
from pipelines.features.decay import Decay
from pipelines.features.focus import Focus
from pipelines.features.funnel import Funnel
from pipelines.features.measures import SUMMABLE
from pipelines.features.panel import BLOCKS, catalogue
from pipelines.features.prices import Prices
from pipelines.features.recency import Recency
from pipelines.features.returns import Returns
from pipelines.features.rhythm import Rhythm
from pipelines.features.sessions import session_features
from pipelines.features.trend import Trend
from pipelines.features.windowed import Windowed

WINDOWS = {"lengths": (1 * DAY, 28 * DAY)}
ALL = (
    Windowed(**WINDOWS, of=tuple(SUMMABLE)),
    Recency(of=("recency_days", "tenure_days", "n_purchase_days_all")),
    Rhythm(),
    Trend(lengths=(28 * DAY,), of=("n_orders", "amount_minor", "n_views")),
    Decay(),
    Baskets(**WINDOWS),
    Prices(**WINDOWS),
    Returns(**WINDOWS),
    Funnel(**WINDOWS),
    Channels(levels=("a|b", "{c}"), **WINDOWS),
    Calendar(**WINDOWS),
    Campaigns(responses=("search",), **WINDOWS),
    Assortment(**WINDOWS),
    Focus(level="thing", **WINDOWS),
    Attributes(levels={"plan": ("basic",)}, numbers=("size",)),
)
FEATURES = (*catalogue(ALL, "EUR"), *session_features())
each_feature = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: f"{feature.block}.{feature.name}")


def test_every_block_is_here():
    assert {type(block) for block in ALL} == set(BLOCKS)


@each_feature
def test_every_feature_has_an_idea(feature):
    assert feature.idea


@each_feature
@pytest.mark.parametrize("value", [0.0, 1.0, 2.5, np.nan])
def test_every_sentence_is_whole(feature, value):
    said = feature.words(value)

    assert said
    assert not set("{}|") & set(said)
    assert "last 1 days" not in said
    assert " 1 days" not in said


@each_feature
def test_what_may_be_null_says_so_in_words(feature):
    if feature.null_rule != "never":
        assert feature.absent
        assert "unknown" not in feature.words(np.nan).replace(f"{feature.idea}: unknown", "")


def test_usual_values_are_features_in_the_same_unit():
    named = {feature.name: feature for feature in FEATURES}
    usual = [(feature, named[feature.usual]) for feature in FEATURES if feature.usual]

    assert [feature.name for feature, _ in usual] == ["recency_days", "gap_mean_last5_days"]
    assert all(feature.unit == other.unit and "{value}" in feature.usual_phrase for feature, other in usual)


def test_windows_of_one_measure_share_their_idea():
    ideas = {feature.name: feature.idea for feature in FEATURES}

    assert {
        ideas[name] for name in ideas if name.startswith("n_orders_") and "share" not in name and "slope" not in name
    } == {"orders"}
    assert ideas["recency_days"] == ideas["recency_by_gap_mean"] == "recency"


def test_sentences_read_as_people_speak():
    named = {feature.name: feature for feature in FEATURES}

    assert named["recency_days"].words(41.0) == "last purchase 41 days ago"
    assert named["n_orders_28d"].words(1.0) == "1 order in the last 28 days"
    assert named["n_orders_1d"].words(2.0) == "2 orders in the last day"
    assert named["gap_median_days"].words(1.0) == "usually buys every day"
    assert named["recency_by_gap_mean"].words(2.5) == "silent for 2.5 times the mean time between purchases"
    assert named["discount_share_28d"].words(0.254) == "25% of the price taken off by discounts in the last 28 days"
    assert named["order_value_mean_28d"].words(np.nan) == "no order in the last 28 days"
