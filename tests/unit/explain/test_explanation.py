"""SHAP values are SHAP values: they add up."""

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.explain.explanation import Explanation, check_additive, importance


@pytest.fixture
def explanation():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 3))
    rows = pd.DataFrame(rng.normal(size=(50, 3)), columns=["recency_days", "n_orders_28d", "spend_28d"])
    base = np.full(50, -2.0)
    return Explanation(values, base, base + values.sum(axis=1), rows)


def with_values(explanation, values):
    return Explanation(values, explanation.base, explanation.raw, explanation.rows)


def test_values_that_add_up_pass_and_say_how_closely(explanation):
    assert 0 <= check_additive(explanation) <= 1e-12


def test_one_value_off_is_refused_and_the_gap_is_named(explanation):
    values = explanation.values.copy()
    values[17, 1] += 0.25

    with pytest.raises(ModelError, match=r"up to 0\.25 log-odds \(row 17 of 50"):
        check_additive(with_values(explanation, values))


def test_a_value_that_is_not_a_number_is_refused(explanation):
    values = explanation.values.copy()
    values[4, 0] = np.nan

    with pytest.raises(ModelError, match="row 4"):
        check_additive(with_values(explanation, values))


def test_a_gap_below_the_tolerance_passes(explanation):
    values = explanation.values.copy()
    values[0, 0] += 5e-5

    assert check_additive(with_values(explanation, values), tolerance=1e-4) == pytest.approx(5e-5)


def test_a_gap_just_above_the_default_tolerance_is_refused(explanation):
    values = explanation.values.copy()
    values[0, 0] += 2e-6

    with pytest.raises(ModelError):
        check_additive(with_values(explanation, values))


def test_shapes_that_do_not_fit_are_refused(explanation):
    with pytest.raises(ModelError, match="do not fit rows"):
        with_values(explanation, explanation.values[:, :2])


def test_importance_ranks_by_the_mean_of_absolute_values():
    rows = pd.DataFrame({"a": [0.0, 0.0], "b": [0.0, 0.0], "c": [0.0, 0.0]})
    values = np.array([[0.1, 3.0, -1.0], [0.1, -3.0, -1.0]])

    ranking = importance(Explanation(values, np.zeros(2), np.zeros(2), rows))

    assert ranking["feature"].tolist() == ["b", "c", "a"]
    np.testing.assert_allclose(ranking["mean_abs_shap"], [3.0, 1.0, 0.1])


def test_importance_of_no_rows_is_nought():
    rows = pd.DataFrame({"a": pd.Series(dtype=float)})

    assert importance(Explanation(np.empty((0, 1)), np.empty(0), np.empty(0), rows))["mean_abs_shap"].tolist() == [0.0]
