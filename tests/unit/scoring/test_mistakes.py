"""Claims come from rows that were learned; worth never does, choices included."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.metrics import roc_auc
from pipelines.models.lightgbm import Judged, LightGBM
from pipelines.scoring.mistakes import MISTAKES, N_TRIED, Bench, judged_by, middle, tried
from pipelines.scoring.peeking import Peek, Sides
from pipelines.scoring.resampled import Rows
from pipelines.scoring.training import Tuned
from pipelines.tasks.search_space import Range

N_DEVELOP, N_TEST = 300, 100
SPACE = {
    "learning_rate": Range(low=0.01, high=1, scale="log"),
    "num_leaves": Range(low=4, high=64, scale="log", kind="int"),
    "feature_fraction": Range(low=0.5, high=1),
}
each_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)


@dataclass(frozen=True)
class SpyTrees:
    """Score 1 for every row that they learned from, a half for one that chose them, else 0."""

    learned: frozenset[float]
    chosen_by: frozenset[float]

    def raw(self, rows):
        return np.where(rows["row"].isin(self.learned), 1.0, np.where(rows["row"].isin(self.chosen_by), 0.5, 0.0))


@dataclass(frozen=True)
class SpyModel:
    """Remembers which rows had a part in a choice by the number of rounds that was chosen."""

    chosen_by: dict[int, frozenset[float]] = field(default_factory=dict)

    def fit(self, dataset, params, n_rounds, seed):
        return SpyTrees(frozenset(dataset.rows["row"]), self.chosen_by.get(n_rounds, frozenset()))

    def fold(self, train, valid):
        return SpyFold(self, train, valid)


@dataclass(frozen=True)
class SpyFold:
    model: SpyModel
    train: object
    valid: object

    def judge(self, params, seed):
        n_rounds = 1_000 + len(self.model.chosen_by)
        self.model.chosen_by[n_rounds] = frozenset(self.train.rows["row"]) | frozenset(self.valid.rows["row"])
        return Judged(0.0, n_rounds)


def rows(first, n_rows, **more):
    rng = np.random.default_rng(first)
    values = pd.DataFrame({"row": np.arange(first, first + n_rows) * 1.0, **more})
    noise = {f"noise_{number}": rng.normal(size=n_rows) for number in range(4)}
    return Rows(values.assign(**noise), (rng.random(n_rows) < 0.2).astype(np.int8), np.arange(n_rows))


def bench(model=None, peeks=True):
    develop, test = rows(0, N_DEVELOP), rows(N_DEVELOP, N_TEST)
    half = np.arange(N_DEVELOP // 2)
    late = Sides(
        replace(develop, values=develop.values.assign(proxy=develop.label * 1.0)),
        replace(test, values=test.values.assign(proxy=test.label * 1.0)),
        replace(test, values=test.values.assign(proxy=np.nan)),
    )
    return Bench(
        model=model or SpyModel(),
        chosen=Tuned({}, 20),
        tried=({}, {"num_leaves": 8.0}),
        honest=Sides(develop, test, test),
        fold=(develop.at(half), develop.at(half + N_DEVELOP // 2)),
        peek=Peek(late if peeks else None, "told"),
        seed=1,
    )


@each_mistake
def test_worth_is_of_rows_that_had_no_part_in_the_model(mistake):
    claim = mistake.made(bench())

    assert claim.worth.raw.sum() == 0
    assert len(claim.worth.raw) == N_TEST


@pytest.mark.parametrize("name", ["repeated", "all_together"])
def test_repeated_rows_are_claimed_on_what_was_learned(name):
    (mistake,) = (one for one in MISTAKES if one.name == name)
    claim = mistake.made(bench())

    assert claim.claimed.raw.sum() > 20
    assert claim.claimed.label[claim.claimed.raw == 1].all()


@pytest.mark.parametrize("name", ["random_split", "proxies", "chosen_on_test"])
def test_other_mistakes_learn_no_row_of_their_test(name):
    (mistake,) = (one for one in MISTAKES if one.name == name)

    assert not (mistake.made(bench()).claimed.raw == 1).any()


@each_mistake
def test_the_same_bench_makes_the_same_claim(mistake):
    one, other = (mistake.made(bench()) for _ in range(2))

    assert one.claimed.subject.tolist() == other.claimed.subject.tolist()
    assert one.claimed.raw.tolist() == other.claimed.raw.tolist()


def test_noise_is_praised_by_repeated_rows_and_worth_nothing():
    by_heart = LightGBM(n_bags=1, max_rounds=60, parameters={"min_data_in_leaf": 1, "num_leaves": 31})
    noisy = replace(bench(by_heart, peeks=False), chosen=Tuned({}, 60))
    (repeated,) = (one for one in MISTAKES if one.name == "repeated")
    claim = repeated.made(noisy)
    honest = judged_by(noisy.fitted(noisy.honest.develop), noisy.honest.test)

    assert roc_auc(claim.claimed.label, claim.claimed.raw) > 0.9
    assert abs(roc_auc(claim.worth.label, claim.worth.raw) - 0.5) < 0.2
    assert abs(roc_auc(honest.label, honest.raw) - 0.5) < 0.2


def test_proxies_are_worth_what_is_left_without_them():
    noisy = bench(LightGBM(n_bags=1))
    (proxies,) = (one for one in MISTAKES if one.name == "proxies")
    claim = proxies.made(noisy)

    assert roc_auc(claim.claimed.label, claim.claimed.raw) == 1.0
    assert roc_auc(claim.worth.label, claim.worth.raw) < 0.7


def test_without_anything_to_peek_at_the_rest_is_still_made_together():
    (together,) = (one for one in MISTAKES if one.name == "all_together")

    assert together.made(bench(peeks=False)).claimed.label.mean() == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ValueError, match="nothing to peek at: told"):
        next(one for one in MISTAKES if one.name == "proxies").made(bench(peeks=False))


def test_tried_configurations_begin_with_the_middle_and_the_defaults_and_lie_in_the_space():
    first, defaults, *others = found = tried(SPACE, np.random.default_rng(1))

    assert first == pytest.approx({"learning_rate": 0.1, "num_leaves": 16, "feature_fraction": 0.75}) == middle(SPACE)
    assert defaults == {}
    assert len(found) == N_TRIED
    assert all(SPACE[name].low <= value <= SPACE[name].high for one in others for name, value in one.items())
    assert all(one["num_leaves"].is_integer() for one in others)
    assert len({one["learning_rate"] for one in others}) == N_TRIED - 2
