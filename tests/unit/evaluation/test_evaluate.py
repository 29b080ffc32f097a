"""Evaluations: paired, clustered, and named as they are logged."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.evaluation.evaluate import Predictions, compare, evaluate, evaluation
from pipelines.evaluation.metrics import METRICS, brier, roc_auc

NAMES = [metric.name for metric in METRICS]


def as_predictions(raw):
    return Predictions(raw=raw, probability=1 / (1 + np.exp(-raw)))


def make_cases(n_customers=150, n_cutoffs=4, seed=0):
    """Labels, customers, good and noisy predictions; a customer's rows resemble each other."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(n_customers), n_cutoffs)
    raw = np.repeat(rng.normal(-1, 1.5, n_customers), n_cutoffs) + rng.normal(0, 0.3, customer.size)
    label = (rng.random(customer.size) < 1 / (1 + np.exp(-raw))).astype(int)
    return label, customer, as_predictions(raw), as_predictions(raw + rng.normal(0, 2, customer.size))


def seeded(seed=0):
    return np.random.default_rng(seed)


def test_the_estimates_are_the_metrics_of_the_rows():
    label, customer, good, _ = make_cases()
    found = evaluate(label, customer, good, seeded(), 50)

    assert list(found) == NAMES
    assert found["roc_auc"].estimate == roc_auc(label, good.raw)
    assert found["brier"].estimate == brier(label, good.probability)
    assert all(one.low < one.high for one in found.values())


def test_ranking_metrics_ignore_calibration_and_probability_metrics_ignore_log_odds():
    label, customer, good, noisy = make_cases()
    mixed = Predictions(raw=good.raw, probability=noisy.probability)
    found = evaluate(label, customer, mixed, seeded(), 30)

    of_good, of_noisy = evaluate(label, customer, good, seeded(), 30), evaluate(label, customer, noisy, seeded(), 30)
    for metric in METRICS:
        assert found[metric.name] == (of_good if metric.on == "raw" else of_noisy)[metric.name]


def test_a_model_differs_from_itself_by_exactly_nothing():
    label, customer, good, _ = make_cases()

    for found in compare(label, customer, good, good, seeded(), 50).values():
        assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_comparison_turned_round_changes_sign():
    label, customer, good, noisy = make_cases()
    forth = compare(label, customer, good, noisy, seeded(), 60)
    back = compare(label, customer, noisy, good, seeded(), 60)

    for name in NAMES:
        assert forth[name].estimate == -back[name].estimate
        assert (forth[name].low, forth[name].high) == pytest.approx((-back[name].high, -back[name].low))


def test_a_paired_difference_is_narrower_than_the_intervals_suggest():
    label, customer, good, _ = make_cases()
    near = as_predictions(good.raw + seeded(9).normal(0, 0.2, label.size))
    found = evaluation(label, customer, good, {"near": near}, seeded(), 200)

    paired = found.differences["near"]["roc_auc"]
    ours, theirs = found.model["roc_auc"], found.baselines["near"]["roc_auc"]
    assert paired.high - paired.low < 0.5 * math.hypot(ours.high - ours.low, theirs.high - theirs.low)


def test_a_clearly_better_model_is_seen_to_be_better():
    label, customer, good, noisy = make_cases()
    found = compare(label, customer, good, noisy, seeded(), 200)

    assert found["roc_auc"].low > 0
    assert found["brier"].high < 0


def test_a_copy_of_every_row_of_a_customer_does_not_narrow_an_interval():
    label, customer, good, _ = make_cases(n_cutoffs=1)
    copied = Predictions(np.repeat(good.raw, 9), np.repeat(good.probability, 9))
    once = evaluate(label, customer, good, seeded(), 300)
    ninefold = evaluate(np.repeat(label, 9), np.repeat(customer, 9), copied, seeded(), 300)

    for name in NAMES:
        assert (ninefold[name].low, ninefold[name].high) == pytest.approx((once[name].low, once[name].high), abs=0.01)


def test_every_model_is_measured_as_if_it_were_alone():
    label, customer, good, noisy = make_cases()
    found = evaluation(label, customer, good, {"noisy": noisy}, seeded(), 130)

    assert found.model == evaluate(label, customer, good, seeded(), 130)
    assert found.baselines == {"noisy": evaluate(label, customer, noisy, seeded(), 130)}
    assert found.differences == {"noisy": compare(label, customer, good, noisy, seeded(), 130)}


def test_the_same_seed_gives_the_same_evaluation():
    label, customer, good, noisy = make_cases()
    one, other = (evaluation(label, customer, good, {"noisy": noisy}, seeded(3), 40) for _ in range(2))

    assert one == other


def test_the_report_names_everything_as_it_is_logged():
    label, customer, good, noisy = make_cases()
    metrics = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40).report().metrics

    prefixes = ["test", "baseline.recency", "difference.recency"]
    expected = {f"{prefix}.{name}{end}" for prefix in prefixes for name in NAMES for end in ("", ".ci_low", ".ci_high")}
    assert set(metrics) == expected | {"test.prevalence", "test.n_rows", "test.n_customers"}
    assert metrics["test.n_rows"] == 600.0
    assert metrics["test.n_customers"] == 150.0
    assert metrics["test.prevalence"] == pytest.approx(label.mean())


def test_the_champion_is_compared_on_the_same_rows_and_kept_apart_from_the_baselines():
    label, customer, good, noisy = make_cases()
    found = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40, champion=noisy)
    metrics = found.report().metrics

    assert list(found.baselines) == list(found.differences) == ["recency"]
    assert found.champion == found.baselines["recency"]
    assert found.over_champion == found.differences["recency"]
    assert metrics["champion.roc_auc"] == roc_auc(label, noisy.raw)
    assert metrics["difference.champion.brier.ci_high"] == found.over_champion["brier"].high
    assert json.loads(json.dumps(found.report().artifacts["report/metrics.json"]))["over_champion"]["roc_auc"]


def test_without_a_champion_nothing_is_said_of_one():
    label, customer, good, noisy = make_cases()
    found = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40)

    assert (found.champion, found.over_champion) == (None, None)
    assert not any("champion" in name for name in found.report().metrics)


def test_a_champion_changes_no_other_figure():
    label, customer, good, noisy = make_cases()
    without = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40)
    found = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40, champion=noisy)

    assert (found.model, found.baselines) == (without.model, without.baselines)


def test_the_report_of_validation_rows_says_so():
    label, customer, good, _ = make_cases()
    metrics = evaluation(label, customer, good, {}, seeded(), 20).report("valid").metrics

    assert all(name.startswith("valid.") for name in metrics)


def test_the_json_says_estimate_and_ends_of_every_metric():
    label, customer, good, noisy = make_cases()
    found = evaluation(label, customer, good, {"recency": noisy}, seeded(), 40)
    content = json.loads(json.dumps(found.report().artifacts["report/metrics.json"], allow_nan=False))

    of_model = found.model["pr_auc"]
    assert content["model"]["pr_auc"] == {"estimate": of_model.estimate, "low": of_model.low, "high": of_model.high}
    assert list(content["differences"]["recency"]) == NAMES
    assert (content["n_rows"], content["n_customers"], content["part"]) == (600, 150, "test")


def test_an_unknown_interval_is_missing_from_the_metrics_and_null_in_the_json():
    """With one positive customer of three, many resamples hold no positive."""
    label, customer = np.array([1, 0, 0]), np.arange(3)
    report = evaluation(label, customer, as_predictions(np.array([2.0, 0.0, 1.0])), {}, seeded(), 100).report()

    assert report.metrics["test.roc_auc"] == 1.0
    assert "test.roc_auc.ci_low" not in report.metrics
    content = json.loads(json.dumps(report.artifacts["report/metrics.json"], allow_nan=False))
    assert content["model"]["roc_auc"] == {"estimate": 1.0, "low": None, "high": None}


def test_without_resamples_there_are_estimates_only():
    label, customer, good, _ = make_cases()
    found = evaluate(label, customer, good, seeded(), 0)

    assert found["roc_auc"].estimate == roc_auc(label, good.raw)
    assert math.isnan(found["roc_auc"].low)


def test_customers_of_other_rows_are_refused():
    label, customer, good, _ = make_cases()
    with pytest.raises(ModelError) as error:
        evaluate(label, customer[:-1], good, seeded(), 10)

    assert str(error.value) == (
        "599 customers were given for 600 labels. Resampling customers needs to know whose each row is. "
        "Fix: Pass the customer of every row, repeated over its cutoffs."
    )


def test_predictions_of_other_rows_are_refused():
    label, customer, good, _ = make_cases()
    with pytest.raises(ModelError, match=r"labels of shape \(600,\) for scores of shape \(599,\)"):
        evaluate(label, customer, as_predictions(good.raw[:-1]), seeded(), 10)


def test_labels_without_positives_are_refused():
    label, customer, good, _ = make_cases()
    with pytest.raises(NotEnoughDataError, match=r"^0 of 600 rows are positive"):
        evaluate(0 * label, customer, good, seeded(), 10)
