from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from pipelines.core.errors import ConfigError, ModelError, NotEnoughDataError
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import Judged, LightGBM
from pipelines.search.naming import study_name
from pipelines.search.study import search
from pipelines.tasks.search_space import Range, SearchSpec
from support.models import learnable
from support.search import SPACE, Hill, HillFold, budget, fits, some_parts


def found(spec=None, model=None, seed=1, parts=None, studies=None, on_trial=lambda trial, best: None):
    return search(spec or budget(), model or Hill(), parts or some_parts(), seed, studies, on_trial)


def test_same_seed_gives_the_same_search():
    assert found(seed=1) == found(seed=1)


def test_other_seed_gives_other_trials():
    assert found(seed=1).trials != found(seed=2).trials


def test_chosen_is_the_finished_trial_with_the_smallest_loss():
    result = found()
    best = min((trial for trial in result.trials if trial.loss is not None), key=lambda trial: trial.loss)

    assert (result.params, result.loss, result.n_rounds) == (best.params, best.loss, best.n_rounds)


def test_parameters_lie_in_the_space_and_are_whole_where_they_must_be():
    params = [trial.params for trial in found(budget(20)).trials]

    assert all(0.01 <= one["learning_rate"] <= 1 and 2 <= one["num_leaves"] <= 60 for one in params)
    assert all(isinstance(one["num_leaves"], int) for one in params)
    assert {one["extra_trees"] for one in params} == {0, 1}


def test_pruned_trials_have_no_loss_and_are_not_fitted_on_every_fold(tmp_path):
    result = found(budget(20), Hill(log=str(tmp_path / "log")))
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    n_fits = len(fits(tmp_path / "log"))

    assert pruned
    assert all(trial.loss is None and trial.n_rounds is None and len(trial.losses) < 3 for trial in pruned)
    assert n_fits == sum(len(trial.losses) for trial in result.trials) < 60


def test_finished_trials_have_the_mean_loss_of_all_folds():
    trials = found().trials

    assert [trial.number for trial in trials] == list(range(8))
    assert all(trial.loss == np.mean(trial.losses) for trial in trials if trial.state == "complete")


def test_rounds_are_the_mean_of_the_best_rounds_of_the_folds():
    parts = some_parts()

    assert found(parts=parts).n_rounds == round(np.mean([10 + train.label.sum() for train, _ in parts]))


def test_every_trial_is_told_in_order_with_the_best_loss_so_far():
    told = []
    result = found(budget(20), on_trial=lambda trial, best: told.append((trial, best)))
    losses = [math.inf if trial.loss is None else trial.loss for trial, _ in told]

    assert tuple(trial for trial, _ in told) == result.trials
    assert [min(losses[: i + 1]) for i in range(20)] == [best for _, best in told]


def test_search_learns_from_its_trials():
    result = found(budget(40, n_startup=10))

    assert abs(math.log10(result.params["learning_rate"] / 0.1)) < 0.1


def test_importance_is_a_share_and_names_what_matters():
    shares = found(budget(40, n_startup=40)).importance

    assert sum(shares.values()) == pytest.approx(1)
    assert shares["learning_rate"] > 0.8


def test_few_trials_have_no_importance():
    assert found(budget(5)).importance == {}


def test_search_without_a_space_tries_the_one_configuration():
    class Flat(Hill):
        def fold(self, train, valid):
            return FlatFold()

    class FlatFold:
        def judge(self, params, seed, n_threads=2, bar=()):
            return Judged(0.5, 3)

    result = found(SearchSpec(n_trials=12, space={}), Flat())

    assert (result.params, result.loss, result.importance) == ({}, 0.5, {})


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_loss_that_is_no_number_ends_the_search(monkeypatch, loss):
    monkeypatch.setattr(HillFold, "judge", lambda *_, **__: Judged(loss, 1))
    with pytest.raises(ModelError, match=f"The validation loss of a trial is {loss}"):
        found()


def test_part_with_one_class_is_refused():
    parts = [(learnable(30), Dataset(learnable(30).rows, np.zeros(30, np.int8)))]
    with pytest.raises(NotEnoughDataError, match="0 of 30 validation rows are positive"):
        found(model=LightGBM(), parts=parts)


def test_real_folds_give_the_same_search_twice():
    spec = SearchSpec(n_trials=3, n_startup=2, space={"num_leaves": Range(low=3, high=8, kind="int")})
    parts = [(learnable(seed=i), learnable(seed=i + 9)) for i in (1, 2)]
    model = LightGBM(max_rounds=15, early_stopping=5)

    assert found(spec, model=model, parts=parts) == found(spec, model=model, parts=parts)


def test_time_that_runs_out_ends_the_search_after_one_trial():
    result = found(budget(50, timeout=timedelta(milliseconds=1)), Hill(pause_s=0.01))

    assert result.stopped_early
    assert len(result.trials) == 1


def test_enough_time_changes_nothing():
    assert found(budget(timeout=timedelta(hours=1))) == found()


def test_kept_search_is_that_of_memory(tmp_path):
    assert found(studies=str(tmp_path)) == found()


def test_kept_search_is_not_done_again(tmp_path):
    log = tmp_path / "log"
    first = found(model=Hill(log=str(log)), studies=str(tmp_path))
    n_fits, told = len(fits(log)), []
    again = found(model=Hill(log=str(log)), studies=str(tmp_path), on_trial=lambda trial, best: told.append(trial))

    assert (again.trials, again.params, again.n_before) == (first.trials, first.params, 8)
    assert tuple(told) == first.trials
    assert all(trial.was_known for trial in told)
    assert len(fits(log)) == n_fits


def test_larger_budget_goes_on_and_a_smaller_one_sees_its_own_trials(tmp_path):
    found(budget(5), studies=str(tmp_path))
    more, fewer = found(budget(12), studies=str(tmp_path)), found(budget(7), studies=str(tmp_path))

    assert (more.n_before, fewer.n_before) == (5, 7)
    assert more.trials == found(budget(12)).trials
    assert fewer.trials == found(budget(7)).trials


def test_line_that_was_torn_by_a_loss_of_power_is_cut_off(tmp_path):
    found(budget(5), studies=str(tmp_path))
    (journal,) = tmp_path.glob("*.journal")
    with journal.open("a") as file:
        file.write('{"op_code": 4, "worker')

    assert found(budget(8), studies=str(tmp_path)).trials == found(budget(8)).trials


def test_study_is_known_by_what_decides_a_loss():
    parts, name = some_parts(), study_name(budget(), Hill(), some_parts(), 1)
    other_rows = [(learnable(30, seed=77), parts[0][1]), *parts[1:]]
    as_levels = [(Dataset(one.rows, one.label, ("amount_28d",)), valid) for one, valid in parts]
    other_label = [(Dataset(one.rows, 1 - one.label), valid) for one, valid in parts]
    others = [
        study_name(budget(n_startup=5), Hill(), parts, 1),
        study_name(SearchSpec(space={**SPACE, "max_depth": Range(low=2, high=9, kind="int")}), Hill(), parts, 1),
        study_name(budget(), Hill(max_rounds=9), parts, 1),
        study_name(budget(), Hill(), parts, 2),
        study_name(budget(), Hill(), parts[:2], 1),
        *(study_name(budget(), Hill(), changed, 1) for changed in (other_rows, as_levels, other_label)),
    ]

    assert study_name(budget(30, timeout=timedelta(1), n_workers=2), Hill(), parts, 1) == name
    assert len({name, *others}) == 9


def test_url_of_another_system_is_refused_without_being_shown():
    with pytest.raises(ConfigError) as error:
        found(studies="mysql://root:secret@host/studies")

    assert "begins with mysql://" in str(error.value)
    assert "secret" not in str(error.value)
