"""What each block says, and where it says nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.spec import Spec
from pipelines.core.windows import DAY
from pipelines.features.blocks import ratio
from pipelines.features.catalogue import Feature
from pipelines.features.panel import catalogue, feature_rows
from pipelines.features.recency import Recency
from pipelines.features.rhythm import Rhythm
from pipelines.features.spine import every_customer
from pipelines.features.windowed import Windowed
from support.described import described
from support.events import days_of, make_days, moments, spine_of
from support.strategies import day_rows

WEEKS = Windowed(lengths=(7 * DAY, 28 * DAY))


def test_windows_end_before_the_cutoff_and_begin_at_their_first_day():
    days = make_days(purchases={"a": [2, 3, 9, 10]}, amounts={"a": [1, 100, 250, 7_777]})

    found = described(Windowed(lengths=(7 * DAY,)), days, "a", 10)

    assert found == {"n_purchase_days_7d": 2, "n_orders_7d": 2, "n_lines_7d": 2, "amount_7d": 3.5}


def test_windows_of_a_customer_who_has_not_bought_are_zero_not_null():
    days = make_days(purchases={"a": [50]})

    assert set(described(WEEKS, days, "a", 10).values()) == {0.0}


def test_recency_and_tenure_count_days_to_the_cutoff():
    days = make_days(purchases={"a": [2, 5, 9]})

    assert described(Recency(), days, "a", 9) == {"recency_days": 4, "tenure_days": 7}


def test_purchase_days_of_all_history_are_counted_on_request():
    days = make_days(purchases={"a": [2, 5, 5, 9], "b": [30]})
    block = Recency(of=("n_purchase_days_all", "recency_days"))

    assert described(block, days, "a", 9) == {"n_purchase_days_all": 2, "recency_days": 4}
    assert described(block, days, "b", 9)["n_purchase_days_all"] == 0


def test_recency_of_one_purchase_is_its_tenure():
    days = make_days(purchases={"a": [2]})

    assert described(Recency(), days, "a", 3) == {"recency_days": 1, "tenure_days": 1}


@pytest.mark.parametrize("block", [Recency(), Rhythm()])
def test_customer_who_has_not_bought_before_the_cutoff_is_null(block):
    days = make_days(purchases={"a": [10]})

    assert all(math.isnan(value) for value in described(block, days, "a", 10).values())


def test_rhythm_of_one_purchase_is_null():
    days = make_days(purchases={"a": [2]})

    assert all(math.isnan(value) for value in described(Rhythm(), days, "a", 10).values())


def test_rhythm_of_two_purchases_is_their_gap():
    days = make_days(purchases={"a": [2, 6]})

    assert described(Rhythm(n_recent=3), days, "a", 12) == {
        "gap_mean_days": 4,
        "gap_median_days": 4,
        "gap_spread_days": 0,
        "gap_longest_days": 4,
        "gap_mean_last3_days": 4,
        "recency_by_gap_mean": 1.5,
        "recency_by_gap_median": 1.5,
        "recency_by_gap_longest": 1.5,
        "recency_by_gap_mean_last3": 1.5,
        "gap_share_as_long": 0,
    }


def test_spread_is_the_standard_deviation_of_the_gaps():
    days = make_days(purchases={"a": [0, 2, 4, 10]})

    assert math.isclose(float(np.std([2, 2, 6])), described(Rhythm(), days, "a", 11)["gap_spread_days"])


def test_recent_gaps_are_the_last_ones_in_time_not_in_size():
    days = make_days(purchases={"a": [0, 20, 21, 31]})

    assert described(Rhythm(n_recent=2), days, "a", 40)["gap_mean_last2_days"] == (1 + 10) / 2


def test_share_counts_gaps_as_long_as_the_open_one():
    days = make_days(purchases={"a": [0, 3, 8, 9]})

    assert described(Rhythm(), days, "a", 12)["gap_share_as_long"] == 2 / 3


@given(day_rows(last=200, max_size=40), st.integers(1, 210))
def test_share_of_gaps_lies_between_0_and_1_and_spread_is_never_negative(rows, cutoff):
    days = days_of(rows)
    spine = spine_of(days, *((customer, cutoff) for customer in days.customer_ids))
    found = feature_rows(days, spine, (Rhythm(),))

    assert found["gap_share_as_long"].dropna().between(0, 1).all()
    assert (found["gap_spread_days"].dropna() >= 0).all()


def test_names_are_unique_and_end_with_their_window():
    names = [feature.name for feature in catalogue((WEEKS, Recency(), Rhythm()), "USD")]

    assert len(set(names)) == len(names)
    assert names[:5] == ["n_purchase_days_7d", "n_orders_7d", "n_lines_7d", "amount_7d", "n_purchase_days_28d"]


def test_catalogue_says_money_in_the_currency_of_the_source():
    amount = {feature.name: feature for feature in catalogue((WEEKS,), "EUR")}["amount_7d"]

    assert (amount.unit, amount.window) == ("EUR", "P7D")
    assert amount.words(12.5) == "12.50 EUR spent in the last 7 days"


@pytest.mark.parametrize(
    ("value", "said"), [(41.4, "41"), (9.8765, "9.88"), (0.0, "0"), (-12.0, "-12"), (math.nan, "unknown")]
)
def test_words_show_the_value_with_the_figures_that_matter(value, said):
    feature = Feature("x", "", "", "", "never", "", "got {value}")

    assert f"got {said}" == feature.words(value)


def test_ratio_is_null_where_the_denominator_is_zero_or_unknown():
    found = ratio(np.array([6.0, 1.0, 1.0]), np.array([3.0, 0.0, math.nan]))

    assert np.array_equal([2.0, math.nan, math.nan], found, equal_nan=True)


def test_blocks_are_specs_so_that_yaml_can_say_them():
    assert Windowed.read({"type": "windowed", "lengths": ["P7D", "P28D"]}, "task") == WEEKS
    assert issubclass(Windowed, Spec)


def test_batches_of_customers_change_nothing(monkeypatch):
    days = make_days({f"c{number:02}": [number, number + 3, number + 10] for number in range(9)})
    spine = every_customer(days, moments(5, 12, 30))
    blocks = (WEEKS, Recency(), Rhythm())
    whole = feature_rows(days, spine, blocks)
    monkeypatch.setattr("pipelines.features.panel._VALUES_IN_CACHE", 150)

    assert whole.to_numpy().tobytes() == feature_rows(days, spine, blocks).to_numpy().tobytes()
