"""What moves the score overall: groups add up, dependence and interactions are drawn, names are told as they are."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.core.errors import ModelError
from pipelines.explain.dependence import MAX_LEVELS, REST, dependence, smoothed
from pipelines.explain.explanation import Explanation
from pipelines.explain.importances import importances, mean_moves, summed
from pipelines.explain.interactions import Interactions, top_pairs
from pipelines.explain.overview import NOT_MEASURED, overview
from pipelines.features.catalogue import Feature

N_ROWS = 200


def feature(name, idea="", block="windowed", window="P28D", levels=()):
    return Feature(
        name, f"What {name} is", "days", window, "never", block, f"{name} of {{value}}", levels=levels, idea=idea
    )


FEATURES = (
    feature("n_orders_7d", "orders", window="P7D"),
    feature("n_orders_28d", "orders"),
    feature("recency_days", "recency", "recency", "all history"),
    feature("plan", "", "table", "as given", levels=("free", "monthly", "yearly")),
)


@pytest.fixture
def explanation():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.gamma(2.0, 5.0, (N_ROWS, 4)), columns=[one.name for one in FEATURES])
    rows["plan"] = rng.integers(0, 3, N_ROWS).astype(float)
    rows.loc[::7, "recency_days"] = np.nan
    values = rng.normal(0, [0.1, 0.2, 0.8, 0.3], (N_ROWS, 4))
    return Explanation(values, np.zeros(N_ROWS), values.sum(axis=1), rows)


def pairwise(explanation):
    """Interactions whose rows add up to the SHAP values: half of what a feature moves goes to a pair with the next."""
    n_features = explanation.values.shape[1]
    values = np.zeros((len(explanation.rows), n_features, n_features))
    for place in range(n_features):
        values[:, place, place] = explanation.values[:, place]
    values[:, 0, 2] = values[:, 2, 0] = 0.5 * np.sign(explanation.values[:, 2])
    values[:, 0, 0] -= values[:, 0, 2]
    values[:, 2, 2] -= values[:, 2, 0]
    return Interactions(values, explanation.rows, np.arange(len(explanation.rows)) // 2)


def told(explanation, interactions=None, features=FEATURES):
    subject = np.arange(len(explanation.rows)) // 2
    return overview(explanation, features, subject, interactions, 100, np.random.default_rng(0))


def test_groups_add_up_to_the_whole_move_of_each_row(explanation):
    for by in ("idea", "block", "window"):
        names, values = summed(explanation.values, FEATURES, by)

        assert len(names) == values.shape[1]
        np.testing.assert_allclose(values.sum(axis=1), explanation.values.sum(axis=1))


def test_opposite_moves_of_one_idea_cancel_before_they_are_averaged(explanation):
    values = np.column_stack([np.full(N_ROWS, 1.0), np.full(N_ROWS, -1.0), np.zeros(N_ROWS), np.zeros(N_ROWS)])
    opposed = Explanation(values, np.zeros(N_ROWS), np.zeros(N_ROWS), explanation.rows)
    found = importances(opposed, FEATURES, np.arange(N_ROWS), 100, np.random.default_rng(0))

    assert found["feature"]["mean_abs_shap"].max() == 1.0
    assert found["idea"].set_index("idea")["mean_abs_shap"]["orders"] == 0.0


def test_importance_has_intervals_and_shares_that_add_up(explanation):
    by = told(explanation).by

    assert set(by) == {"feature", "idea", "block", "window"}
    for table in by.values():
        assert table["share"].sum() == pytest.approx(1.0)
        assert (table["ci_low"] < table["mean_abs_shap"]).all()
        assert (table["mean_abs_shap"] < table["ci_high"]).all()
    assert by["idea"]["idea"].tolist()[0] == "recency"
    assert by["window"]["window"].tolist()[0] == "all history"


def test_the_interval_of_an_importance_resamples_customers_not_rows():
    rng = np.random.default_rng(3)
    of_customer = np.repeat(rng.exponential(size=50), 20)[:, None]
    (by_customer,) = mean_moves(of_customer, np.repeat(np.arange(50), 20), 400, np.random.default_rng(0))
    (by_row,) = mean_moves(of_customer, np.arange(1_000), 400, np.random.default_rng(0))

    assert by_customer.estimate == by_row.estimate
    assert by_customer.high - by_customer.low > 3 * (by_row.high - by_row.low)


def test_one_customer_or_none_has_no_interval_and_is_no_crash():
    (alone,) = mean_moves(np.ones((3, 1)), np.zeros(3, np.int64), 100, np.random.default_rng(0))
    (nobody,) = mean_moves(np.empty((0, 1)), np.empty(0, np.int64), 100, np.random.default_rng(0))

    assert alone.estimate == 1.0
    assert np.isnan([alone.low, alone.high, nobody.estimate]).all()


def test_rare_levels_are_drawn_together_and_null_is_none_of_them():
    levels = tuple(f"level {place:02d}" for place in range(MAX_LEVELS + 3))
    codes = np.r_[np.repeat(np.arange(MAX_LEVELS), 5), [10, 11, 12], [np.nan]].astype(float)
    found = dependence(feature("plan", levels=levels), codes, np.zeros(codes.size))

    assert found.ticks[-1] == REST
    assert len(found.ticks) == MAX_LEVELS + 1
    assert (found.at == MAX_LEVELS).sum() == 3
    assert found.null_share == pytest.approx(1 / codes.size)


def test_medians_follow_a_line_and_never_divide_equal_values():
    at = np.repeat(np.arange(100.0), 3)
    middle, moves = smoothed(at, 2 * at, 10)

    np.testing.assert_allclose(moves, 2 * middle)
    assert (np.diff(middle) > 0).all()
    assert smoothed(np.ones(50), np.arange(50.0), 10)[0].tolist() == [1.0]


def test_the_pair_that_acts_together_is_found_with_its_whole_strength(explanation):
    found = top_pairs(pairwise(explanation), 100, np.random.default_rng(0))

    assert found.iloc[0][["feature", "with"]].tolist() == ["n_orders_7d", "recency_days"]
    assert found.iloc[0]["mean_abs_interaction"] == pytest.approx(1.0)
    assert (found["mean_abs_interaction"].iloc[1:] == 0).all()


def test_interactions_of_other_rows_are_refused(explanation):
    good = pairwise(explanation)

    with pytest.raises(ModelError, match="do not fit"):
        Interactions(good.values[:5], good.rows, good.subject)


def test_everything_is_drawn_and_written_as_json(explanation):
    report = told(explanation, pairwise(explanation)).report()

    assert {name for name, one in report.artifacts.items() if isinstance(one, Figure)} == {
        "explain/groups.png",
        "explain/dependence.png",
        "explain/interactions.png",
    }
    assert json.loads(json.dumps(report.artifacts["explain/interactions.json"], allow_nan=False))["is_measured"]
    assert report.metrics["explain.top_idea.ci_low"] < report.metrics["explain.top_idea"]
    assert report.metrics["explain.top_interaction"] == pytest.approx(1.0)
    draw(report)


def test_what_is_not_measured_is_said(explanation):
    found = told(explanation)

    assert found.report().artifacts["explain/interactions.json"]["is_measured"] is False
    assert found.words()[-1] == NOT_MEASURED


def test_words_name_the_first_idea_its_share_and_the_pair(explanation):
    said = " ".join(told(explanation, pairwise(explanation)).words())

    assert "What moves the score most is 'recency'" in said
    assert "'n_orders_7d' and 'recency_days': 1.000 log-odds" in said


@pytest.mark.parametrize("name", ["$x_1$", "<b>bold</b>", "a_{b}", r"\frac{1}{2}", "x" * 200, "two\nlines"])
def test_a_name_is_drawn_as_it_is_written(explanation, name):
    features = tuple(
        replace(one, name=f"{name}{place}", idea=name, levels=(name, f"{name}2", "c") if one.levels else ())
        for place, one in enumerate(FEATURES)
    )
    rows = explanation.rows.set_axis([one.name for one in features], axis=1)
    renamed = Explanation(explanation.values, explanation.base, explanation.raw, rows)
    report = told(renamed, pairwise(renamed), features).report()

    draw(report)
    shown = {text.get_text() for text in report.artifacts["explain/groups.png"].axes[0].get_yticklabels()}
    assert len(name) > 30 or name == "two\nlines" or name.replace("$", r"\$") in shown


@pytest.mark.parametrize("n_rows", [0, 1, 2])
def test_hardly_any_rows_are_no_crash(explanation, n_rows):
    few = Explanation(
        explanation.values[:n_rows], explanation.base[:n_rows], explanation.raw[:n_rows], explanation.rows.head(n_rows)
    )
    found = told(few, pairwise(few))

    assert found.words()
    report = found.report()
    json.dumps(report.artifacts["explain/groups.json"], allow_nan=False)
    assert np.isfinite(list(report.metrics.values())).all()
    draw(report)


def test_columns_without_a_number_are_drawn_too(explanation):
    odd = explanation.rows.assign(n_orders_7d=np.nan, n_orders_28d=np.inf, recency_days=1.0)
    report = told(Explanation(explanation.values, explanation.base, explanation.raw, odd)).report()

    assert draw(report) >= 2


def draw(report):
    """How many figures could be drawn."""
    figures = [one for one in report.artifacts.values() if isinstance(one, Figure)]
    for one in figures:
        one.canvas.draw()
    return len(figures)
