from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.core.windows import DAY
from pipelines.models.baselines import BgNbd, LogisticRegression, Prevalence, RecencyRule
from pipelines.models.classifier import Dataset, probability


def dataset(label, **columns):
    return Dataset(pd.DataFrame(columns, dtype=float), np.array(label, np.int8))


def test_prevalence_says_the_share_of_positives_for_everybody():
    model = Prevalence().fit(dataset([1, 0, 0, 0], recency_days=[1, 2, 3, 4]))

    assert np.allclose([0.25, 0.25], probability(model.raw(pd.DataFrame({"recency_days": [9.0, math.nan]}))))


@pytest.mark.parametrize("label", [0, 1])
def test_prevalence_of_one_outcome_only_is_finite(label):
    model = Prevalence().fit(dataset([label] * 3, recency_days=[1, 2, 3]))

    assert np.isfinite(model.raw(pd.DataFrame({"recency_days": [1.0]}))).all()


def test_recency_rule_rises_with_the_silence():
    model = RecencyRule().fit(dataset([0, 0, 1, 0, 1, 1], recency_days=[1, 2, 3, 8, 20, 30]))
    raw = model.raw(pd.DataFrame({"recency_days": [0.0, 1, 2, 5, 10, 40, 400]}))

    assert (np.diff(raw) > 0).all()


def test_recency_rule_looks_at_its_own_feature_only():
    model = RecencyRule(feature="x").fit(dataset([0, 1, 0, 1], x=[1, 2, 1, 2], y=[1, 2, 3, 4]))
    one, other = (model.raw(pd.DataFrame({"y": [y], "x": [1.5]})) for y in (0.0, 100.0))

    assert one == other


def test_null_takes_the_median_and_its_flag():
    known = dataset([0, 0, 1, 1], recency_days=[1, 3, 3, 20])
    without_flag = RecencyRule().fit(known)

    assert without_flag.raw(pd.DataFrame({"recency_days": [math.nan]})) == without_flag.raw(
        pd.DataFrame({"recency_days": [3.0]})
    )

    nulls = dataset([0, 0, 0, 1, 1, 1], recency_days=[1, 3, 20, math.nan, math.nan, math.nan])
    raw = RecencyRule().fit(nulls).raw(pd.DataFrame({"recency_days": [math.nan, 3.0]}))

    assert raw[0] > 0 > raw[1]


def test_column_without_any_value_does_not_stop_the_fit():
    rows = dataset([0, 1, 0, 1], x=[1, 2, 1, 2], empty=[math.nan] * 4)

    assert np.isfinite(LogisticRegression().fit(rows).raw(rows.rows)).all()


def test_logistic_regression_finds_the_columns_by_name():
    rows = dataset([0, 1, 0, 1, 1, 0], x=[1, 2, 1, 2, 3, 1], y=[5, 5, 4, 4, 3, 3])
    model = LogisticRegression().fit(rows)

    assert np.array_equal(model.raw(rows.rows), model.raw(rows.rows[["y", "x"]]))


def test_negative_values_keep_their_sign():
    model = RecencyRule(feature="x").fit(dataset([0, 0, 1, 1], x=[-50, -20, 20, 50]))

    assert model.raw(pd.DataFrame({"x": [-30.0]})) < 0 < model.raw(pd.DataFrame({"x": [30.0]}))


@pytest.mark.parametrize("label", [[0, 0, 1, 0, 1, 1], [1, 1, 0, 1, 0, 0]])
def test_recency_rule_learns_its_direction(label):
    model = RecencyRule().fit(dataset(label, recency_days=[1, 2, 3, 8, 20, 30]))
    raw = model.raw(pd.DataFrame({"recency_days": [0.0, 400.0]}))

    assert (raw[1] > raw[0]) == (label[-1] == 1)


def shoppers(n_customers=2_000, seed=1):
    """Rows whose customers bought at a rate of their own until some left; positive: gone."""
    rng = np.random.default_rng(seed)
    tenure, gap = rng.integers(60, 300, n_customers), rng.uniform(3, 30, n_customers)
    until = np.where(rng.random(n_customers) < 0.4, tenure * rng.random(n_customers), tenure)
    n_purchase_days = np.floor(until / gap) + 1
    recency = tenure - np.floor((n_purchase_days - 1) * gap)
    label = (until < tenure).astype(int)
    return dataset(label, recency_days=recency, tenure_days=tenure, n_purchase_days_all=n_purchase_days)


@pytest.mark.parametrize("horizon", [None, 28 * DAY])
@pytest.mark.parametrize("is_gone", [True, False])
def test_bg_nbd_learns_its_direction(horizon, is_gone):
    known = shoppers()
    label = known.label if is_gone else 1 - known.label
    model = BgNbd(horizon=horizon).fit(Dataset(known.rows, label))
    silent = pd.DataFrame({"recency_days": [2.0, 90], "tenure_days": [200.0, 200], "n_purchase_days_all": [20.0, 20]})
    raw = model.raw(silent)

    assert (raw[1] > raw[0]) == is_gone


def test_bg_nbd_of_being_alive_gives_customers_without_a_repeat_purchase_one_score():
    once = pd.DataFrame({"recency_days": [5.0, 80], "tenure_days": [5.0, 80], "n_purchase_days_all": [1.0, 1]})
    known = shoppers()
    alive, ahead = (BgNbd(horizon=horizon).fit(known).raw(once) for horizon in (None, 28 * DAY))

    assert alive[0] == alive[1]
    assert ahead[0] < ahead[1]


def test_bg_nbd_without_any_repeat_purchase_says_the_share_of_positives():
    rows = dataset([1, 0, 0, 0], recency_days=[1, 2, 3, 4], tenure_days=[1, 2, 3, 4], n_purchase_days_all=[1] * 4)

    assert probability(BgNbd().fit(rows).raw(rows.rows)) == pytest.approx(0.25)


@pytest.mark.parametrize("baseline", [BgNbd(), RecencyRule(feature="n_purchase_days_all")])
def test_baseline_whose_feature_is_not_computed_says_so(baseline):
    with pytest.raises(ModelError, match="looks at n_purchase_days_all, which the task does not compute"):
        baseline.fit(dataset([0, 1], recency_days=[1, 2], tenure_days=[3, 4]))
