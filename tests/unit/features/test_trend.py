from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.panel import catalogue
from pipelines.features.trend import Trend
from support.described import described
from support.events import make_days

WEEKLY = Trend(lengths=(7 * DAY,), of=("n_orders",), n_weeks=2)


def test_share_is_the_recent_window_of_twice_its_length():
    days = make_days(purchases={"a": [5, 6, 12, 13, 19]}, amounts={"a": [9_999, 300, 100, 100, 400]})

    found = described(Trend(lengths=(7 * DAY,), n_weeks=2), days, "a", 20)

    assert found["n_orders_recent_share_7d"] == 2 / 4
    assert found["amount_recent_share_7d"] == 500 / 900


def test_share_is_null_where_both_windows_are_empty_and_the_slope_is_0():
    days = make_days(purchases={"a": [5]})

    found = described(WEEKLY, days, "a", 20)

    assert math.isnan(found["n_orders_recent_share_7d"])
    assert found["n_orders_slope_14d"] == 0


@pytest.mark.parametrize(("bought", "share"), [([7, 8], 0), ([14, 15], 1)])
def test_share_of_one_empty_window_is_0_or_1(bought, share):
    assert described(WEEKLY, make_days(purchases={"a": bought}), "a", 21)["n_orders_recent_share_7d"] == share


def test_slope_is_least_squares_of_weekly_sums():
    """Weeks of 1, 0 and 3 orders: the line through them rises by one a week."""
    days = make_days(purchases={"a": [6, 14, 19, 20]})

    assert described(Trend(lengths=(7 * DAY,), n_weeks=3), days, "a", 21)["n_orders_slope_21d"] == 1


def test_slope_of_money_is_in_currency_units():
    days = make_days(purchases={"a": [13]}, amounts={"a": [250]})

    assert described(Trend(lengths=(7 * DAY,), n_weeks=2), days, "a", 14)["amount_slope_14d"] == 2.5


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=10))
def test_slope_is_that_of_numpy(weekly):
    n_weeks = len(weekly)
    days = make_days(purchases={"a": [7 * week for week in range(n_weeks)]}, amounts={"a": weekly})
    block = Trend(lengths=(7 * DAY,), of=("amount_minor",), n_weeks=n_weeks)

    found = described(block, days, "a", 7 * n_weeks)[f"amount_slope_{7 * n_weeks}d"]

    assert np.isclose(np.polyfit(range(n_weeks), weekly, deg=1)[0] / 100, found, rtol=1e-9, atol=1e-5)


def test_columns_are_in_the_order_of_their_names():
    block = Trend(lengths=(7 * DAY, 14 * DAY), of=("n_orders", "n_lines"), n_weeks=2)

    assert [feature.name for feature in catalogue((block,), "USD")] == [
        "n_orders_recent_share_7d",
        "n_orders_recent_share_14d",
        "n_orders_slope_14d",
        "n_lines_recent_share_7d",
        "n_lines_recent_share_14d",
        "n_lines_slope_14d",
    ]


def test_share_says_that_it_sees_twice_its_length():
    share, slope = catalogue((WEEKLY,), "USD")

    assert (share.window, slope.window, slope.unit) == ("P14D", "P14D", "orders per week")


@pytest.mark.parametrize(
    "content", [{"of": ["largest_order_minor"]}, {"of": ["order_squares_low"]}, {"of": []}, {"n_weeks": 1}]
)
def test_what_has_no_trend_is_refused(content):
    with pytest.raises(ConfigError):
        Trend.read({"type": "trend", "lengths": ["P7D"], **content}, "task")
