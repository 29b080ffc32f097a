from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.windows import DAY
from pipelines.features.decay import Decay
from pipelines.features.panel import catalogue, feature_rows
from support.described import described, log
from support.events import make_days, measured, pairs, spine_of
from support.strategies import cutoff_sets, day_rows


def test_value_counts_half_after_one_half_life():
    days = make_days(purchases={"a": [0, 4, 6]}, amounts={"a": [800, 100, 50]})

    found = described(Decay(half_lives=(2 * DAY,)), days, "a", 8)

    assert found == {"n_orders_decayed_2d": 1 / 16 + 1 / 4 + 1 / 2, "amount_decayed_2d": 0.5 + 0.25 + 0.25}


def test_day_before_the_cutoff_is_one_day_old():
    days = make_days(purchases={"a": [0]})

    assert described(Decay(half_lives=(1 * DAY,)), days, "a", 1)["n_orders_decayed_1d"] == 0.5


def test_customer_who_has_not_bought_is_0():
    days = make_days(purchases={"a": [10], "b": [1]})

    assert set(described(Decay(), days, "a", 10).values()) == {0.0}


def test_oldest_day_counts_next_to_nothing_but_is_no_error():
    days = make_days(purchases={"a": [0]})

    assert described(Decay(half_lives=(1 * DAY,)), days, "a", 5_000)["n_orders_decayed_1d"] == 0


def test_days_that_add_nothing_do_not_move_the_bits():
    """Measures that other blocks read bring more days into the table."""
    bought = {("a", day): {"n_orders": 1, "amount_minor": 1_234} for day in (0, 3, 11, 26)}
    viewed = {("a", day): {"n_views": 1} for day in (5, 7, 13, 29)}

    assert described(Decay(), measured(bought), "a", 30) == described(Decay(), measured(bought | viewed), "a", 30)


@given(day_rows(), cutoff_sets(), st.integers(1, 100))
def test_decayed_sums_are_the_weighted_sums_of_the_days_before_the_cutoff(rows, cutoffs, half_life):
    days, spine = log(rows, cutoffs)
    found = feature_rows(days, spine, (Decay(half_lives=(half_life * DAY,), of=("n_lines", "amount_minor")),))

    expected = [
        [
            sum(row[place] / unit * 2 ** (-(at - row[1]) / half_life) for row in rows if row[0] == who and row[1] < at)
            for place, unit in ((4, 1), (5, 100))
        ]
        for who, at in pairs(days, spine)
    ]

    assert np.allclose(np.array(expected).reshape(-1, 2), found, rtol=1e-12, atol=0)


@given(day_rows(), cutoff_sets())
def test_which_cutoffs_are_asked_does_not_move_the_bits(rows, cutoffs):
    days, spine = log(rows, cutoffs)
    together = feature_rows(days, spine, (Decay(),)).to_numpy()
    alone = [feature_rows(days, spine_of(days, pair), (Decay(),)).to_numpy() for pair in pairs(days, spine)]

    assert together.tobytes() == b"".join(row.tobytes() for row in alone)


def test_columns_are_in_the_order_of_their_names():
    names = [feature.name for feature in catalogue((Decay(),), "USD")]

    assert names == ["n_orders_decayed_14d", "amount_decayed_14d", "n_orders_decayed_56d", "amount_decayed_56d"]
