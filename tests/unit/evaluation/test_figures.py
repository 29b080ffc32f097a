"""Figures: their numbers are scikit-learn's, and they say what they show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn import metrics as sklearn_metrics

from pipelines.evaluation.evaluate import Predictions
from pipelines.evaluation.figures import (
    calibration_bins,
    calibration_figure,
    evaluation_figures,
    gain_curve,
    gain_figure,
    pr_curve,
    pr_figure,
    roc_curve,
    roc_figure,
)
from pipelines.evaluation.metrics import lift_at_k

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), max_size=40).map(lambda rows: [(0, 1), (1, 3), *rows])


def as_predictions(raw):
    return Predictions(raw=raw, probability=1 / (1 + np.exp(-raw)))


@pytest.fixture(scope="module")
def cases():
    """Labels, customers, the model and its baselines."""
    rng = np.random.default_rng(0)
    customer = np.repeat(np.arange(300), 4)
    raw = rng.normal(-2, 1.5, customer.size)
    label = (rng.random(customer.size) < 1 / (1 + np.exp(-raw))).astype(int)
    noisy, noise = as_predictions(np.round(raw + rng.normal(0, 2, raw.size))), as_predictions(rng.normal(size=raw.size))
    return label, customer, as_predictions(raw), {"recency": noisy, "noise": noise}


def legend_of(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    return [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]


def title_of(figure: Figure) -> str:
    return figure.axes[0].get_title(loc="left")


@given(CASES)
def test_the_roc_curve_is_scikit_learns(rows):
    label, score = np.array(rows).T
    curve = roc_curve(label, score)

    x, y, _ = sklearn_metrics.roc_curve(label, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)


@given(CASES)
def test_the_precision_recall_curve_is_scikit_learns(rows):
    label, score = np.array(rows).T
    curve = pr_curve(label, score)

    precision, recall, _ = sklearn_metrics.precision_recall_curve(label, score)
    np.testing.assert_allclose(curve.y, precision[:-1][::-1])
    np.testing.assert_allclose(curve.x, recall[:-1][::-1])


def test_the_slope_to_the_gain_curve_is_the_lift():
    rng = np.random.default_rng(1)
    label, score = rng.integers(0, 2, 200), rng.random(200)
    curve = gain_curve(label, score)

    for k in (0.1, 0.25, 0.8):
        assert np.interp(k, curve.x, curve.y) / k == pytest.approx(lift_at_k(label, score, k))


def test_calibration_bins_hold_every_row_and_their_rates(cases):
    label, customer, model, _ = cases
    bins = calibration_bins(label, customer, model.probability)

    assert [one.n_rows for one in bins] == [120] * 10
    assert sum(one.n_rows * one.predicted for one in bins) == pytest.approx(model.probability.sum())
    assert sum(one.n_rows * one.observed.estimate for one in bins) == pytest.approx(label.sum())
    assert sum(one.agrees for one in bins) >= 8


def test_calibration_intervals_count_customers_and_not_rows():
    label, probability = np.repeat([0, 1] * 10, 20), np.full(400, 0.5)
    (by_row,) = calibration_bins(label, np.arange(400), probability)
    (clustered,) = calibration_bins(label, np.repeat(np.arange(20), 20), probability)

    assert clustered.observed.high - clustered.observed.low > 3 * (by_row.observed.high - by_row.observed.low)


def test_few_distinct_probabilities_make_few_bins(cases):
    label, customer, *_ = cases

    assert len(calibration_bins(label, customer, np.where(label, 0.8, 0.1))) == 2


def test_a_wrong_probability_does_not_agree():
    (found,) = calibration_bins(np.zeros(500, dtype=int), np.arange(500), np.full(500, 0.3))

    assert not found.agrees


@pytest.mark.parametrize(
    ("draw", "title", "value"),
    [
        (roc_figure, "A positive outranks a negative 79 % of the time", "ROC-AUC"),
        (pr_figure, "Average precision 0.51, 2.7 times the prevalence", "Average precision"),
        (gain_figure, "The top tenth holds 33 % of the positives: lift ", "Lift at 10 %"),
    ],
)
def test_a_ranking_figure_says_its_finding_its_size_and_the_best_baseline(cases, draw, title, value):
    label, _, model, baselines = cases
    figure = draw(label, model, baselines)

    assert title_of(figure).startswith(title)
    assert "(recency: " in title_of(figure)
    heading, first, *others = legend_of(figure)
    assert heading == f"{value}\nn = 1,200 rows, {label.sum()} positive"
    assert first.startswith("model: ")
    assert [text.split(":")[0] for text in others[:2]] == ["recency", "noise"]


def test_the_calibration_figure_says_how_many_bins_agree(cases):
    label, customer, model, baselines = cases
    figure = calibration_figure(label, customer, model, baselines)

    n_agree = sum(one.agrees for one in calibration_bins(label, customer, model.probability))
    assert title_of(figure).startswith(f"Predicted and observed agree in {n_agree} of 10 bins, mean gap 0.")
    assert legend_of(figure)[0] == f"ECE, bars are 95 % intervals\nn = 1,200 rows, {label.sum()} positive"


def test_a_figure_without_baselines_names_none(cases):
    label, _, model, _ = cases
    figure = roc_figure(label, model, {})

    assert "(" not in title_of(figure)
    assert len(legend_of(figure)) == 3


def test_the_model_is_drawn_above_its_baselines(cases):
    label, _, model, baselines = cases
    lines = roc_figure(label, model, baselines).axes[0].get_lines()

    assert lines[0].get_zorder() > max(line.get_zorder() for line in lines[1:3])


def test_every_figure_has_labelled_axes_and_can_be_saved(cases):
    report = evaluation_figures(*cases)

    assert list(report.artifacts) == ["report/roc.png", "report/pr.png", "report/gain.png", "report/calibration.png"]
    assert report.metrics == {}
    for figure in report.artifacts.values():
        assert all(axes.get_ylabel() for axes in figure.axes)
        assert figure.axes[0].get_xlabel()
        figure.savefig(io.BytesIO(), format="png", dpi=40)
