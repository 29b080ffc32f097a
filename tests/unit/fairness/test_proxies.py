from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.core.intervals import Interval
from pipelines.fairness.proxies import ColumnProxies, Level, Proxies, Told, auc_intervals


def told(seed=1, n=400, strength=0.8, n_folds=1, is_known=True):
    rng = np.random.default_rng(seed)
    has = rng.random(n) < 0.3
    score = np.round(strength * has + rng.normal(0, 1, n), 1)
    return Told(score, has, np.arange(n) % n_folds, is_known)


def intervals(*one, n_resamples=200):
    return auc_intervals(one, 0.95, np.random.default_rng(3), n_resamples)


def test_of_one_model_it_is_the_roc_auc_ties_included():
    one = told()
    (found,), mean = intervals(one)

    assert found.estimate == pytest.approx(roc_auc_score(one.has, one.score))
    assert found == mean


def test_only_scores_of_one_model_are_compared():
    one = told(n_folds=4)
    shifted = Told(one.score + 100 * one.fold, one.has, one.fold, one.is_known)

    assert intervals(shifted) == intervals(one)


def test_customers_who_take_no_part_do_not_count():
    one = told()
    inside = np.arange(400) < 250
    part = Told(np.where(inside, one.score, np.nan), one.has, one.fold, True)

    assert intervals(part)[0][0].estimate == pytest.approx(roc_auc_score(one.has[inside], one.score[inside]))


def test_a_level_drawn_by_lot_is_seldom_said_to_be_told():
    said = [intervals(told(seed, 200, 0.0))[0][0].low > 0.5 for seed in range(100)]

    assert np.mean(said) <= 0.08


def test_the_unknown_does_not_count_in_the_mean():
    known, unknown = told(1), told(2, strength=3.0, is_known=False)
    each, mean = intervals(known, unknown)

    assert mean.estimate == pytest.approx(each[0].estimate)
    assert intervals(unknown)[1] is None
    assert auc_intervals([], 0.95, np.random.default_rng(1), 100) == ((), None)


def test_intervals_of_more_levels_are_wider():
    alone, together = intervals(told(1))[0][0], intervals(told(1), told(2), told(3), told(4))[0][0]

    assert together.high - together.low > alone.high - alone.low


NASTY = "<b>150K+</b> $a$"
FOUND = Proxies(
    (
        ColumnProxies(
            "income",
            (
                Level(NASTY, 80, "the other known values", Interval(0.71, 0.64, 0.78)),
                Level("low", 90, "the other known values", Interval(0.52, 0.45, 0.6)),
                Level("few", 3, "the other known values", None),
            ),
            Interval(0.61, 0.55, 0.67),
            {"amount": 0.4},
            {"spending": 0.5},
        ),
        ColumnProxies("note", (), None, {}, {}, "Not measured: it has 5,000 different values."),
    ),
    173,
    50,
    0.95,
)


def test_findings_are_said_in_words():
    said = "\n".join(FOUND.words())

    assert (
        f"Features tell '{NASTY}' (80 customers) from the other known values with ROC-AUC 0.710 [0.640, 0.780]." in said
    )
    assert "Chance may" not in said
    assert (
        "Chance may tell 'low' (90 customers) from the other known values as well: ROC-AUC 0.520" in FOUND.as_markdown()
    )
    assert "Too small for a figure (customers): 'few' (3)." in said
    assert "spending (0.50)" in said
    assert "5,000 different values" in said


def test_the_report_holds_figures_words_and_metrics():
    report = FOUND.report()

    assert report.metrics == {
        "proxy.income.roc_auc": 0.61,
        "proxy.income.roc_auc.ci_low": 0.55,
        "proxy.income.roc_auc.ci_high": 0.67,
    }
    assert json.dumps(report.artifacts["fairness/proxies.json"], allow_nan=False)
    assert "<b>" not in report.artifacts["fairness/proxies.md"]
    figure = report.artifacts["fairness/proxies.png"]
    figure.canvas.draw()
    assert figure.axes[0].get_title(loc="left") == "Features tell 1 of 2 values from the others better than chance"
