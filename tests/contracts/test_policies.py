"""What every policy promises. A new policy gets one line in `POLICIES`."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from pipelines.core.spec import Spec
from pipelines.policy.expected_profit import ExpectedProfit, FeatureValue
from pipelines.policy.group_thresholds import GroupThresholds
from pipelines.policy.policies import AnyPolicy, AnySettled
from pipelines.policy.top_share import TopShare


class ByBand(Spec):
    """How a task settles thresholds by group: on top of a policy."""

    type: str = "by_band"
    common: AnyPolicy

    @property
    def needs(self):
        return (*self.common.needs, "band")

    def settle(self, probability, rows):
        common = self.common.settle(probability, rows)
        at_least = {"a": common.at_least * 0.9, "b": common.at_least + 0.01}
        return GroupThresholds(column="band", common=common, at_least=at_least, otherwise=common.at_least)


POLICIES = (
    TopShare(share=0.2),
    ExpectedProfit(cost=1.0, value=20.0, response_rate=0.3),
    ExpectedProfit(cost=1.0, value=FeatureValue(feature="amount_112d", times=0.5), response_rate=0.3, capacity=0.15),
    ByBand(common=TopShare(share=0.2)),
    ByBand(
        common=ExpectedProfit(
            cost=1.0, value=FeatureValue(feature="amount_112d", times=0.5), response_rate=0.3, capacity=0.15
        )
    ),
)
each_policy = pytest.mark.parametrize(
    "policy", POLICIES, ids=lambda policy: f"{policy.type}{'_in_capacity' * bool(getattr(policy, 'capacity', None))}"
)
RNG = np.random.default_rng(0)
PROBABILITY = RNG.beta(1, 5, 400)
ROWS = pd.DataFrame({"amount_112d": RNG.gamma(2, 40, 400)}, index=RNG.permutation(400))
ROWS["band"] = np.array(["a", "b", "c", None], dtype=object)[np.arange(400) % 4]


def test_every_policy_is_tried_here():
    settled = {type(policy.settle(PROBABILITY, ROWS)) for policy in POLICIES}

    assert {type(policy) for policy in POLICIES} - {ByBand} == set(get_args(get_args(AnyPolicy)[0]))
    assert settled == set(get_args(get_args(AnySettled)[0]))


@each_policy
def test_some_are_contacted_and_some_are_not(policy):
    decided = policy.settle(PROBABILITY, ROWS).decide(PROBABILITY, ROWS)

    assert decided.dtype == np.bool_
    assert decided.shape == PROBABILITY.shape
    assert 0 < decided.sum() < decided.size


@each_policy
def test_contacted_have_the_highest_priority(policy):
    settled = policy.settle(PROBABILITY, ROWS)
    decided, priority = settled.decide(PROBABILITY, ROWS), settled.priority(PROBABILITY, ROWS)

    assert priority[decided].min() > priority[~decided].max()


@each_policy
def test_decision_does_not_depend_on_who_else_is_scored(policy):
    settled = policy.settle(PROBABILITY, ROWS)
    alone = [settled.decide(PROBABILITY[i : i + 1], ROWS.iloc[i : i + 1])[0] for i in range(50)]

    assert alone == settled.decide(PROBABILITY, ROWS)[:50].tolist()
    assert settled.decide(PROBABILITY[:0], ROWS.iloc[:0]).shape == (0,)


@each_policy
def test_more_likely_positive_is_never_contacted_less(policy):
    settled = policy.settle(PROBABILITY, ROWS)
    less, more = settled.decide(PROBABILITY, ROWS), settled.decide(np.minimum(1, PROBABILITY + 0.1), ROWS)

    assert (more >= less).all()


@each_policy
def test_only_the_features_it_names_are_read(policy):
    settled = policy.settle(PROBABILITY, ROWS)

    assert policy.needs == settled.needs
    assert np.array_equal(
        settled.decide(PROBABILITY, ROWS[list(settled.needs)]), settled.decide(PROBABILITY, ROWS.assign(other=1.0))
    )


@each_policy
def test_policy_and_decision_are_the_same_after_json(policy):
    settled = policy.settle(PROBABILITY, ROWS)
    again = TypeAdapter(AnySettled).validate_json(settled.model_dump_json())

    assert type(policy).model_validate_json(policy.model_dump_json()) == policy
    assert again == settled
    assert again.digest() == settled.digest()
    assert np.array_equal(again.decide(PROBABILITY, ROWS), settled.decide(PROBABILITY, ROWS))


def test_policies_that_decide_otherwise_have_other_digests():
    digests = {policy.settle(PROBABILITY, ROWS).digest() for policy in POLICIES}

    assert len(digests) == len(POLICIES)


@each_policy
def test_rows_are_left_as_they_were(policy):
    before = ROWS.copy()
    policy.settle(PROBABILITY, ROWS).decide(PROBABILITY, ROWS)

    pd.testing.assert_frame_equal(before, ROWS)
