"""What every model promises. A new model gets one line in `FITTED`."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from pipelines.models.baselines import AnyBaseline, BgNbd, LogisticRegression, Prevalence, RecencyRule
from pipelines.models.lightgbm import LightGBM
from support.models import NAMES, TUNED, learnable

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
