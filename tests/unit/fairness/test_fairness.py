"""Findings about groups, and when there are none."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.core.intervals import Interval
from pipelines.fairness.findings import Outcome, judge
from pipelines.fairness.groups import FairnessSpec, fairness, point_rates
from pipelines.fairness.rates import Cases, customer_counts, rates, resampled

PARITY, ODDS = "demographic_parity_difference", "equalized_odds_difference"


def shop(rng, selected, n_customers=400, rows_each=3, prevalence=0.3):
    """Cases of several groups, each selected at its own rate; a customer's rows are alike."""
    names = np.repeat(list(selected), n_customers)
    customer = np.repeat(np.arange(names.size), rows_each)
    chosen = rng.random(names.size) < np.repeat(list(selected.values()), n_customers)
    label = rng.random(customer.size) < prevalence
    probability = rng.random(customer.size)
    return label, customer, chosen[customer], probability, pd.DataFrame({"band": names[customer]})


def found(cases, spec=None, **changes):
    label, customer, decision, probability, sensitive = cases
    result = fairness(
        label,
        customer,
        decision,
        probability,
        changes.get("sensitive", sensitive),
        spec or FairnessSpec(),
        np.random.default_rng(5),
    )
    return result.columns[0]


def finding(column, measure):
    return next(one for one in column.findings if one.measure == measure)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_our_counts_give_the_rates_that_fairlearn_gives(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.1, "b": 0.4, "c": 0.2}, n_customers=50)
    cases = Cases(label.astype(int), decision.astype(int), customer, probability)
    names = sensitive["band"]

    ours = rates(customer_counts(cases, pd.factorize(names, sort=True)[0], 3).sum(axis=0))

    theirs = point_rates(cases, list(names))
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], err_msg=name)


def test_a_resample_that_draws_everyone_once_gives_the_point_rates(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.1, "b": 0.4}, n_customers=30)
    counts = customer_counts(
        Cases(label.astype(int), decision.astype(int), customer, probability), pd.factorize(sensitive["band"])[0], 2
    )

    weighted = rates(np.einsum("c,cgk->gk", np.ones(60), counts))

    np.testing.assert_allclose(weighted["selection_rate"], rates(counts.sum(axis=0))["selection_rate"])
    assert resampled(counts, 20, rng)["selection_rate"].shape == (20, 2)


def test_groups_treated_alike_are_within(rng):
    column = found(shop(rng, {"a": 0.2, "b": 0.2}, n_customers=3_000), FairnessSpec(max_difference=0.1))

    assert {one.outcome for one in column.findings} == {Outcome.WITHIN}


def test_a_group_selected_three_times_as_often_is_outside(rng):
    column = found(shop(rng, {"a": 0.2, "b": 0.6}))

    assert {one.outcome for one in column.findings} == {Outcome.OUTSIDE}
    assert finding(column, PARITY).difference.estimate == pytest.approx(0.4, abs=0.07)


def test_too_little_data_to_say_is_inconclusive(rng):
    column = found(shop(rng, {"a": 0.2, "b": 0.25}, n_customers=60))

    assert {one.outcome for one in column.findings} == {Outcome.INCONCLUSIVE}


def test_many_groups_treated_alike_are_hardly_ever_called_different(rng):
    """The trap of a bootstrapped largest difference: six groups, truth nought, must be covered."""
    spec = FairnessSpec(max_difference=0.001)
    cases = (shop(rng, dict.fromkeys("abcdef", 0.2), n_customers=120, rows_each=2) for _ in range(25))

    outcomes = [finding(found(one, spec), PARITY).outcome for one in cases]

    assert sum(one == Outcome.OUTSIDE for one in outcomes) <= 3


def test_repeating_every_row_changes_no_interval(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.3}, rows_each=1)
    four = [np.repeat(part, 4) for part in (label, customer, decision, probability)]
    once = finding(found((label, customer, decision, probability, sensitive)), PARITY).difference
    often = finding(found((*four, sensitive.loc[sensitive.index.repeat(4)].reset_index(drop=True))), PARITY).difference

    np.testing.assert_allclose([often.low, often.high], [once.low, once.high], atol=1e-12)


def test_a_small_group_carries_no_finding_however_different_it_is(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.2}, n_customers=2_000)
    odd = customer < 20
    column = found((label, customer, decision | odd, probability, sensitive.assign(band=np.where(odd, "tiny", "rest"))))
    both = found((label, customer, decision | odd, probability, sensitive.mask(odd[:, None], "tiny")))

    assert {one.outcome for one in column.findings} == {Outcome.NOT_MEASURED}
    assert finding(both, PARITY).outcome == Outcome.WITHIN
    assert [group.name for group in both.groups if not group.large_enough] == ["tiny"]


def test_size_is_counted_in_customers_not_in_rows(rng):
    column = found(shop(rng, {"a": 0.2, "b": 0.2}, n_customers=20, rows_each=40))

    assert [group.n_rows for group in column.groups] == [800, 800]
    assert not any(group.large_enough for group in column.groups)


def test_nobody_selected_in_a_small_sample_does_not_prove_that_nobody_ever_is(rng):
    column = found(shop(rng, {"a": 0.0, "b": 0.0}, n_customers=60, rows_each=1), FairnessSpec(max_difference=0.05))

    assert finding(column, PARITY).difference.high > 0.05
    assert finding(column, PARITY).outcome == Outcome.INCONCLUSIVE


def test_unknown_is_a_group_not_a_hole(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.6})
    holes = pd.DataFrame({"band": sensitive["band"].where(sensitive["band"] == "a", None)})

    column = found((label, customer, decision, probability, holes))

    assert [group.name for group in column.groups] == ["a", "unknown"]
    assert finding(column, PARITY).outcome == Outcome.OUTSIDE


def test_a_group_without_positives_has_no_true_positive_rate_and_that_is_said(rng):
    label, customer, decision, probability, sensitive = shop(rng, dict.fromkeys("abc", 0.2), n_customers=3_000)
    column = found((label & (sensitive["band"] != "b"), customer, decision, probability, sensitive))

    assert np.isnan(column.groups[1].rates["true_positive_rate"].estimate)
    assert "'b' has no positives" in finding(column, ODDS).note
    assert finding(column, ODDS).outcome == Outcome.INCONCLUSIVE
    assert finding(column, PARITY).outcome == Outcome.WITHIN


def test_one_value_only_is_stated(rng):
    column = found(shop(rng, {"a": 0.2}))

    assert {(one.outcome, one.note) for one in column.findings} == {
        (Outcome.NOT_MEASURED, "Every row has the value 'a'.")
    }


def test_all_groups_too_small_is_stated(rng):
    column = found(shop(rng, {"a": 0.2, "b": 0.4}, n_customers=10))

    assert finding(column, PARITY).note == "0 of 2 groups have 50 customers or more; a comparison needs two."


def test_no_positives_at_all_no_rows_and_one_customer_are_no_crash(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.6})
    nobody = found((label & False, customer, decision, probability, sensitive))
    nothing = found((label[:0], customer[:0], decision[:0], probability[:0], sensitive[:0]))
    single = found((label[:2], customer[:2], decision[:2], probability[:2], sensitive[:2]))

    assert finding(nobody, ODDS).outcome == Outcome.NOT_MEASURED
    assert finding(nobody, PARITY).outcome == Outcome.OUTSIDE
    assert finding(nothing, PARITY).note == "There are no rows."
    assert finding(single, PARITY).outcome == Outcome.NOT_MEASURED


def test_the_same_generator_gives_the_same_findings(rng):
    cases = shop(rng, {"a": 0.2, "b": 0.3})

    assert found(cases).findings == found(cases).findings


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.11, 0.2, Outcome.OUTSIDE), (0.0, 0.09, Outcome.WITHIN), (0.05, 0.2, Outcome.INCONCLUSIVE),
     (np.nan, np.nan, Outcome.INCONCLUSIVE)],
)  # fmt: skip
def test_an_outcome_needs_the_whole_interval(low, high, expected):
    assert judge(Interval(0.15, low, high), 0.1) == expected


def test_the_report_is_json_metrics_and_figures(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.6})
    both = sensitive.assign(one="x")
    report = fairness(label, customer, decision, probability, both, FairnessSpec(), rng).report()

    assert f"fairness.band.{PARITY}.ci_low" in report.metrics
    assert not any(name.startswith("fairness.one.") for name in report.metrics)
    json.dumps(report.artifacts["fairness/one.json"], allow_nan=False)
    assert (
        json.loads(json.dumps(report.artifacts["fairness/band.json"], allow_nan=False))["findings"][PARITY]["outcome"]
        == "outside"
    )
    assert "more than the allowed 0.1" in report.artifacts["fairness/summary.md"]
    for name in ("fairness/band.png", "fairness/one.png"):
        figure = report.artifacts[name]
        figure.canvas.draw()
        assert "n = " in " ".join(tick.get_text() for tick in figure.axes[0].get_yticklabels())


def test_small_groups_are_grey_in_the_figure(rng):
    label, customer, decision, probability, sensitive = shop(rng, {"a": 0.2, "b": 0.2})
    tiny = sensitive.mask((customer < 20)[:, None], "tiny")
    report = fairness(label, customer, decision, probability, tiny, FairnessSpec(), rng).report()

    colours = {line.get_color() for line in report.artifacts["fairness/band.png"].axes[0].lines}
    assert "#8A8A8A" in colours
