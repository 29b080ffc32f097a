"""Reason codes name what moved the score, with the customer's own value."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.explain.reasons import LOWERS, RAISES, reasons
from pipelines.features.catalogue import Feature


def feature(name):
    return Feature(name, "", "", "P28D", "never", "block", f"{name} is {{value}}")


A, B, C = FEATURES = [feature("a"), feature("b"), feature("c")]


def test_the_largest_moves_come_first_whichever_way_they_go():
    rows = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]})

    told = reasons(np.array([[0.1, -2.0, 1.0]]), rows, FEATURES, k=2)

    assert told.loc[0].tolist() == ["b is 2" + LOWERS, "c is 3" + RAISES]


def test_features_are_found_by_name_not_by_place():
    rows = pd.DataFrame({"c": [3.0], "b": [2.0], "a": [1.0]})

    assert reasons(np.array([[5.0, 0.0, 0.0]]), rows, FEATURES, k=1).loc[0, "reason_1"] == "a is 1" + RAISES


def test_every_row_has_reasons_of_its_own():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3))
    rows = pd.DataFrame(rng.integers(0, 9, size=(200, 3)), columns=["a", "b", "c"], index=range(1000, 1200))

    told = reasons(values, rows, FEATURES, k=3)

    assert told.index.equals(rows.index)
    for place in (0, 77, 199):
        order = np.argsort(-np.abs(values[place]))
        expected = [f"{'abc'[i]} is {rows.iloc[place, i]}{RAISES if values[place, i] > 0 else LOWERS}" for i in order]
        assert told.iloc[place].tolist() == expected


def test_a_feature_that_moved_nothing_is_no_reason():
    rows = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]})

    assert reasons(np.array([[0.0, 1.0, 0.0]]), rows, FEATURES, k=3).loc[0].tolist() == ["b is 2" + RAISES, "", ""]


def test_asking_for_more_reasons_than_features_leaves_the_rest_empty():
    told = reasons(np.array([[1.0]]), pd.DataFrame({"a": [1.0]}), [A], k=3)

    assert told.columns.tolist() == ["reason_1", "reason_2", "reason_3"]
    assert told.loc[0].tolist() == ["a is 1" + RAISES, "", ""]


@pytest.mark.parametrize("value", [np.nan, None, pd.NA])
def test_a_missing_value_is_said_to_be_unknown(value):
    rows = pd.DataFrame({"a": pd.Series([value], dtype=object)})

    assert reasons(np.array([[1.0]]), rows, [A], k=1).loc[0, "reason_1"] == "a is unknown" + RAISES


def test_text_is_told_as_it_is():
    assert reasons(np.array([[-1.0]]), pd.DataFrame({"a": ["north"]}), [A], k=1).loc[0, "reason_1"] == (
        "a is north" + LOWERS
    )


def test_no_rows_give_no_reasons():
    rows = pd.DataFrame({"a": [], "b": [], "c": []})

    assert reasons(np.empty((0, 3)), rows, FEATURES, k=2).shape == (0, 2)


def test_a_missing_column_is_refused():
    with pytest.raises(ModelError, match="missing columns: b, c"):
        reasons(np.zeros((1, 3)), pd.DataFrame({"a": [1.0]}), FEATURES, k=1)


def test_values_of_another_shape_are_refused():
    with pytest.raises(ModelError, match=r"\(1, 2\) SHAP values for 1 rows and 3 features"):
        reasons(np.zeros((1, 2)), pd.DataFrame({"a": [1.0], "b": [1.0], "c": [1.0]}), FEATURES, k=1)


def test_a_served_model_needs_no_shap_library_for_its_reasons():
    code = "import sys, pipelines.explain.reasons; sys.exit('shap' in sys.modules or 'matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
