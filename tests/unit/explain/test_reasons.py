"""Reason codes name what moved the score, with the customer's own value."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.explain import reasons as module
from pipelines.explain.reasons import LOWERS, RAISES, reasons, strongest, typical_values
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


RECENCY = Feature(
    "recency_days",
    "",
    "days",
    "",
    "",
    "",
    "last purchase {value} {day|days} ago",
    idea="recency",
    usual="gap_days",
    usual_phrase="usually every {value} {day|days}",
    absent="no purchase so far",
)
GAP = Feature("gap_days", "", "days", "", "", "", "usually buys every {value} {day|days}", idea="rhythm")
ORDERS = tuple(
    Feature(f"n_orders_{n}d", "", "orders", "", "", "", f"{{value}} {{order|orders}} in {n} days", idea="orders")
    for n in (7, 28)
)
SHOP = (RECENCY, GAP, *ORDERS)
CUSTOMER = pd.DataFrame({"recency_days": [41.0], "gap_days": [9.4], "n_orders_7d": [0.0], "n_orders_28d": [1.0]})


def told(values, rows=CUSTOMER, features=SHOP, **typical):
    return reasons(np.array([values]), rows, features, k=2, typical=typical).iloc[0].tolist()


def test_features_of_one_idea_are_one_reason_and_the_strongest_of_them_speaks():
    assert told([0.5, 0.0, -0.4, -0.3])[0] == "0 orders in 7 days" + LOWERS
    assert told([0.5, 0.0, -0.3, -0.4])[0] == "1 order in 28 days" + LOWERS


def test_feature_that_pulls_against_its_idea_does_not_speak():
    assert told([0.0, 0.0, -0.5, 0.6])[0] == "1 order in 28 days" + RAISES


def test_idea_whose_features_cancel_out_is_no_reason():
    assert told([0.1, 0.0, -0.5, 0.5]) == ["last purchase 41 days ago; usually every 9 days" + RAISES, ""]


def test_what_rounding_leaves_of_nothing_is_no_reason():
    assert told([1.0, 0.0, 0.3 - 0.1, 0.1 - 0.3 + 1e-12])[1] == ""


def test_customers_own_usual_value_stands_beside_theirs():
    assert told([1.0, 0, 0, 0], recency_days=12.0)[0] == "last purchase 41 days ago; usually every 9 days" + RAISES


@pytest.mark.parametrize("unknown", [np.nan, None, pd.NA])
def test_without_a_usual_value_of_their_own_that_of_others_does(unknown):
    rows = CUSTOMER.assign(gap_days=pd.Series([unknown], dtype=object))

    assert told([1.0, 0, 0, 0], rows, recency_days=12.0)[0] == "last purchase 41 days ago; others typically 12" + RAISES
    assert told([1.0, 0, 0, 0], rows)[0] == "last purchase 41 days ago" + RAISES


def test_usual_value_that_is_no_feature_of_the_model_is_not_looked_for():
    rows = CUSTOMER.drop(columns="gap_days")

    assert (
        told([1.0], rows, (RECENCY,), recency_days=12.0)[0] == "last purchase 41 days ago; others typically 12" + RAISES
    )


@pytest.mark.parametrize(
    ("typical", "said"), [(5.0, "; others typically 5"), (1.2, "; others typically 1.2"), (1.0, ", as is typical")]
)
def test_what_is_typical_of_others_stands_beside_the_value(typical, said):
    assert told([0, 0, 0, 1.0], n_orders_28d=typical)[0] == f"1 order in 28 days{said}{RAISES}"


def test_nothing_stands_beside_a_value_that_is_absent():
    rows = CUSTOMER.assign(recency_days=np.nan)

    assert told([1.0, 0, 0, 0], rows, recency_days=12.0)[0] == "no purchase so far" + RAISES


PLAN = Feature("plan", "", "text", "", "", "", "plan: {value}", levels=("basic", "gold"))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("gold", "plan: gold; the commonest is basic"),
        ("basic", "plan: basic, the commonest"),
        (None, "plan: unknown"),
        ("{a|b} <b>", "plan: {a|b} <b>; the commonest is basic"),
    ],
)
def test_text_is_told_as_it_is_beside_the_commonest_level(own, said):
    rows = pd.DataFrame({"plan": pd.Series([own], dtype=object)})

    assert told([1.0], rows, (PLAN,), plan="basic")[0] == said + RAISES


def test_reasons_do_not_depend_on_who_else_is_explained(monkeypatch):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(300, 4)).round(1)
    rows = pd.DataFrame(rng.gamma(1.0, 5.0, size=(300, 4)).round(1), columns=list(CUSTOMER)).mask(
        rng.random((300, 4)) < 0.2
    )
    whole = reasons(values, rows, SHOP, k=3, typical={"n_orders_28d": 2.0})
    monkeypatch.setattr(module, "_CHUNK", 7)
    alone = [
        reasons(values[i : i + 1], rows.iloc[i : i + 1], SHOP, k=3, typical={"n_orders_28d": 2.0}) for i in range(300)
    ]

    assert whole.equals(reasons(values, rows, SHOP, k=3, typical={"n_orders_28d": 2.0}))
    assert whole.equals(pd.concat(alone))


def test_the_strongest_come_in_the_order_of_a_stable_sort_and_what_does_not_move_is_none():
    values = np.random.default_rng(4).normal(size=(200, 4)).round(1)
    found = strongest(values, k=4)

    for row in range(200):
        order = np.argsort(-np.abs(values[row]), kind="stable")
        moved = [place for place in order if values[row, place] != 0]
        assert found[row].tolist() == [*moved, -1, -1, -1, -1][:4]


def test_typical_value_is_the_median_of_what_is_known():
    rows = pd.DataFrame({"a": [1.0, np.nan, 3.0, 100.0], "b": [np.nan] * 4, "c": [True, True, True, False]})

    assert typical_values(rows, FEATURES) == {"a": 3.0, "c": 1.0}


def test_of_levels_that_tie_the_first_is_the_commonest():
    assert typical_values(pd.DataFrame({"plan": ["gold", "basic", None]}), [PLAN]) == {"plan": "basic"}


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


def test_what_grows_with_the_calendar_has_no_typical_value():
    tenure = replace(RECENCY, grows_with_calendar=True)

    assert typical_values(pd.DataFrame({RECENCY.name: [1.0, 3.0]}), [tenure]) == {}
    assert typical_values(pd.DataFrame({RECENCY.name: [1.0, 3.0]}), [RECENCY]) == {RECENCY.name: 2.0}
