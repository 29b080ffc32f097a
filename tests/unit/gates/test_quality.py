"""Gates of how well a model tells: what is beaten, what is not, and how much more data would decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.core.intervals import Interval
from pipelines.evaluation.over_time import Period
from pipelines.gates.evidence import OverChampion
from pipelines.gates.gates import BeatsBaselines, BeatsChampion, Calibrated, StableOverTime
from support.evidence import BETTER, GOOD, said


def over(gain, left_out=0, metric="roc_auc"):
    return replace(GOOD, champion=OverChampion({metric: gain}, 4_000, 1_000, left_out))


def test_challenger_that_beats_every_baseline_is_told_by_how_much():
    assert said(BeatsBaselines(), GOOD) == (
        True,
        "beats every baseline in roc_auc: prevalence +0.0500 [+0.0200, +0.0800], "
        "recency_rule +0.0500 [+0.0200, +0.0800]",
    )


@pytest.mark.parametrize("low", [-0.01, 0.0])
def test_interval_that_touches_zero_does_not_beat_a_baseline(low):
    evidence = replace(GOOD, baselines={"prevalence": BETTER, "recency_rule": {"roc_auc": Interval(0.03, low, 0.07)}})
    passed, reason = said(BeatsBaselines(), evidence)

    assert not passed
    assert reason.startswith("does not clearly beat recency_rule in roc_auc: prevalence +0.0500")


def test_challenger_without_baselines_is_refused():
    assert said(BeatsBaselines(), replace(GOOD, baselines={})) == (False, "there is no baseline to compare with")


@pytest.mark.parametrize(
    ("difference", "passed"), [(Interval(-0.02, -0.03, -0.01), True), (Interval(0.02, 0.01, 0.03), False)]
)
def test_smaller_brier_score_is_better(difference, passed):
    evidence = replace(GOOD, baselines={"prevalence": {"brier": difference}})

    assert said(BeatsBaselines(metric="brier"), evidence)[0] is passed


def test_first_model_has_no_champion_to_beat():
    assert said(BeatsChampion(), replace(GOOD, champion=None)) == (True, "there is no champion yet")


@pytest.mark.parametrize(
    ("gain", "passed", "verb"),
    [
        (Interval(0.02, 0.01, 0.03), True, "is better than the champion in roc_auc: "),
        (Interval(0.0, -0.004, 0.004), True, "is not worse than the champion in roc_auc within the margin: "),
        (
            Interval(0.0, -0.005, 0.004),
            False,
            "inconclusive: it may be worse than the champion in roc_auc by more than the margin: ",
        ),
        (
            Interval(0.01, -0.02, 0.04),
            False,
            "inconclusive: it may be worse than the champion in roc_auc by more than the margin: ",
        ),
        (Interval(-0.01, -0.019, -0.001), False, "inconclusive: it is worse than the champion in roc_auc: "),
        (Interval(-0.02, -0.03, -0.01), False, "is worse than the champion in roc_auc by more than the margin: "),
    ],
)
def test_challenger_must_be_shown_to_be_no_worse_than_the_margin(gain, passed, verb):
    found = said(BeatsChampion(margin=0.005), over(gain))

    assert found[0] is passed
    assert found[1].startswith(verb)
    assert "margin 0.005; 4,000 rows of 1,000 customers" in found[1]


@pytest.mark.parametrize(
    ("gain", "passed", "verb"),
    [
        (Interval(0.02, 0.01, 0.03), True, "is better than the champion"),
        (Interval(0.002, -0.001, 0.005), False, "inconclusive: it is not worse than the champion"),
        (Interval(-0.02, -0.03, -0.001), False, "is worse than the champion in roc_auc: "),
    ],
)
def test_a_challenger_may_have_to_be_better(gain, passed, verb):
    found = said(BeatsChampion(margin=0.005, require="better"), over(gain))

    assert found[0] is passed
    assert found[1].startswith(verb)


def test_what_is_inconclusive_says_how_much_more_data_would_decide():
    _, reason = said(BeatsChampion(margin=0.005), over(Interval(0.0, -0.01, 0.01)))

    assert reason.endswith(
        "about 40,000 more labelled rows, of 9,900 more customers, would show with a chance of 90% that it is not "
        "worse, if the difference is what it seems"
    )


def test_what_seems_worse_needs_rows_to_show_that_it_is():
    _, reason = said(BeatsChampion(margin=0.005), over(Interval(-0.012, -0.02, -0.004)))

    assert "that it is worse by more than the margin, if" in reason


def test_a_difference_at_the_line_is_not_decided_by_any_number_of_rows():
    _, reason = said(BeatsChampion(margin=0.005), over(Interval(-0.005, -0.01, 0.0)))

    assert reason.endswith("the difference lies so near the line that no number of rows would decide it")


def test_rows_that_the_champion_knew_are_counted():
    _, reason = said(BeatsChampion(), over(Interval(0.02, 0.01, 0.03), left_out=1_234))

    assert reason.endswith("4,000 rows of 1,000 customers, without 1,234 that the champion may have learned from")


def test_a_metric_that_falls_when_things_get_better_is_turned_round():
    assert said(BeatsChampion(metric="brier"), over(Interval(-0.02, -0.03, -0.01), metric="brier"))[0]
    assert not said(BeatsChampion(metric="brier"), over(Interval(0.02, 0.01, 0.03), metric="brier"))[0]


@pytest.mark.parametrize(("high", "passed"), [(0.029, True), (0.03, True), (0.031, False)])
def test_calibration_error_has_a_limit_for_the_upper_end_of_its_interval(high, passed):
    found = said(Calibrated(max_ece=0.03), replace(GOOD, metrics={"ece": Interval(0.01, 0.0, high)}))

    assert found == (passed, f"calibration error 0.010 [0.000, {high:.3f}], limit 0.03")


def weeks(*drops):
    return tuple(Period(f"2026-01-{5 + 7 * at:02d}", 500, 0.8, drop) for at, drop in enumerate(drops))


@pytest.mark.parametrize(("low", "passed"), [(0.04, True), (0.05, True), (0.051, False)])
def test_a_week_that_is_clearly_below_the_others_refuses(low, passed):
    evidence = replace(GOOD, weeks=weeks(Interval(0.0, -0.1, 0.1), Interval(0.1, low, 0.15)))
    found = said(StableOverTime(max_drop=0.05), evidence)

    assert found[0] is passed
    assert ("falls off in the week of 2026-01-12 in roc_auc" in found[1]) is not passed


def test_one_week_alone_says_nothing_of_the_others():
    assert said(StableOverTime(), replace(GOOD, weeks=weeks(Interval(0.0, -0.1, 0.1)))) == (
        False,
        "1 weeks of the test can be compared, it takes two",
    )


def test_a_week_that_is_too_small_is_named():
    some = weeks(Interval(0.0, -0.1, 0.1), Interval(0.0, -0.1, 0.1), None)

    assert said(StableOverTime(), replace(GOOD, weeks=some))[1].endswith("too few rows to look at: 2026-01-19")
