from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.fairness.reductions import Vote, reduced
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM


def rows(n=3_000, seed=1):
    """Group a has the higher scores, and a feature that gives it away."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(n) < 0.5, "a", "b").astype(object)
    signal = rng.normal(0, 1, n) + 1.2 * (group == "a")
    table = pd.DataFrame({"signal": signal, "proxy": (group == "a") + rng.normal(0, 0.4, n)})
    return table, (rng.random(n) < 1 / (1 + np.exp(1.5 - signal))).astype(np.int8), group


def learn(table, label, weight):
    tuned = {"num_leaves": 6, "min_data_in_leaf": 30, "learning_rate": 0.3}
    return LightGBM(n_bags=1).fit(Dataset(table, label, (), weight), tuned, 15, seed=1)


def gap(vote, table, group, share=0.3):
    raw = vote.raw(table)
    selected = raw >= np.quantile(raw, 1 - share)
    return selected[group == "a"].mean() - selected[group == "b"].mean()


@pytest.fixture(scope="module")
def free_and_bound():
    table, label, group = rows()
    return tuple(reduced(learn, table, label - 0.35, group, bound) for bound in (1.0, 0.01))


def test_a_bound_narrows_the_gap_on_rows_that_were_not_seen(free_and_bound):
    table, _, group = rows(seed=2)
    free, bound = (gap(one, table, group) for one in free_and_bound)

    assert free > 0.3
    assert bound < 0.6 * free


def test_it_is_one_vote_of_several_models_and_no_lot(free_and_bound):
    free, bound = free_and_bound
    table, label, group = rows()
    again = reduced(learn, table, label - 0.35, group, 0.01)

    assert len(free.models) == 1 < len(bound.models)
    assert bound.weights.sum() == pytest.approx(1)
    assert np.array_equal(bound.raw(table), again.raw(table))


def test_a_vote_is_the_weighted_mean():
    class Says:
        def __init__(self, value):
            self.value = value

        def raw(self, table):
            return np.full(len(table), self.value)

    assert Vote((Says(1.0), Says(3.0)), np.array([0.75, 0.25])).raw(pd.DataFrame(index=range(2))).tolist() == [1.5, 1.5]


def test_a_bound_that_only_a_constant_meets_still_votes():
    table, label, group = rows(400)
    vote = reduced(learn, table, label - 0.95, group, 1e-6)

    assert np.isfinite(vote.raw(table)).all()


def test_rows_with_more_at_stake_decide_more():
    table, label, group = rows()
    worth = np.where(table["signal"] > 1, 5.0, 0.2)
    plain, worthy = (reduced(learn, table, (label - 0.35) * one, group, 1.0).raw(table) for one in (1.0, worth))
    high = (table["signal"] > 1).to_numpy()

    assert np.abs(worthy[high]).mean() > np.abs(plain[high]).mean() - 0.5
    assert not np.allclose(plain, worthy)


def test_by_stakes_alike_a_bound_narrows_the_gap_too():
    table, label, group = rows()
    stake = (label - 0.35) * np.random.default_rng(3).gamma(2, 1, label.size)
    free, bound = (gap(reduced(learn, table, stake, group, one), table, group) for one in (1.0, 0.01))

    assert bound < 0.7 * free
