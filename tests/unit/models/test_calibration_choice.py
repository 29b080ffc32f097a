from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.special import expit

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.evaluation.metrics import brier, ece, log_loss
from pipelines.models.calibration import Sigmoid
from pipelines.models.calibration_choice import WAYS, Chosen
from pipelines.models.calibration_maps import SigmoidMap, beta_features
from pipelines.models.calibration_report import choice_figure, choice_report, choice_table


def periods(truth, n_rows=6_000, n_periods=3, seed=0):
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 1.5, n_rows)
    label = (rng.random(n_rows) < expit(truth(raw))).astype(np.int8)
    return raw, label, np.repeat(np.arange(n_periods), n_rows // n_periods)


def straight(raw):
    return 0.7 * raw - 0.3


def bent(raw):
    low, high = beta_features(raw)
    return 2.5 * low + 0.1 * high + 1.0


def winner(trials):
    (chosen,) = [trial for trial in trials if trial.is_chosen]
    return chosen.type


@pytest.mark.parametrize("seed", range(5))
def test_sigmoid_is_kept_where_it_is_the_truth(seed):
    assert winner(Chosen().judged(*periods(straight, seed=seed))) == "sigmoid"


@pytest.mark.parametrize("seed", range(5))
def test_beta_is_chosen_where_the_ends_differ_in_steepness(seed):
    assert winner(Chosen().judged(*periods(bent, seed=seed))) == "beta"


def test_isotonic_or_venn_abers_is_chosen_where_the_truth_has_steps():
    rows = periods(lambda raw: np.where(np.abs(raw) < 1, 0.0, 4.0 * np.sign(raw)), n_rows=30_000)

    assert winner(Chosen().judged(*rows)) in {"isotonic", "venn_abers"}


def test_winner_is_fitted_anew_on_all_rows():
    raw, label, period = periods(bent)

    assert Chosen().fit(raw, label, period) == WAYS["beta"].fit(raw, label)


def test_figures_are_those_of_the_metrics_on_the_later_period():
    raw, label, period = periods(bent)
    trials = {trial.type: trial for trial in Chosen().judged(raw, label, period)}
    past, later = period < 2, period == 2

    for name, trial in trials.items():
        probability = WAYS[name].fit(raw[past], label[past]).probability(raw[later])
        last = trial.by_period[-1]
        assert (last.period, last.n_rows) == (2, later.sum())
        assert last.log_loss == pytest.approx(log_loss(label[later], probability))
        assert last.brier == pytest.approx(brier(label[later], probability))
        assert last.ece == pytest.approx(ece(label[later], probability))
        assert last.difference == pytest.approx(last.log_loss - trials["sigmoid"].by_period[-1].log_loss)


def test_map_is_judged_by_what_it_could_not_have_seen():
    raw, label, period = periods(bent)
    changed = label.copy()
    changed[period == 2] = 1 - changed[period == 2]

    before, after = (Chosen().judged(raw, labels, period) for labels in (label, changed))

    assert [trial.by_period[0] for trial in before] == [trial.by_period[0] for trial in after]


def test_purge_leaves_the_neighbouring_period_out():
    raw, label, period = periods(bent)
    (trial,) = Chosen(among=("sigmoid",), purge=1).judged(raw, label, period)
    first, last = period == 0, period == 2

    assert [one.period for one in trial.by_period] == [2]
    fitted = Sigmoid().fit(raw[first], label[first])
    assert trial.mean("log_loss") == pytest.approx(log_loss(label[last], fitted.probability(raw[last])))


def test_gain_in_one_period_of_two_is_not_enough():
    raw, label, period = periods(bent)
    turned, last = label.copy(), period == 2
    turned[last] = np.random.default_rng(1).random(last.sum()) < expit(-bent(-raw[last]))
    beta = next(trial for trial in Chosen().judged(raw, turned, period) if trial.type == "beta")

    assert not beta.is_chosen
    assert "in 1 of 2 periods" in beta.reason


def test_larger_margin_keeps_the_sigmoid():
    rows = periods(bent)

    assert winner(Chosen(margin=1_000.0).judged(*rows)) == "sigmoid"


def test_one_period_judges_nobody_and_says_so():
    raw, label, _ = periods(bent)
    trials = Chosen().judged(raw, label, np.zeros(label.size, dtype=np.int64))

    assert winner(trials) == "sigmoid"
    assert {trial.by_period for trial in trials} == {()}
    assert "no later period could judge" in next(trial.reason for trial in trials if trial.is_chosen)
    assert Chosen().fit(raw, label) == Sigmoid().fit(raw, label)


def test_period_whose_past_cannot_be_calibrated_judges_nobody():
    raw, label, period = periods(bent)
    label[period == 0] = 0

    assert [one.period for one in Chosen().judged(raw, label, period)[0].by_period] == [2]


def test_rows_that_cannot_be_calibrated_at_all_are_an_error():
    raw, label, period = periods(bent)

    with pytest.raises(NotEnoughDataError, match="0 of them positive"):
        Chosen().fit(raw, np.zeros_like(label), period)


@pytest.mark.parametrize("among", [("beta",), ("sigmoid", "sigmoid"), ()])
def test_sigmoid_must_be_among_the_candidates_once(among):
    with pytest.raises(ConfigError, match="sigmoid, which the others must beat"):
        Chosen.read({"among": among}, "task")


def test_numbers_of_periods_need_not_begin_at_zero():
    raw, label, period = periods(bent)

    assert [trial.difference for trial in Chosen().judged(raw, label, period)] == [
        trial.difference for trial in Chosen().judged(raw, label, 17_000 + 28 * period)
    ]


def test_figure_names_the_choice_and_the_rows():
    figure = choice_figure(Chosen().judged(*periods(bent)))
    (axes,) = figure.axes

    assert axes.get_title(loc="left").startswith("Beta is chosen: ")
    assert axes.get_legend().get_title().get_text() == "n = 4,000 rows in 2 later periods"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["Sigmoid", "Isotonic", "Beta", "Venn-Abers"]
    figure.savefig(io.BytesIO())


def test_figure_without_a_judge_says_so():
    figure = choice_figure(Chosen().judged(*periods(bent, n_periods=1)))

    assert "no later period" in figure.axes[0].get_title(loc="left")
    figure.savefig(io.BytesIO())


def test_report_holds_every_candidate_and_the_reason():
    trials = Chosen().judged(*periods(straight))
    report = choice_report(trials)

    assert set(report.artifacts) == {"report/calibration_choice.json", "report/calibration_choice.png"}
    candidates = report.artifacts["report/calibration_choice.json"]["candidates"]
    assert [one["type"] for one in candidates] == list(Chosen().among)
    assert all(one["reason"] for one in candidates)
    assert report.metrics["calibration.sigmoid.log_loss"] == pytest.approx(trials[0].mean("log_loss"))


def test_table_has_a_row_per_candidate_and_period():
    table = choice_table(Chosen().judged(*periods(bent)))

    assert table.groupby("type").size().to_dict() == dict.fromkeys(WAYS, 2)
    assert set(table[table.is_chosen].type) == {"beta"}
    assert choice_table(Chosen().judged(*periods(bent, n_periods=1))).empty


def test_mean_of_nothing_is_nan():
    (trial,) = Chosen(among=("sigmoid",)).judged(*periods(bent, n_periods=1))

    assert np.isnan(trial.mean("ece"))
    assert isinstance(Chosen().fit(*periods(straight)), SigmoidMap)
