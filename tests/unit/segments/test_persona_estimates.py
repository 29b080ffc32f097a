"""Estimates hold the truth as often as they say, and their ends stay where a quantity can be."""

import math

import numpy as np
import pytest

from pipelines.segments.persona_estimates import (
    bounded,
    clustered_share,
    difference,
    mean_of,
    median_of,
    share_of,
)


def test_a_share_of_revenue_is_held_as_often_as_stated():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(600):
        inside = rng.random(300) < 0.2
        value = rng.lognormal(0, 0.8, 300) * np.where(inside, 2.0, 1.0)
        found = clustered_share(value * inside, value, 0.95)
        held += found.low <= 1 / 3 <= found.high  # 0.2 * 2 / (0.2 * 2 + 0.8)

    assert 0.92 <= held / 600 <= 0.98


def test_a_share_of_all_customers_alike_is_wilsons():
    assert clustered_share(np.repeat([1.0, 0.0], [30, 70]), np.ones(100), 0.95).estimate == 0.3
    assert clustered_share(np.zeros(40), np.ones(40), 0.95) == share_of(0, 40, 0.95)


def test_a_customer_who_moves_often_counts_once():
    often, once = clustered_share(np.array([50.0, 0.0]), np.array([50.0, 50.0]), 0.95), share_of(50, 100, 0.95)

    assert often.high - often.low > 3 * (once.high - once.low)


def test_returns_that_exceed_purchases_give_a_plain_interval():
    found = clustered_share(np.array([-5.0, 0, 0]), np.array([-5.0, 40, 60]), 0.95)

    assert found.estimate == pytest.approx(-5 / 95)
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize("below", [np.zeros(5), np.array([-1.0, -2.0])])
def test_a_share_of_nothing_is_undefined(below):
    assert math.isnan(clustered_share(below, below, 0.95).estimate)


def test_a_mean_leaves_out_nulls_and_does_not_claim_to_know_the_spread_of_equals():
    rng = np.random.default_rng(1)
    found = mean_of(np.array([*np.arange(30.0), np.nan]), 0.95, rng, 200)
    alike = mean_of(np.ones(9), 0.95, rng, 200)

    assert found.estimate == 14.5
    assert found.low < 14.5 < found.high
    assert math.isnan(alike.low)
    assert math.isnan(mean_of(np.full(3, np.nan), 0.95, rng, 200).estimate)


def test_a_median_is_held_as_often_as_stated():
    rng = np.random.default_rng(2)
    found = [median_of(np.sort(rng.lognormal(0, 2, 40)), np.ones(40), 0.95) for _ in range(1_000)]
    held = [one.low <= 1 <= one.high for one in found]

    assert 0.94 <= np.mean(held) <= 0.99


def test_a_median_of_counts_is_that_of_the_values():
    values = np.random.default_rng(3).integers(0, 9, 101).astype(float)

    assert median_of(*np.unique(values, return_counts=True), 0.95).estimate == np.median(values)


def test_the_median_of_few_has_no_ends():
    assert math.isnan(median_of(np.array([1.0, 2.0]), np.ones(2), 0.95).low)


def test_differences_and_bounds():
    gap = difference(share_of(80, 100, 0.95), share_of(50, 100, 0.95))

    assert gap.estimate == pytest.approx(0.3)
    assert 0.15 < gap.low < gap.high < 0.45
    assert bounded(gap, 0.2, 0.4).low == 0.2
