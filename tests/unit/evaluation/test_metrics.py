"""Metrics: equal to scikit-learn's where it has them, for one set of weights and for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.evaluation.additive import equal_mass_bins
from pipelines.evaluation.metrics import (
    METRICS,
    brier,
    ece,
    lift_at_10pct,
    lift_at_k,
    log_loss,
    pr_auc,
    roc_auc,
)

EVERY = [brier, ece, lift_at_10pct, log_loss, pr_auc, roc_auc]
RANKING = [lift_at_10pct, pr_auc, roc_auc]
ORACLES = {
    roc_auc: sklearn_metrics.roc_auc_score,
    pr_auc: sklearn_metrics.average_precision_score,
    brier: sklearn_metrics.brier_score_loss,
    log_loss: sklearn_metrics.log_loss,
}
named = pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.__name__)
with_oracle = pytest.mark.parametrize("metric", ORACLES, ids=lambda metric: metric.__name__)
ranking = pytest.mark.parametrize("metric", RANKING, ids=lambda metric: metric.__name__)


@st.composite
def cases(draw):
    """Labels of both kinds, probabilities with many ties, whole weights with zeros."""
    n_rows = draw(st.integers(2, 40))
    label = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=n_rows, max_size=n_rows))])
    steps = draw(st.lists(st.integers(0, 8), min_size=label.size, max_size=label.size))
    weight = draw(st.lists(st.integers(0, 3), min_size=label.size, max_size=label.size))
    weight[0], weight[1] = 1, 1
    return label, np.array(steps) / 8, np.array(weight, dtype=float)


@with_oracle
@given(case=cases())
def test_equals_scikit_learn_with_ties_and_weights(metric, case):
    label, score, weight = case

    assert metric(label, score) == pytest.approx(ORACLES[metric](label, score))
    assert metric(label, score, weight) == pytest.approx(ORACLES[metric](label, score, sample_weight=weight))


@with_oracle
def test_equals_scikit_learn_on_continuous_scores_and_fractional_weights(metric):
    rng = np.random.default_rng(0)
    score, weight = rng.random(500), rng.random((20, 500))
    label = (rng.random(500) < score).astype(int)

    expected = [ORACLES[metric](label, score, sample_weight=one) for one in weight]
    np.testing.assert_allclose(metric(label, score, weight), expected, rtol=1e-10)


@pytest.mark.parametrize("metric", [one for one in EVERY if one is not ece], ids=lambda metric: metric.__name__)
@given(case=cases())
def test_a_whole_weight_is_that_many_rows(metric, case):
    """All but `ece`, whose bins are those of the unweighted rows."""
    label, score, weight = case
    times = weight.astype(int)

    assert metric(label, score, weight) == pytest.approx(metric(np.repeat(label, times), np.repeat(score, times)))


@named
@given(case=cases(), seed=st.integers(0, 99))
def test_many_weights_at_once_equal_one_after_another(metric, case, seed):
    label, score, _ = case
    weight = np.random.default_rng(seed).integers(1, 4, size=(3, label.size)).astype(float)

    np.testing.assert_allclose(metric(label, score, weight), [metric(label, score, one) for one in weight], atol=1e-12)


@named
@given(case=cases(), random=st.randoms())
def test_row_order_changes_nothing(metric, case, random):
    label, score, weight = case
    order = list(range(label.size))
    random.shuffle(order)

    assert metric(label[order], score[order], weight[order]) == pytest.approx(metric(label, score, weight), abs=1e-12)


@ranking
@given(case=cases())
def test_a_monotone_transform_changes_no_ranking_metric(metric, case):
    label, score, weight = case

    assert metric(label, np.exp(3 * score) - 5, weight) == metric(label, score, weight)


@ranking
def test_certain_log_odds_are_ranked(metric):
    label, score = np.array([1, 0, 1, 0]), np.array([np.inf, 0.5, 1.0, -np.inf])

    assert metric(label, score) == metric(label, np.array([3.0, 1.0, 2.0, 0.0]))


@ranking
def test_a_resample_of_one_label_only_is_undefined(metric):
    weight = np.array([[1.0, 1, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]])
    found = metric([1, 1, 0, 0], [0.9, 0.4, 0.5, 0.1], weight)

    assert np.isnan(found).tolist() == [False, True, True, True]


@ranking
@pytest.mark.parametrize("label", [[0, 0, 0], [1, 1, 1]])
def test_labels_of_one_kind_only_are_an_error(metric, label):
    with pytest.raises(NotEnoughDataError) as error:
        metric(label, [0.1, 0.2, 0.3])

    assert str(error.value) == (
        f"{sum(label)} of 3 rows are positive, as far as they have weight. This metric is undefined without rows of "
        "both labels, or without rows at all. Fix: Evaluate over more cutoffs or customers, or check the label."
    )


@named
def test_no_rows_are_an_error(metric):
    with pytest.raises(NotEnoughDataError, match=r"^0 of 0 rows are positive"):
        metric([], [])


@pytest.mark.parametrize("metric", [brier, ece, log_loss], ids=lambda metric: metric.__name__)
def test_probability_metrics_are_defined_for_labels_of_one_kind(metric):
    assert metric([0, 0], [0.0, 0.0]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("label", "score", "weight", "got"),
    [
        ([0, 1], [0.1, 0.2, 0.3], None, r"labels of shape \(2,\) for scores of shape \(3,\)"),
        ([0, 1], [0.1, np.nan], None, "1 of 2 scores that are NaN"),
        ([0, 1, 2], [0.1, 0.2, 0.3], None, "1 of 3 labels that are neither 0 nor 1"),
        ([0, 1], [0.1, 0.2], np.ones(3), "3 weights for 2 rows"),
    ],
)
@named
def test_rows_that_do_not_fit_are_refused(metric, label, score, weight, got):
    with pytest.raises(ModelError, match=rf"^A metric was given {got}\. .* Fix: Give it one label"):
        metric(label, score, weight)


@pytest.mark.parametrize("metric", [brier, ece, log_loss], ids=lambda metric: metric.__name__)
def test_log_odds_are_no_probabilities(metric):
    with pytest.raises(ModelError, match=r"^A metric was given probabilities from -2 to 0\.3\."):
        metric([0, 1], [-2.0, 0.3])


def test_lift_of_perfect_and_worst_scores():
    label = np.array([1] * 5 + [0] * 95)

    assert lift_at_k(label, -np.arange(100), 0.05) == pytest.approx(20.0)
    assert lift_at_k(label, np.arange(100), 0.05) == 0.0
    assert lift_at_k(label, np.arange(100), 1.0) == pytest.approx(1.0)


def test_the_last_row_of_the_top_share_counts_in_part():
    """A fifth of 7 rows is 1.4: all of the first row and 0.4 of the second."""
    assert lift_at_k([0, 1, 1, 0, 0, 0, 0], [7, 6, 5, 4, 3, 2, 1], 0.2) == pytest.approx(0.4 / (0.2 * 2))


def test_equal_scores_share_a_place_whatever_their_order():
    assert lift_at_k([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], 0.25) == 1.0
    assert lift_at_k([0, 1, 0, 0], [0.5, 0.5, 0.5, 0.5], 0.25) == 1.0
    assert lift_at_k([0, 1, 0, 0], [0.9, 0.5, 0.5, 0.5], 0.5) == pytest.approx(2 / 3)


def test_the_top_tenth_is_lift_at_k_of_a_tenth():
    rng = np.random.default_rng(4)
    label, score, weight = rng.integers(0, 2, 57), rng.random(57), rng.random(57)

    assert lift_at_10pct(label, score, weight) == lift_at_k(label, score, 0.1, weight)


@pytest.mark.parametrize("k", [0.0, -0.1, 1.1])
def test_a_share_outside_0_and_1_is_refused(k):
    with pytest.raises(ModelError, match=rf"^A metric was given k = {k:g}, which is no share"):
        lift_at_k([0, 1], [0.1, 0.2], k)


def test_calibration_error_of_a_shifted_model_is_the_shift():
    probability = np.linspace(0.2, 0.5, 1000)
    rng = np.random.default_rng(5)
    label = rng.random(1000) < probability + 0.3

    assert ece(label, probability) == pytest.approx(0.3, abs=0.04)


def test_calibration_error_equals_a_plain_loop_over_bins():
    rng = np.random.default_rng(6)
    label, probability, weight = rng.integers(0, 2, 203), rng.random(203).round(2), rng.random(203)
    place = equal_mass_bins(probability)

    gaps = [abs((weight * (probability - label))[place == i].sum()) for i in range(10)]
    assert ece(label, probability, weight) == pytest.approx(sum(gaps) / weight.sum())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_equal_scores_share_a_bin_and_bins_follow_the_scores(scores):
    score = np.array(scores)
    place = equal_mass_bins(score)
    order = np.argsort(score, kind="stable")

    assert (np.diff(place[order]) >= 0).all()
    assert (np.diff(place[order])[np.diff(score[order]) == 0] == 0).all()
    assert set(place) <= set(range(10))


def test_bins_of_distinct_scores_hold_equally_many_rows():
    place = equal_mass_bins(np.random.default_rng(7).random(1000))

    assert np.bincount(place).tolist() == [100] * 10


@settings(max_examples=20)
@given(case=cases())
def test_the_visible_metrics_work_as_declared(case):
    label, score, _ = case
    for metric in METRICS:
        best = metric.function(label, label.astype(float))
        worst = metric.function(label, 1.0 - label)
        assert best >= worst if metric.greater_is_better else best <= worst
        assert isinstance(metric.function(label, score), float)


def test_ranking_metrics_read_log_odds_and_the_others_probabilities():
    assert {metric.name: metric.on for metric in METRICS} == {
        "roc_auc": "raw",
        "pr_auc": "raw",
        "brier": "probability",
        "log_loss": "probability",
        "ece": "probability",
        "lift_at_10pct": "raw",
    }
