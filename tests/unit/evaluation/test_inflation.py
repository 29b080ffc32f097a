"""Claims, worth and their differences: same numbers as the metrics, intervals that resample subjects of both tests."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pipelines.core.intervals import Interval
from pipelines.evaluation.inflation import Benchmark, Claim, Judged, figures_of, inflation, table
from pipelines.evaluation.inflation_figure import inflation_figure
from pipelines.evaluation.metrics import pr_auc, roc_auc


def judged(strength, n_rows=300, first=0, seed=1):
    rng = np.random.default_rng(seed)
    label = (rng.random(n_rows) < 0.3).astype(np.int8)
    return Judged(label, first + np.arange(n_rows) // 3, strength * label + rng.normal(size=n_rows))


HONEST, WORTH, CLAIMED = judged(1.0), judged(0.5), judged(3.0, 200, first=50, seed=2)


def measured(claim=None, seed=3):
    return inflation(claim or Claim(CLAIMED, WORTH), HONEST, "It was told.", np.random.default_rng(seed), 200)


def benchmark(**changed):
    honest = figures_of(HONEST, np.random.default_rng(1), 200)
    whole = Benchmark(honest, {"all_together": measured()}, {"random_split": "no time"}, 300, 100, 0.3, "One model.")
    return replace(whole, **changed)


def test_estimates_are_the_metrics_themselves():
    found = measured()

    assert found.claimed["roc_auc"].estimate == roc_auc(CLAIMED.label, CLAIMED.raw)
    assert found.worth["pr_auc"].estimate == pr_auc(WORTH.label, WORTH.raw)
    assert found.over_honest["roc_auc"].estimate == pytest.approx(
        roc_auc(CLAIMED.label, CLAIMED.raw) - roc_auc(HONEST.label, HONEST.raw)
    )
    assert found.over_worth["roc_auc"].estimate == pytest.approx(
        found.claimed["roc_auc"].estimate - found.worth["roc_auc"].estimate
    )
    assert (found.n_rows, found.prevalence) == (200, CLAIMED.label.mean())


def test_claim_that_is_the_honest_figure_differs_by_nothing_at_all():
    found = measured(Claim(HONEST, HONEST))

    assert found.over_honest["roc_auc"] == found.over_worth["pr_auc"] == Interval(0.0, 0.0, 0.0)
    assert found.claimed == found.worth


def test_intervals_hold_the_estimates_and_repeat_with_the_seed():
    found = measured()

    assert all(one.low < one.estimate < one.high for one in found.claimed.values())
    assert found == measured()
    assert found != measured(seed=4)


def test_copies_of_rows_make_no_interval_narrower():
    tripled = Judged(*(np.repeat(values, 3) for values in (CLAIMED.label, CLAIMED.subject, CLAIMED.raw)))
    one, other = measured().claimed["roc_auc"], measured(Claim(tripled, WORTH)).claimed["roc_auc"]

    assert (other.estimate, other.low, other.high) == pytest.approx((one.estimate, one.low, one.high))


def test_report_names_every_side_and_is_json():
    found = benchmark()
    report = found.report()
    content = json.loads(json.dumps(report.artifacts["inflate.json"]))

    assert report.metrics["inflate.honest.roc_auc"] == found.honest["roc_auc"].estimate
    sides = ("claimed", "worth", "claimed_minus_honest", "claimed_minus_worth")
    assert {f"inflate.all_together.{side}.roc_auc.ci_low" for side in sides} <= set(report.metrics)
    assert content["left_out"] == {"random_split": "no time"}
    assert content["mistakes"]["all_together"]["worth"]["roc_auc"]["high"] == measured().worth["roc_auc"].high


def test_undefined_end_is_left_out_of_the_metrics_and_null_in_the_json():
    nan = float("nan")
    report = benchmark(honest={"roc_auc": Interval(0.5, nan, nan)}).report()

    assert report.metrics["inflate.honest.roc_auc"] == 0.5
    assert "inflate.honest.roc_auc.ci_low" not in report.metrics
    assert report.artifacts["inflate.json"]["honest"]["roc_auc"] == {"estimate": 0.5, "low": None, "high": None}


def test_table_has_a_row_per_protocol_and_metric_and_says_what_is_left_out():
    lines = table(benchmark()).splitlines()

    assert [line.split(" | ")[0] for line in lines if line.startswith("| ")][2:] == ["| honest", "| all together"] * 3
    assert lines[-1] == "- **random split** is left out: no time."
    assert lines[-2].startswith("- **all together**: It was told. Its test: 200 rows,")


def test_figure_draws_claim_and_worth_of_every_protocol_and_names_what_is_left_out():
    found = benchmark()
    axes = inflation_figure(found).axes[0]
    drawn = {
        round(float(line.get_xdata()[0]), 6)
        for line in axes.lines
        if line.get_marker() in "sDo" and len(line.get_xdata())
    }
    made = found.mistakes["all_together"]

    assert {round(one["roc_auc"].estimate, 6) for one in (found.honest, made.claimed, made.worth)} <= drawn
    assert [text.get_text() for text in axes.get_yticklabels()] == ["honest", "all together"]
    assert axes.get_title(loc="left").startswith("A claimed ROC-AUC of 0.9")
    assert axes.get_title(loc="left").endswith(f"(all together) is worth {made.worth['roc_auc'].estimate:.3f}")
    assert axes.get_xlabel().endswith("does not allow them: random split")


def test_figure_without_mistakes_says_so():
    figure = inflation_figure(benchmark(mistakes={}))

    assert figure.axes[0].get_title(loc="left") == "None of the usual mistakes can be made here"
