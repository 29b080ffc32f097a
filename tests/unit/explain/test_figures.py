"""What a run shows of its explanations."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.explain.explanation import Explanation
from pipelines.explain.figures import MAX_ROWS, explain_report


def explained(rows, seed=0):
    values = np.random.default_rng(seed).normal(size=rows.shape)
    return Explanation(values, np.full(len(rows), -1.0), values.sum(axis=1) - 1.0, rows)


def report_of(explanation):
    n_rows = len(explanation.rows)
    return explain_report(
        explanation, [f"case{i}" for i in range(n_rows)], np.full(n_rows, np.datetime64("2020-01-06"))
    )


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    return pd.DataFrame(rng.gamma(2.0, size=(120, 3)), columns=["recency_days", "n_orders_28d", "spend_28d"])


def test_the_table_holds_every_row_and_adds_up_to_the_raw_score(rows):
    table = report_of(explained(rows)).artifacts["explain/shap_values.parquet"]

    assert table.columns.tolist() == ["case_id", "cutoff", "base", "raw", *rows.columns]
    np.testing.assert_allclose(table["base"] + table[rows.columns].sum(axis=1), table["raw"], atol=1e-9)


def test_values_that_do_not_add_up_are_never_shown(rows):
    good = explained(rows)

    with pytest.raises(ModelError):
        report_of(Explanation(good.values, good.base, good.raw + 0.01, rows))


def test_importance_is_json_and_ranked(rows):
    content = report_of(explained(rows)).artifacts["explain/importance.json"]
    weights = [one["mean_abs_shap"] for one in json.loads(json.dumps(content))["features"]]

    assert weights == sorted(weights, reverse=True)


def test_both_figures_have_labelled_axes_and_say_how_many_rows(rows):
    artifacts = report_of(explained(rows)).artifacts

    for name in ("explain/bar.png", "explain/beeswarm.png"):
        axes = artifacts[name].axes[0]
        assert "log-odds" in axes.get_xlabel()
        assert axes.get_ylabel() == "feature"
        assert "n = 120" in axes.get_title(loc="left")


def test_the_beeswarm_draws_a_bounded_number_of_rows():
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(MAX_ROWS * 2 + 1, 2)), columns=["a", "b"])
    artifacts = report_of(explained(rows)).artifacts

    assert "n = 2,000" in artifacts["explain/beeswarm.png"].axes[0].get_title(loc="left")
    assert len(artifacts["explain/shap_values.parquet"]) == MAX_ROWS * 2 + 1


def test_drawing_leaves_pyplot_and_the_global_random_state_alone(rows):
    before = np.random.get_state()[1].copy()  # noqa: NPY002

    report_of(explained(rows))

    assert plt.get_fignums() == []
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_same_values_draw_the_same_picture(rows, tmp_path):
    for name in ("one", "two"):
        np.random.random()  # noqa: NPY002  # the global state has moved on
        report_of(explained(rows)).artifacts["explain/beeswarm.png"].savefig(tmp_path / f"{name}.png", metadata={})

    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_odd_columns_are_drawn_too(rows):
    odd = rows.assign(text="a", empty=None, constant=1.0, infinite=[np.inf] + [1.0] * 119, gaps=[np.nan, 2.0] * 60)

    artifacts = report_of(explained(odd)).artifacts

    for name in ("explain/beeswarm.png", "explain/bar.png"):
        artifacts[name].canvas.draw()
        assert artifacts[name].axes[0].has_data()


def test_no_rows_are_no_crash(rows):
    report = report_of(explained(rows.head(0)))

    assert report.metrics["explain.additivity_gap"] == 0.0
