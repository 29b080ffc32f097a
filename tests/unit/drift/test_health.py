"""Broken data come first."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pipelines.drift.health import Volume, health
from pipelines.drift.verdict import DriftSpec
from pipelines.features.catalogue import Feature

FINE = Volume(100.0, 100.0, 0)


def reasons(before, now, volume=FINE, **changes):
    feature = Feature("x", "", "", "P28D", "never", "block", "{value}")
    sides = (pd.DataFrame({"x": one}) for one in (before, now))
    return health(*sides, [feature], volume, DriftSpec(**changes))


def numbers(n=600, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def test_healthy_data_have_no_reasons():
    assert reasons(numbers(), numbers(seed=1)) == ()


def test_a_volume_just_above_the_least_is_fine_and_just_below_is_not():
    assert reasons(numbers(), numbers(), Volume(100.0, 50.0, 0)) == ()
    assert "Events fell to 49.0 per day" in reasons(numbers(), numbers(), Volume(100.0, 49.0, 0))[0]


def test_a_silent_feed_is_named():
    assert reasons(numbers(), numbers(), Volume(100.0, 90.0, 3)) == ()
    assert "no event for 4 days" in reasons(numbers(), numbers(), Volume(100.0, 90.0, 4))[0]


def test_a_reference_without_events_is_no_crash():
    assert reasons(numbers(), numbers(), Volume(0.0, 0.0, 0)) == ()


@pytest.mark.parametrize(("share", "broken"), [(0.05, False), (0.3, True), (1.0, True)])
def test_nulls_that_appear_are_broken_from_the_limit_on(share, broken):
    now = np.where(np.arange(600) < 600 * share, np.nan, numbers())

    assert bool(reasons(numbers(), now)) == broken


def test_nulls_that_vanish_are_broken_too():
    before = np.where(np.arange(600) < 300, np.nan, numbers())

    assert reasons(before, numbers()) == ("'x' is null on 0.0% of the rows, against 50.0% in the reference",)


def test_a_column_constant_in_the_reference_may_stay_so():
    assert reasons(np.ones(600), np.ones(600)) == ()


def test_a_rare_value_may_be_absent_by_chance_and_a_common_one_not():
    rare, common = (np.where(np.arange(600) < n, 1.0, 0.0) for n in (6, 120))

    assert reasons(rare, np.zeros(600)) == ()
    assert "the same value on every row; 20.0%" in reasons(common, np.zeros(600))[0]


def test_one_infinity_is_enough_unless_the_reference_has_them():
    now = numbers()
    now[3] = -np.inf

    assert "infinities" in reasons(numbers(), now)[0]
    assert reasons(now, now) == ()


@pytest.mark.parametrize("now", [[Decimal("1.5"), Decimal("2.5")] * 300, np.array([True, False] * 300)])
def test_decimals_and_booleans_are_numbers(now):
    assert reasons(np.array([1.5, 2.5] * 300), now) == ()


def test_numbers_written_as_text_are_text():
    assert "now holds text" in reasons(numbers(), numbers().astype(str))[0]


def test_numbers_where_text_was_are_broken():
    assert "held text and now holds numbers" in reasons(["a", "b"] * 300, numbers())[0]


def test_text_gone_constant_or_null_is_broken():
    assert "same value" in reasons(["a", "b"] * 300, ["a"] * 600)[0]
    assert "null on 50.0%" in reasons(["a", "b"] * 300, ["a", None, "b", None] * 150)[0]


def test_rates_of_a_handful_of_rows_are_not_compared():
    assert reasons(numbers(), [1.0] * 5) == ()
    assert "infinities" in reasons(numbers(), [np.inf] * 5)[0]
