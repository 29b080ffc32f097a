from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pipelines.models.baselines import LogisticRegression, Prevalence, RecencyRule
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
