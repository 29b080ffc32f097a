"""Resampling customers: the short way gives what a weight per row gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.intervals import cluster_weights
from pipelines.evaluation.metrics import METRICS, Metric, roc_auc
from pipelines.evaluation.resampled import Scored, measured, units
from pipelines.evaluation.slices import SLICE_METRICS


@st.composite
def scored_rows(draw):
    """Rows of both labels with many ties, of at least two customers."""
    n_rows = draw(st.integers(4, 40))
    label = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=n_rows - 2, max_size=n_rows - 2))])
    steps = np.array(draw(st.lists(st.integers(0, 6), min_size=n_rows, max_size=n_rows)))
    customer = np.array([5, 9, *draw(st.lists(st.integers(0, 9), min_size=n_rows - 2, max_size=n_rows - 2))])
    return label, steps / 2 - 1, steps / 6, customer


@settings(max_examples=60)
@given(rows=scored_rows(), seed=st.integers(0, 99))
def test_the_draws_are_those_of_a_weight_per_row(rows, seed):
    label, raw, probability, customer = rows
    unit, n_units, draws = units(customer, 30, np.random.default_rng(seed))
    (found,) = measured([Scored(label, raw, probability, unit)], SLICE_METRICS, draws, n_units)

    (weight,) = cluster_weights(customer, 30, np.random.default_rng(seed))
    for place, metric in enumerate(SLICE_METRICS):
        score = raw if metric.on == "raw" else probability
        np.testing.assert_allclose(found.draws[place], metric.function(label, score, weight), atol=1e-12)
        assert found.points[place] == metric.function(label, score)


def test_a_metric_that_says_not_how_it_adds_up_is_resampled_by_its_function():
    rng = np.random.default_rng(2)
    label, raw, customer = rng.integers(0, 2, 60), rng.normal(size=60), np.arange(60) // 2
    both = (METRICS[0], Metric("plain", roc_auc, on="raw", greater_is_better=True))
    unit, n_units, draws = units(customer, 40, rng)
    (found,) = measured([Scored(label, raw, raw, unit)], both, draws, n_units)

    np.testing.assert_allclose(found.draws[0], found.draws[1], atol=1e-12)


def test_models_of_other_rows_share_the_resamples_of_their_customers():
    """The same rows twice over weigh the same, so the metrics are the same in each resample."""
    rng = np.random.default_rng(3)
    label, raw, customer = rng.integers(0, 2, 80), rng.normal(size=80), np.arange(80) // 4
    unit, n_units, draws = units(customer, 20, rng)
    twice = Scored(np.tile(label, 2), np.tile(raw, 2), np.tile(raw, 2), np.tile(unit, 2))
    once, again = measured([Scored(label, raw, raw, unit), twice], METRICS[:2], draws, n_units)

    np.testing.assert_allclose(once.draws, again.draws, atol=1e-12)


def test_a_customer_without_rows_of_a_model_weighs_nothing_there():
    unit, n_units, draws = units(np.array([0, 1, 2, 3]), 20, np.random.default_rng(0))
    label, raw = np.array([1, 0]), np.array([1.0, 0.0])
    (found,) = measured([Scored(label, raw, raw, unit[:2])], METRICS[:1], draws, n_units)

    assert set(found.draws[0][~np.isnan(found.draws[0])]) == {1.0}


def test_all_scores_equal_are_worth_a_coin_toss_in_every_resample():
    label, customer = np.tile([0, 1], 20), np.arange(40)
    unit, n_units, draws = units(customer, 50, np.random.default_rng(0))
    (found,) = measured([Scored(label, np.zeros(40), np.full(40, 0.5), unit)], METRICS, draws, n_units)

    assert set(found.draws[0]) == {0.5}
    assert set(found.draws[[one.name for one in METRICS].index("lift_at_10pct")].round(12)) == {1.0}


def test_one_customer_is_refused_and_so_are_scores_that_are_nan():
    with pytest.raises(NotEnoughDataError, match="The rows hold 1 customer"):
        units(np.zeros(5, dtype=int), 10, np.random.default_rng(0))
    unit, n_units, draws = units(np.arange(2), 10, np.random.default_rng(0))
    with pytest.raises(ModelError, match="1 of 2 scores that are NaN"):
        measured([Scored(np.array([0, 1]), np.array([0.0, np.nan]), np.zeros(2), unit)], METRICS, draws, n_units)
