"""Another policy ships without another model."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.core.protocols import CHALLENGER
from pipelines.flows.outcome import Outcome
from pipelines.flows.policy import policy
from pipelines.flows.promote import promote
from pipelines.flows.score import score
from pipelines.policy.expected_profit import ExpectedProfit, FeatureValue
from support.memory import MemoryRun

WORTH = ExpectedProfit(cost=2.0, value=FeatureValue(feature="amount_42d", times=0.5), response_rate=0.4)


@pytest.fixture
def models(loop):
    return copy.deepcopy(loop.models)


def with_policy(loop, new):
    return loop.shop.task.model_copy(update={"policy": new})


def test_the_policy_in_force_changes_nothing(loop, models):
    found = policy(loop.shop.task, loop.shop.lake, models, MemoryRun())

    assert found.outcome == Outcome.UNCHANGED
    assert models.find("tiny_churn", CHALLENGER) is None


def test_the_same_trees_decide_by_costs_and_go_through_the_gates(loop, models):
    task, run = with_policy(loop, WORTH), MemoryRun()
    before = models.find("tiny_churn", "champion")
    found = policy(task, loop.shop.lake, models, run)
    promotion = promote(task, loop.shop.lake, models, MemoryRun())

    assert found.version.digest == before.digest
    assert promotion.outcome == Outcome.PROMOTED, promotion.rulings
    assert found.before.money is None
    assert run.metrics["test.profit_per_customer"] == found.now.money.profit.estimate
    assert {"policy/profit.png", "policy/gain.png", "policy/profit.json"} <= set(run.artifacts)


def test_scores_stay_and_decisions_change(loop, models):
    task = with_policy(loop, WORTH)
    was = pd.read_parquet(score(task, loop.shop.lake, models, MemoryRun(), None).path)
    policy(task, loop.shop.lake, models, MemoryRun())
    promote(task, loop.shop.lake, models, MemoryRun())
    now = pd.read_parquet(score(task, loop.shop.lake, models, MemoryRun(), None).path)

    assert now["score"].tolist() == was["score"].tolist()
    assert now["decision"].tolist() != was["decision"].tolist()


def test_a_policy_that_reads_an_unknown_feature_is_refused_with_the_nearest(loop, models):
    wrong = WORTH.model_copy(update={"value": FeatureValue(feature="amount_40d")})
    with pytest.raises(ModelError, match=r"reads the feature 'amount_40d'.*amount_42d"):
        policy(with_policy(loop, wrong), loop.shop.lake, models, MemoryRun())


def test_the_card_says_what_is_decided_now_and_that_fairness_was_not_measured(loop, models):
    run = MemoryRun()

    found = policy(with_policy(loop, WORTH), loop.shop.lake, models, run)

    card = run.artifacts["report/model_card.md"]
    assert "a response rate of 40%" in card
    assert "Not measured for this policy" in card
    assert "No gate has ruled on it yet" in card
    assert "Not measured for this policy" in models.descriptions[found.version.version]
