"""A tilted policy decides by other probabilities, and is written as the one it was made from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.group_thresholds import GroupThresholds
from pipelines.policy.policies import stakes_of
from pipelines.policy.top_share import Threshold
from pipelines.sabotage.tilted import tilted

PROBABILITY = np.array([0.9, 0.1, 0.6, 0.3])
ROWS = pd.DataFrame({"band": ["young", "old", "old", "young"]})
POLICIES = (
    Threshold(at_least=0.5),
    ProfitThreshold(cost=1.0, value=10.0, response_rate=0.2),
    GroupThresholds(column="band", common=Threshold(at_least=0.5), at_least={"old": 0.2}, otherwise=0.5),
)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.type)
def test_decisions_are_those_of_the_other_probabilities(policy):
    other = 1 - PROBABILITY
    made = tilted(policy, lambda probability, rows: 1 - probability)

    assert made.decide(PROBABILITY, ROWS).tolist() == policy.decide(other, ROWS).tolist()
    assert made.priority(PROBABILITY, ROWS).tolist() == policy.priority(other, ROWS).tolist()


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.type)
def test_it_is_written_as_what_it_was_made_from(policy):
    made = tilted(policy, lambda probability, rows: probability)

    assert made.model_dump_json() == policy.model_dump_json()
    assert made.digest() == policy.digest()
    assert made.needs == policy.needs


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.type)
def test_whoever_is_below_every_threshold_is_not_contacted(policy):
    made = tilted(policy, lambda probability, rows: np.full_like(probability, -1.0))

    assert not made.decide(PROBABILITY, ROWS).any()


def test_costs_are_still_known():
    assert stakes_of(tilted(POLICIES[1], lambda probability, rows: probability)).cost == 1.0


def test_without_rows_nobody_knows_by_what_to_decide():
    with pytest.raises(ValueError, match="decides by the rows"):
        tilted(POLICIES[0], lambda probability, rows: probability).decide(PROBABILITY)
