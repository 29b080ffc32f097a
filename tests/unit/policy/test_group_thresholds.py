from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipelines.core.errors import ModelError
from pipelines.policy.expected_profit import ExpectedProfit, FeatureValue
from pipelines.policy.group_thresholds import GroupThresholds, top, towards_equal_rates
from pipelines.policy.policies import AnySettled, common_of, stakes_of
from pipelines.policy.top_share import Threshold, TopShare

COMMON = Threshold(at_least=0.5)
NAMES = np.array(["a", "b", "c"], dtype=object)


def settled(**more):
    told = {"column": "band", "common": COMMON, "at_least": {"young": 0.4, "old": 0.6}, "otherwise": 0.5}
    return GroupThresholds(**{**told, **more})


def drawn(seed, n=600):
    rng = np.random.default_rng(seed)
    group = NAMES[rng.integers(0, 3, n)]
    return rng.beta(2, 5, n) + 0.2 * (group == "a"), group


def rates(priority, group, at_least):
    return {name: float((priority[group == name] >= at_least[name]).mean()) for name in NAMES}


def test_the_same_score_is_decided_by_the_group():
    rows = pd.DataFrame({"band": ["young", "old"]})

    assert settled().decide(np.array([0.5, 0.5]), rows).tolist() == [True, False]


@pytest.mark.parametrize("value", ["unheard of", None, np.nan, "unknown"])
def test_a_value_without_a_threshold_is_decided_by_the_common_one(value):
    rows = pd.DataFrame({"band": pd.Series([value, value], dtype=object)})

    assert settled().decide(np.array([0.49, 0.5]), rows).tolist() == [False, True]


def test_rows_without_the_column_are_refused_with_the_nearest():
    with pytest.raises(ModelError, match="reads 'band', which the rows lack. Did you mean 'bands'"):
        settled().decide(np.array([0.5]), pd.DataFrame({"bands": ["old"]}))


def test_it_needs_the_column_beside_what_its_common_policy_needs():
    worth = ExpectedProfit(cost=1.0, value=FeatureValue(feature="amount"), response_rate=0.5)
    common = worth.settle(np.array([0.5]), pd.DataFrame({"amount": [3.0]}))

    assert settled(common=common).needs == ("amount", "band")


def test_money_is_that_of_the_common_policy():
    worth = ExpectedProfit(cost=1.0, value=10.0, response_rate=0.5).settle(np.array([0.5]), pd.DataFrame(index=[0]))

    assert stakes_of(settled(common=worth)) == stakes_of(worth) == worth
    assert stakes_of(settled()) is stakes_of(COMMON) is None
    assert common_of(settled()) == common_of(COMMON) == COMMON


def test_it_is_read_back_from_json_with_the_policy_it_departs_from():
    again = TypeAdapter(AnySettled).validate_json(settled().model_dump_json())

    assert again == settled()
    assert again.digest() != settled(otherwise=0.4).digest()


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(ValidationError, match="finite"):
        settled(at_least={"old": float("inf")})


@given(st.integers(0, 10_000))
def test_full_strength_makes_rates_equal_and_contacts_as_many(seed):
    priority, group = drawn(seed)
    common = TopShare(share=0.2).settle(priority)
    at_least = towards_equal_rates(common, priority, group, tuple(NAMES), 1.0)
    found = rates(priority, group, at_least)
    sizes = [int((group == name).sum()) for name in NAMES]

    assert max(found.values()) - min(found.values()) <= 1 / min(sizes)
    contacted = sum(round(found[name] * size) for name, size in zip(NAMES, sizes, strict=True))
    assert contacted == pytest.approx(120, abs=len(NAMES))


@given(st.integers(0, 10_000))
def test_more_strength_never_widens_the_difference(seed):
    priority, group = drawn(seed)
    common = TopShare(share=0.2).settle(priority)
    spread = []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        found = rates(priority, group, towards_equal_rates(common, priority, group, tuple(NAMES), strength))
        spread.append(max(found.values()) - min(found.values()))

    assert all(later <= before + 0.02 for before, later in pairwise(spread))


def test_no_strength_is_the_common_threshold():
    priority, group = drawn(1)

    assert set(towards_equal_rates(COMMON, priority, group, tuple(NAMES), 0.0).values()) == {0.5}


def test_groups_that_are_not_compared_get_no_threshold_and_do_not_count():
    priority, group = drawn(1)
    two = towards_equal_rates(COMMON, priority, group, ("a", "b"), 1.0)
    inside = group != "c"

    assert two == towards_equal_rates(COMMON, priority[inside], group[inside], ("a", "b"), 1.0)
    assert set(two) == {"a", "b"}


@pytest.mark.parametrize("compared", [(), ("a",), ("nobody",)])
def test_too_few_groups_change_nothing(compared):
    priority, group = drawn(1)

    assert set(towards_equal_rates(COMMON, priority, group, compared, 1.0).values()) <= {0.5}


def test_nothing_depends_on_the_order_of_rows():
    priority, group = drawn(1)
    order = np.random.default_rng(2).permutation(priority.size)

    one, other = (
        towards_equal_rates(COMMON, priority[at], group[at], tuple(NAMES), 0.7)
        for at in (np.arange(priority.size), order)
    )
    assert one == other


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 30))
def test_at_most_so_many_reach_a_threshold(drawn_values, n_wanted):
    values = np.array(drawn_values, dtype=float)

    assert (values >= top(values, n_wanted)).sum() <= max(n_wanted, 0)
    assert (values >= top(values, values.size)).all()
