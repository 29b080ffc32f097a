from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ConfigError, ModelError, NotEnoughDataError
from pipelines.policy.expected_profit import ExpectedProfit, FeatureValue, ProfitThreshold

SPENDING = FeatureValue(feature="amount_112d", times=0.25)
PROBABILITIES = st.lists(st.integers(0, 20), min_size=1, max_size=60).map(lambda drawn: np.array(drawn) / 20)


def rows(n=0, **columns):
    return pd.DataFrame(columns or None, index=range(n) if not columns else None)


@given(PROBABILITIES, st.floats(0, 10), st.floats(0.01, 100), st.floats(0.01, 1))
def test_no_other_set_of_customers_is_expected_to_earn_more(probability, cost, value, response_rate):
    policy = ExpectedProfit(cost=cost, value=value, response_rate=response_rate)
    expected = probability * response_rate * value - cost

    decided = policy.settle(probability, rows(probability.size)).decide(probability, rows(probability.size))

    assert expected[decided].sum() == pytest.approx(expected[expected > 0].sum(), abs=1e-9)


def test_break_even_is_cost_over_the_value_of_a_response():
    settled = ExpectedProfit(cost=2.0, value=50.0, response_rate=0.2).settle(np.array([0.5]), rows(1))

    assert settled.at_least == 0
    assert settled.decide(np.array([0.19, 0.2, 0.21]), rows(3)).tolist() == [False, True, True]


@given(PROBABILITIES, st.sampled_from([0.05, 0.1, 0.3, 0.5, 1.0]))
def test_capacity_is_never_exceeded_on_the_rows_it_was_settled_on(probability, capacity):
    policy = ExpectedProfit(cost=0.5, value=10.0, response_rate=0.5, capacity=capacity)
    decided = policy.settle(probability, rows(probability.size)).decide(probability, rows(probability.size))

    assert decided.sum() <= capacity * probability.size + 1e-9


def test_capacity_is_used_up_by_those_who_earn_most():
    probability, spending = np.array([0.9, 0.5, 0.5, 0.1]), rows(amount_112d=[40.0, 400.0, 200.0, 4_000.0])
    policy = ExpectedProfit(cost=1.0, value=SPENDING, response_rate=0.5, capacity=0.5)

    decided = policy.settle(probability, spending).decide(probability, spending)

    assert decided.tolist() == [False, True, False, True]


def test_capacity_that_does_not_bind_changes_nothing():
    probability = np.linspace(0, 1, 101)
    loose, none = (
        ExpectedProfit(cost=4.0, value=10.0, response_rate=0.5, capacity=capacity).settle(probability, rows(101))
        for capacity in (0.5, None)
    )

    assert loose.at_least == none.at_least == 0


def test_those_who_tie_beyond_the_capacity_are_left_out_together():
    probability = np.array([0.9, 0.8, 0.8, 0.1])
    policy = ExpectedProfit(cost=0.0, value=1.0, response_rate=1.0, capacity=0.5)

    assert policy.settle(probability, rows(4)).decide(probability, rows(4)).tolist() == [True, False, False, False]


def test_capacity_for_less_than_one_customer_contacts_nobody():
    probability = np.full(5, 0.9)
    policy = ExpectedProfit(cost=0.0, value=1.0, response_rate=1.0, capacity=0.1)

    assert not policy.settle(probability, rows(5)).decide(probability, rows(5)).any()


def test_capacity_cannot_be_met_on_no_rows():
    with pytest.raises(NotEnoughDataError, match="0.1 was to be met on no rows"):
        ExpectedProfit(cost=1.0, value=1.0, response_rate=1.0, capacity=0.1).settle(np.empty(0), rows(0))


@pytest.mark.parametrize("worthless", [np.nan, -10.0, 0.0, None])
def test_customer_without_a_positive_amount_is_worth_nothing(worthless):
    settled = ProfitThreshold(cost=1.0, value=SPENDING, response_rate=1.0)
    frame = rows(amount_112d=[worthless, 100.0])

    assert settled.priority(np.ones(2), frame).tolist() == [-1.0, 24.0]
    assert settled.decide(np.ones(2), frame).tolist() == [False, True]


def test_nullable_amounts_are_read():
    frame = rows(amount_112d=pd.array([None, 100.0], dtype="Float64"))

    assert SPENDING.of(frame).tolist() == [0.0, 25.0]


def test_realised_profit_of_a_contact_follows_the_label():
    settled = ProfitThreshold(cost=1.0, value=SPENDING, response_rate=0.2)

    earned = settled.earned(np.array([1.0, 0.0]), rows(amount_112d=[100.0, 100.0]))

    assert earned.tolist() == [4.0, -1.0]


def test_policy_names_the_features_it_reads():
    assert ExpectedProfit(cost=1.0, value=SPENDING, response_rate=0.5).needs == ("amount_112d",)
    assert ExpectedProfit(cost=1.0, value=5.0, response_rate=0.5).needs == ()


def test_missing_feature_is_named_with_the_nearest():
    settled = ProfitThreshold(cost=1.0, value=SPENDING, response_rate=0.5)

    with pytest.raises(ModelError, match="'amount_112d', which the rows lack. Did you mean 'amount_28d'"):
        settled.decide(np.array([0.5]), rows(amount_28d=[1.0]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cost", -1),
        ("cost", "inf"),
        ("value", -1),
        ("value", "nan"),
        ("value", {"feature": "amount_112d", "times": 0}),
        ("response_rate", 0),
        ("response_rate", 1.1),
        ("capacity", 0),
        ("capacity", 1.1),
    ],
)
def test_stakes_that_make_no_sense_are_refused(field, value):
    sound = {"cost": 1.0, "value": 10.0, "response_rate": 0.5, "capacity": 0.1}
    ExpectedProfit.read(sound, "task")

    with pytest.raises(ConfigError, match=field):
        ExpectedProfit.read({**sound, field: value}, "task")
