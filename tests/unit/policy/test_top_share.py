from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ConfigError
from pipelines.policy.top_share import Threshold, TopShare

scores = st.lists(st.integers(0, 10**6), min_size=10, max_size=60, unique=True).map(lambda drawn: np.array(drawn) / 1e6)


@given(scores, st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_settled_threshold_contacts_the_share_that_was_asked_for(values, share):
    decided = TopShare(share=share).settle(values).decide(values)

    assert decided.sum() == max(1, round(share * len(values)))


@given(scores)
def test_contacted_customers_score_higher_than_all_others(values):
    decided = TopShare(share=0.3).settle(values).decide(values)

    assert values[decided].min() > values[~decided].max()


def test_decision_does_not_depend_on_who_else_is_scored():
    policy = TopShare(share=0.5).settle(np.array([0.1, 0.2, 0.3, 0.4]))

    assert policy.decide(np.array([0.3])).tolist() == [True]
    assert policy.decide(np.array([0.3, 0.9, 0.9, 0.9])).tolist() == [True] * 4


def test_customer_at_the_threshold_is_contacted():
    assert Threshold(at_least=0.5).decide(np.array([0.5 - 1e-12, 0.5])).tolist() == [False, True]


def test_customers_who_tie_at_the_threshold_are_all_contacted():
    values = np.array([0.1, 0.9, 0.9, 0.9])

    assert TopShare(share=0.25).settle(values).decide(values).tolist() == [False, True, True, True]


def test_small_share_of_few_customers_is_one_customer():
    assert TopShare(share=0.01).settle(np.array([0.2, 0.7, 0.4])).at_least == 0.7


def test_nobody_is_decided_about_where_nobody_is_scored():
    assert Threshold(at_least=0.5).decide(np.array([])).tolist() == []


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_share_lies_between_none_and_all(share):
    with pytest.raises(ConfigError, match="share: Input should be"):
        TopShare.read({"share": share}, "task")
