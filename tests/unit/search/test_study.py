from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from pipelines.core.errors import ModelError
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.search.study import out_of_fold_labels, search
from pipelines.tasks.search_space import Range, SearchSpec
from support.models import learnable

LABEL = np.array([0, 0, 1, 1], np.int8)
SPEC = SearchSpec(n_trials=8, n_startup=4, space={"x": Range(low=-2, high=2), "k": Range(low=2, high=5, kind="int")})


@dataclass
class FakeFold:
    """Scores are best at ``x = 1``; remembers how often it was fitted."""

    number: int = 0
    fitted: list[float] = field(default_factory=list)
    valid: Dataset = field(default_factory=lambda: Dataset(None, LABEL))

    def fit(self, params, seed):
        self.fitted.append(params["x"])
        closeness = 2 - abs(params["x"] - 1)
        return closeness * np.array([-1.0, -1, 1, 1]) + self.number / 100, 10 + 2 * self.number


def found(spec=SPEC, seed=1, n_folds=3):
    folds = [FakeFold(number) for number in range(n_folds)]
    return search(spec, folds, seed, lambda trial, best: None), folds


def test_same_seed_gives_the_same_trials():
    assert found(seed=1)[0].trials == found(seed=1)[0].trials


def test_other_seed_gives_other_trials():
    assert found(seed=1)[0].trials != found(seed=2)[0].trials


def test_chosen_is_the_finished_trial_with_the_smallest_loss():
    result, _ = found()
    best = min((trial for trial in result.trials if trial.loss is not None), key=lambda trial: trial.loss)

    assert (result.params, result.loss) == (best.params, best.loss)


def test_parameters_lie_in_the_space_and_are_whole_where_they_must_be():
    params = [trial.params for trial in found()[0].trials]

    assert all(-2 <= one["x"] <= 2 and one["k"] in {2, 3, 4, 5} for one in params)
    assert all(isinstance(one["k"], int) for one in params)


def test_pruned_trials_have_no_loss_and_are_not_fitted_on_every_fold():
    result, folds = found(SearchSpec(n_trials=20, n_startup=4, space=SPEC.space))
    pruned = [trial for trial in result.trials if trial.state == "pruned"]

    assert pruned
    assert all(trial.loss is None for trial in pruned)
    assert len(folds[0].fitted) == 20
    assert len(folds[-1].fitted) < 20


def test_finished_trials_have_a_loss():
    trials = found()[0].trials

    assert all(trial.loss is not None for trial in trials if trial.state == "complete")
    assert [trial.number for trial in trials] == list(range(8))


def test_out_of_fold_scores_are_those_of_the_chosen_trial_in_the_order_of_the_folds():
    result, folds = found()
    expected = [FakeFold(fold.number).fit(result.params, 1)[0].tolist() for fold in folds]

    assert expected == [scores.tolist() for scores in result.out_of_fold]


def test_rounds_are_the_mean_of_the_best_rounds_of_the_folds():
    assert found(n_folds=3)[0].n_rounds == (10 + 12 + 14) / 3


def test_every_trial_is_told_with_the_best_loss_so_far():
    told = []
    search(SPEC, [FakeFold()], 1, lambda trial, best: told.append((trial, best)))
    losses = [trial.loss for trial, _ in told]

    assert [min(losses[: i + 1]) for i in range(len(losses))] == [best for _, best in told]


def test_labels_beside_the_scores_are_in_the_order_of_the_folds():
    folds = [FakeFold(valid=Dataset(None, label)) for label in (LABEL[:1], LABEL[2:])]

    assert out_of_fold_labels(folds).tolist() == [0, 1, 1]


def test_scores_that_are_not_numbers_end_the_search():
    @dataclass
    class Undefined(FakeFold):
        def fit(self, params, seed):
            return np.full(4, np.nan), 1

    with pytest.raises(ModelError, match="scores that are NaN"):
        search(SPEC, [Undefined()], 1, lambda trial, best: None)


def test_real_folds_give_the_same_search_twice():
    spec = SearchSpec(n_trials=3, n_startup=2, space={"num_leaves": Range(low=3, high=8, kind="int")})
    model = LightGBM(max_rounds=15, early_stopping=5)
    runs = [
        search(spec, [model.fold(learnable(seed=i), learnable(seed=i + 9)) for i in (1, 2)], 1, lambda *_: None)
        for _ in range(2)
    ]

    assert runs[0].trials == runs[1].trials
    assert all(np.array_equal(a, b) for a, b in zip(runs[0].out_of_fold, runs[1].out_of_fold, strict=True))
