from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.core.errors import PipelineError
from pipelines.fairness.parity import Decidable, Way, measured
from pipelines.fairness.parity_figures import curve_figure, who_figure
from pipelines.fairness.parity_report import Parity


def rows(n_customers=900, seed=1, earned=True, names=("a", "b", "rare")):
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(n_customers), 2)
    group = np.where(customer % 40 == 0, names[2], np.where(customer % 2, names[0], names[1])).astype(object)
    label = (rng.random(customer.size) < np.where(group == names[0], 0.4, 0.1)).astype(np.int8)
    worth = np.where(label == 1, 9.0, -1.0) if earned else None
    return Decidable(label, customer, group, names[:2], worth, "EUR")


def ways(of):
    rng = np.random.default_rng(5)
    score = of.label + rng.normal(0, 1, of.label.size)
    common = score >= np.quantile(score, 0.8)
    even = np.zeros(of.label.size, dtype=bool)
    for name in np.unique(of.group):
        own = of.group == name
        even[own] = score[own] >= np.quantile(score[own], 0.8)
    return (Way("none", 0.0, common, True), Way("group_thresholds", 1.0, even))


def found(of=None, level=0.95, n_resamples=300):
    of = of or rows()
    return measured(of, ways(of), level, np.random.default_rng(1), n_resamples)


def test_figures_are_those_of_the_rows():
    of = rows()
    none, even = found(of)
    selected = ways(of)[1].decision
    rates = pd.Series(selected).groupby(of.group).mean()

    assert even.disparity.estimate == pytest.approx(abs(rates["a"] - rates["b"]))
    assert even.worth.estimate == pytest.approx((of.earned * selected).mean())
    assert even.worth_change.estimate == pytest.approx(even.worth.estimate - none.worth.estimate)
    assert sum(group.n_contacted for group in even.groups) == even.n_contacted == selected.sum()
    assert [group.is_compared for group in even.groups] == [True, True, False]


def test_what_groups_gain_and_lose_adds_up_to_what_all_do():
    none, even = found()
    more = sum(group.more_contacted.estimate * group.n_rows / 1_000 for group in even.groups)
    earned = sum(group.more_earned.estimate * group.n_rows for group in even.groups)

    assert more == pytest.approx(even.n_contacted - none.n_contacted)
    assert earned / sum(group.n_rows for group in even.groups) == pytest.approx(even.worth_change.estimate)


def test_nothing_changes_against_itself():
    none, _ = found()

    assert (none.worth_change.low, none.worth_change.estimate, none.worth_change.high) == (0, 0, 0)
    assert all(group.more_contacted.estimate == 0 for group in none.groups)


def test_changes_are_paired():
    _, even = found()
    paired = even.worth_change.high - even.worth_change.low
    alone = even.worth.high - even.worth.low

    assert paired < alone


def test_without_costs_worth_is_the_share_of_positives_reached():
    of = rows(earned=False)
    none, _ = found(of)

    assert of.unit == "share of the positives reached"
    assert none.worth.estimate == pytest.approx(ways(of)[0].decision[of.label == 1].mean())
    assert all(group.more_earned is None for group in none.groups)


def test_a_disparity_that_is_not_there_is_not_found():
    covered = []
    for seed in range(40):
        of = rows(300, seed)
        decision = np.random.default_rng(seed).random(of.label.size) < 0.2
        (one,) = measured(of, [Way("none", 0.0, decision)], 0.95, np.random.default_rng(seed), 200)
        covered.append(one.disparity.low == 0)

    assert np.mean(covered) >= 0.9


def test_a_group_without_positives_is_left_out_of_error_rates_and_no_more():
    of = rows()
    label = np.where(of.group == "b", 0, of.label).astype(np.int8)
    none, _ = found(Decidable(label, of.customer, of.group, of.compared, of.earned, of.currency))
    by_name = {group.group: group for group in none.groups}

    assert np.isnan(by_name["b"].true_positive_rate.estimate)
    assert np.isfinite(none.odds.estimate)


def test_nobody_contacted_has_an_interval_that_is_not_a_point():
    of = rows()
    (one,) = measured(of, [Way("none", 0.0, np.zeros(of.label.size, bool))], 0.95, np.random.default_rng(1), 100)

    assert one.groups[0].selection_rate.high > 0
    assert one.disparity.high > 0


NASTY = ("$50K-$74K", "<script>alert(1)</script>", "rare|**x**")


def parity(names=("a", "b", "rare")):
    return Parity("in_come$", "profit per row, EUR", 50, 0.95, found(rows(names=names)))


def test_the_report_says_what_it_costs_whom():
    report = parity().report()
    table = report.artifacts["fairness/mitigation/ways.parquet"]

    assert report.metrics["mitigation.in_come$.none.disparity"] > 0.05
    assert {"mitigation.in_come$.group_thresholds_1.worth_change.ci_low"} <= set(report.metrics)
    assert len(table) == 2 * (1 + 3)
    assert json.dumps(report.artifacts["fairness/mitigation/curve.json"], allow_nan=False)
    said = report.artifacts["fairness/mitigation/summary.md"]
    assert "**none** (this is shipped)" in said
    assert "'b' +" in said
    assert "law may forbid" in said


def test_names_of_groups_are_shown_and_never_run():
    report = parity(NASTY).report()
    for artifact in report.artifacts.values():
        if isinstance(artifact, Figure):
            artifact.canvas.draw()
            texts = "".join(one.get_text() for one in artifact.axes[0].get_yticklabels())
            assert "$" not in texts.replace(r"\$", "")

    assert "<script" not in report.artifacts["fairness/mitigation/summary.md"]
    assert "&lt;script&gt;" in report.artifacts["fairness/mitigation/summary.md"]


def test_the_figures_state_what_was_found():
    one = parity()

    assert "group thresholds, strength 1 leaves" in curve_figure(one).axes[0].get_title(loc="left")
    assert len(who_figure(one).axes[0].get_yticks()) == 2


def test_what_cannot_be_compared_is_said():
    one = Parity("age", "profit per row", 50, 0.95, (), "'age' has 1 group.")

    assert "Not measured: 'age' has 1 group." in one.as_markdown()
    assert set(one.report().artifacts) == {"fairness/mitigation/summary.md", "fairness/mitigation/curve.json"}


def test_one_customer_says_nothing_of_others():
    of = rows()
    one = Decidable(of.label, np.zeros_like(of.customer), of.group, of.compared, of.earned, "EUR")
    with pytest.raises(PipelineError, match="1 customer"):
        measured(one, ways(one), 0.95, np.random.default_rng(1), 100)
