"""What every model promises. A new model gets one line in `FITTED`."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from pipelines.models import tree_shap
from pipelines.models.baselines import AnyBaseline, BgNbd, LogisticRegression, Prevalence, RecencyRule
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import Threshold
from pipelines.scoring.scorer import Scorer
from support.models import FEATURES, NAMES, TUNED, learnable

FITTED = {
    Prevalence: lambda data: Prevalence().fit(data),
    RecencyRule: lambda data: RecencyRule().fit(data),
    LogisticRegression: lambda data: LogisticRegression().fit(data),
    BgNbd: lambda data: BgNbd(tenure="amount_28d", n_purchase_days="n_orders_28d").fit(data),
    LightGBM: lambda data: LightGBM(n_bags=2).fit(data, TUNED, n_rounds=8, seed=1),
}
each_model = pytest.mark.parametrize("fit", [pytest.param(fit, id=kind.__name__) for kind, fit in FITTED.items()])
ROWS = learnable(seed=2).rows


def test_every_model_is_fitted_here():
    assert set(FITTED) == {*get_args(get_args(AnyBaseline)[0]), LightGBM}


@each_model
def test_raw_score_is_one_finite_number_per_row(fit):
    raw = fit(learnable()).raw(ROWS)

    assert raw.shape == (len(ROWS),)
    assert np.isfinite(raw).all()


@each_model
def test_row_of_nulls_is_scored(fit):
    assert np.isfinite(fit(learnable()).raw(pd.DataFrame({name: [np.nan] for name in NAMES}))).all()


@each_model
def test_no_rows_give_no_scores(fit):
    assert fit(learnable()).raw(ROWS.iloc[:0]).shape == (0,)


@each_model
def test_same_rows_give_the_same_model(fit):
    assert np.array_equal(fit(learnable()).raw(ROWS), fit(learnable()).raw(ROWS))


@each_model
def test_score_of_a_row_does_not_depend_on_the_others(fit):
    model = fit(learnable())

    assert np.allclose(model.raw(ROWS)[7:8], model.raw(ROWS.iloc[7:8]), rtol=0, atol=1e-12)


@each_model
def test_fitting_and_scoring_leave_the_rows_as_they_were(fit):
    data = learnable()
    before = data.rows.copy()
    fit(data).raw(data.rows)

    pd.testing.assert_frame_equal(before, data.rows)


@each_model
@pytest.mark.parametrize("name", NAMES)
def test_feature_that_is_always_null_does_not_stop_the_fit(fit, name):
    data = learnable()
    data.rows[name] = np.nan

    assert np.isfinite(fit(data).raw(ROWS)).all()


def coded(dataset: Dataset) -> Dataset:
    """The same customers, their second column as codes of levels."""
    rows = dataset.rows.assign(n_orders_28d=np.floor(dataset.rows["n_orders_28d"] / 4))
    return Dataset(rows, dataset.label, categorical=("n_orders_28d",))


TREES = {
    "plain": lambda: LightGBM(n_bags=1).fit(learnable(), TUNED, n_rounds=8, seed=1),
    "bagged": lambda: LightGBM(n_bags=4).fit(learnable(), TUNED, n_rounds=8, seed=1),
    "categorical": lambda: LightGBM(n_bags=2, parameters={"min_data_per_group": 5.0}).fit(
        coded(learnable()), TUNED, n_rounds=8, seed=1
    ),
    "class_weight": lambda: LightGBM(n_bags=2, class_weight="balanced").fit(learnable(), TUNED, n_rounds=8, seed=1),
    "monotone": lambda: LightGBM(n_bags=2, monotone={"recency_days": "increasing"}).fit(
        learnable(), TUNED, n_rounds=8, seed=1
    ),
    "many_bins": lambda: LightGBM(n_bags=2, max_bin=1_000).fit(learnable(), TUNED, n_rounds=8, seed=1),
}
each_tree = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in TREES.items()])
GIVEN = {"plain": learnable(3_000, seed=2).rows, "coded": coded(learnable(3_000, seed=2)).rows}


def test_categorical_trees_split_on_levels():
    assert all("\ncat_threshold=" in text for text in TREES["categorical"]().texts)


def scorer_of(trees, calibration):
    return Scorer(trees, calibration, Threshold(at_least=0.5), FEATURES, 2, "abc")


@each_tree
@pytest.mark.parametrize("given", GIVEN)
def test_explanations_add_up_to_the_raw_score(make, given):
    trees, rows = make(), GIVEN[given]

    assert np.abs(trees.contributions(rows).sum(axis=1) - trees.raw(rows)).max() < 1e-6


@each_tree
@pytest.mark.parametrize("given", GIVEN)
def test_values_that_write_reasons_in_bulk_add_up_and_are_the_same(make, given):
    trees, rows = make(), GIVEN[given]
    found = tree_shap.contributions(trees, rows)

    assert np.abs(found.sum(axis=1) - trees.raw(rows)).max() < 1e-6  # 1e-4 is what a float32 engine would be allowed
    assert np.abs(found - trees.contributions(rows)).max() < 1e-6


@each_tree
def test_calibrated_model_is_explained_on_its_raw_score_whatever_the_engine(make, monkeypatch):
    rows = GIVEN["plain"]
    scorer = scorer_of(make(), SigmoidMap(slope=0.7, intercept=-0.2))
    in_bulk, told = scorer.contributions(rows), scorer.score(rows)
    monkeypatch.setattr(tree_shap, "BULK", 1_000_000)

    assert np.abs(in_bulk.sum(axis=1) - scorer.raw(rows)).max() < 1e-6
    assert np.abs(in_bulk - scorer.contributions(rows)).max() < 1e-6
    assert told["reason_1"].tolist() == scorer.score(rows)["reason_1"].tolist()
