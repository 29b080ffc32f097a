"""Findings about groups, and when there are none."""

import json
import re

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError, UsageError
from pipelines.core.intervals import Interval
from pipelines.fairness.findings import (
    CALIBRATION_DIFFERENCE,
    FINDINGS,
    ODDS_DIFFERENCE,
    ODDS_RATIO,
    PARITY_DIFFERENCE,
    PARITY_RATIO,
    Outcome,
    judge,
)
from pipelines.fairness.groups import Decided, FairnessSpec, fairness

GENEROUS = FairnessSpec(max_difference=0.1, min_ratio=0.5, min_error_ratio=0.5, max_calibration_gap=0.1)


def shop(rng, selected, n_customers=400, rows_each=3, prevalence=0.3):
    """Cases of several groups, each selected at its own rate; a customer's rows are decided alike."""
    names = np.repeat(list(selected), n_customers)
    customer = np.repeat(np.arange(names.size), rows_each)
    chosen = rng.random(names.size) < np.repeat(list(selected.values()), n_customers)
    label = rng.random(customer.size) < prevalence
    probability = np.clip(prevalence + 0.1 * rng.normal(size=customer.size), 0, 1)
    return Decided(label, customer, chosen[customer], probability), pd.DataFrame({"band": names[customer]})


def changed(decided, **parts):
    return Decided(
        **{name: getattr(decided, name) for name in ("label", "customer", "decision", "probability")} | parts
    )


def found(decided, sensitive, spec=None, n_resamples=100):
    return fairness(decided, sensitive, spec or FairnessSpec(), np.random.default_rng(5), n_resamples).columns[0]


def finding(column, measure):
    return next(one for one in column.findings if one.measure == measure)


def outcomes(column):
    return {one.outcome for one in column.findings}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_findings_are_those_that_fairlearn_computes(rng):
    decided, sensitive = shop(rng, {"a": 0.1, "b": 0.4, "c": 0.2})
    column = found(decided, sensitive)

    arguments = {
        "y_true": np.asarray(decided.label),
        "y_pred": np.asarray(decided.decision),
        "sensitive_features": sensitive["band"],
    }
    for measure in (PARITY_DIFFERENCE, PARITY_RATIO, ODDS_DIFFERENCE, ODDS_RATIO):
        theirs = getattr(fairlearn.metrics, measure)(**arguments)

        assert finding(column, measure).value.estimate == pytest.approx(theirs), measure


def test_every_measure_is_what_its_name_says(rng):
    decided, sensitive = shop(rng, {"a": 0.3, "b": 0.4}, n_customers=80)
    profit = rng.normal(size=len(sensitive))
    column = found(changed(decided, profit=profit), sensitive)

    mine = (sensitive["band"] == "a").to_numpy()
    label, decision = np.asarray(decided.label)[mine], np.asarray(decided.decision)[mine]
    expected = {
        "prevalence": label.mean(),
        "selection_rate": decision.mean(),
        "true_positive_rate": decision[label].mean(),
        "false_positive_rate": decision[~label].mean(),
        "precision": label[decision].mean(),
        "mean_score": np.asarray(decided.probability)[mine].mean(),
        "calibration_gap": np.asarray(decided.probability)[mine].mean() - label.mean(),
        "profit_per_row": profit[mine].mean(),
    }
    estimates = {name: rate.estimate for name, rate in column.groups[0].rates.items()}
    assert estimates == pytest.approx(expected)
    for rate in column.groups[0].rates.values():
        assert rate.low < rate.estimate < rate.high


def test_profit_is_left_out_where_it_is_not_known(rng):
    decided, sensitive = shop(rng, {"a": 0.3, "b": 0.4}, n_customers=60)

    for profit in (None, np.full(len(sensitive), np.nan)):
        assert "profit_per_row" not in found(changed(decided, profit=profit), sensitive).groups[0].rates

    half = np.where(np.arange(len(sensitive)) % 2, np.nan, 2.0 + rng.random(len(sensitive)))
    assert 2.0 < found(changed(decided, profit=half), sensitive).groups[0].rates["profit_per_row"].estimate < 3.0


def test_groups_treated_alike_are_within(rng):
    column = found(*shop(rng, {"a": 0.2, "b": 0.2}, n_customers=4_000), GENEROUS)

    assert outcomes(column) == {Outcome.WITHIN}


def test_a_group_selected_three_times_as_often_is_outside(rng):
    column = found(*shop(rng, {"a": 0.2, "b": 0.6}))

    for measure in (PARITY_DIFFERENCE, PARITY_RATIO, ODDS_DIFFERENCE, ODDS_RATIO):
        assert finding(column, measure).outcome == Outcome.OUTSIDE, measure
        assert finding(column, measure).between == ("b", "a")
    assert finding(column, PARITY_DIFFERENCE).value.estimate == pytest.approx(0.4, abs=0.07)


def test_a_score_that_overstates_one_group_is_a_calibration_finding(rng):
    decided, sensitive = shop(rng, dict.fromkeys("abc", 0.2), n_customers=1_000)
    overstated = np.asarray(decided.probability) + 0.15 * (sensitive["band"] == "b")
    column = found(changed(decided, probability=overstated), sensitive)

    assert finding(column, CALIBRATION_DIFFERENCE).outcome == Outcome.OUTSIDE
    assert finding(column, CALIBRATION_DIFFERENCE).between[0] == "b"


def test_too_little_data_to_say_is_inconclusive(rng):
    column = found(*shop(rng, {"a": 0.2, "b": 0.25}, n_customers=60))

    assert outcomes(column) == {Outcome.INCONCLUSIVE}


def test_many_groups_treated_alike_are_hardly_ever_called_different(rng):
    """The trap of a bootstrapped largest difference: six groups, truth nought, must be covered."""
    cases = (shop(rng, dict.fromkeys("abcdef", 0.2), n_customers=60, rows_each=2) for _ in range(40))
    columns = [found(*one, n_resamples=20) for one in cases]

    assert sum(finding(one, PARITY_DIFFERENCE).value.low > 0 for one in columns) <= 2
    assert sum(finding(one, PARITY_RATIO).value.high < 1 for one in columns) <= 2


def test_repeating_every_row_changes_no_finding(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3}, rows_each=1)
    names = ("label", "customer", "decision", "probability")
    four = Decided(*(np.repeat(getattr(decided, name), 4) for name in names))
    often = sensitive.loc[sensitive.index.repeat(4)].reset_index(drop=True)

    for once, again in zip(found(decided, sensitive).findings, found(four, often).findings, strict=True):
        assert again.value.low == pytest.approx(once.value.low, abs=1e-9)
        assert again.value.high == pytest.approx(once.value.high, abs=1e-9)


def test_the_order_of_rows_changes_no_finding(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3, "c": 0.2}, n_customers=60)
    order = rng.permutation(len(sensitive))
    names = ("label", "customer", "decision", "probability")
    shuffled = Decided(*(np.asarray(getattr(decided, name))[order] for name in names))

    for once, again in zip(
        found(decided, sensitive).findings, found(shuffled, sensitive.iloc[order]).findings, strict=True
    ):
        assert (once.outcome, once.between) == (again.outcome, again.between)
        assert again.value.high == pytest.approx(once.value.high)


def test_a_small_group_carries_no_finding_however_different_it_is(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.2}, n_customers=3_000)
    odd = np.asarray(decided.customer) < 20
    decided = changed(decided, decision=np.asarray(decided.decision) | odd)
    column = found(decided, sensitive.assign(band=np.where(odd, "tiny", "rest")))
    both = found(decided, sensitive.mask(odd[:, None], "tiny"), GENEROUS)

    assert outcomes(column) == {Outcome.NOT_MEASURED}
    assert finding(both, PARITY_DIFFERENCE).outcome == Outcome.WITHIN
    assert [group.name for group in both.groups if not group.large_enough] == ["tiny"]


def test_size_is_counted_in_customers_not_in_rows(rng):
    column = found(*shop(rng, {"a": 0.2, "b": 0.2}, n_customers=20, rows_each=40))

    assert [group.n_rows for group in column.groups] == [800, 800]
    assert not any(group.large_enough for group in column.groups)


def test_nobody_selected_in_a_small_sample_does_not_prove_that_nobody_ever_is(rng):
    column = found(*shop(rng, {"a": 0.0, "b": 0.0}, n_customers=60, rows_each=1), FairnessSpec(max_difference=0.05))

    assert finding(column, PARITY_DIFFERENCE).value.high > 0.05
    assert finding(column, PARITY_DIFFERENCE).outcome == Outcome.INCONCLUSIVE
    assert finding(column, PARITY_RATIO).outcome == Outcome.NOT_MEASURED
    assert finding(column, PARITY_RATIO).note == "Nobody is selected in any group, so there is no ratio."


def test_unknown_is_a_group_not_a_hole(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.6})
    for hole in (None, np.nan, pd.NA, " "):
        holes = sensitive["band"].astype(object).where(sensitive["band"] == "a", hole)
        column = found(decided, holes.to_frame())

        assert [group.name for group in column.groups] == ["a", "unknown"]
        assert finding(column, PARITY_DIFFERENCE).outcome == Outcome.OUTSIDE


def test_what_only_the_unknown_show_is_told_apart(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.2, "c": 0.6}, n_customers=4_000, rows_each=1)
    hidden = pd.DataFrame({"band": sensitive["band"].where(sensitive["band"] != "c")})
    result = fairness(decided, hidden, GENEROUS, rng, 20)
    parity = finding(result.columns[0], PARITY_DIFFERENCE)

    assert parity.outcome == Outcome.OUTSIDE
    assert parity.known.outcome == Outcome.WITHIN
    assert re.search(
        r"Highest: unknown, lowest: [ab]\. Without the unknown: 0\.\d+ \[.*\], within the limit\.$", result.words()[1]
    )
    assert finding(found(decided, sensitive), PARITY_DIFFERENCE).known is None


def test_a_group_without_positives_has_no_true_positive_rate_and_that_is_said(rng):
    decided, sensitive = shop(rng, dict.fromkeys("abc", 0.2), n_customers=4_000)
    label = np.asarray(decided.label) & (sensitive["band"] != "b").to_numpy()
    column = found(changed(decided, label=label), sensitive, GENEROUS)

    assert np.isnan(column.groups[1].rates["true_positive_rate"].estimate)
    assert "'b' has no positives" in finding(column, ODDS_DIFFERENCE).note
    assert finding(column, ODDS_DIFFERENCE).outcome == Outcome.INCONCLUSIVE
    assert finding(column, PARITY_DIFFERENCE).outcome == Outcome.WITHIN


def bad_inputs(rng):
    """Columns and labels that nobody would plan for, and the words that each must lead to."""
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3}, n_customers=200, rows_each=2)
    band, customer = sensitive["band"], np.asarray(decided.customer)
    n = len(band)
    return {
        "one value": (decided, ["x"] * n, "not measured. Every row has the value 'x'."),
        "all unknown": (decided, [None] * n, "not measured. The value of every customer is unknown."),
        "90 % missing": (
            decided,
            np.where(customer % 10 == 0, band, None),
            "the value of 90% of the customers is unknown; they are a group like any other.",
        ),
        "a group of one": (
            decided,
            np.where(customer == 7, "hermit", band),
            "1 group of fewer than 50 customers is shown, not compared; it holds 1 customer: hermit (1).",
        ),
        "free text": (
            decided,
            [f"note {one}" for one in customer],
            "not measured. It has 400 values, more than 20 (fairness.max_groups), 0 of them with 50 customers or more: "
            "band it in the source, free text or an identifier is no group.",
        ),
        "all too small": (
            decided,
            [f"{one % 15}" for one in customer],
            "not measured. 0 of 15 groups have 50 customers or more; a comparison needs two.",
        ),
        "a group without positives": (
            changed(decided, label=np.asarray(decided.label) & (band == "a").to_numpy()),
            band,
            "the share selected among customers with the same outcome was not compared. Left out, since the rate is "
            "undefined: 'b' has no positives.",
        ),
        "no positives": (
            changed(decided, label=np.zeros(n, int)),
            band,
            "the share selected among customers with the same outcome was not compared. Left out, since the rate is "
            "undefined: 'a' has no positives; 'b' has no positives.",
        ),
        "no negatives": (
            changed(decided, label=np.ones(n, int)),
            band,
            "the share selected among customers with the same outcome was not compared. Left out, since the rate is "
            "undefined: 'a' has no negatives; 'b' has no negatives.",
        ),
        "nobody selected": (
            changed(decided, decision=np.zeros(n, int)),
            band,
            "the ratio of the shares selected was not compared. Nobody is selected in any group, so there is no ratio.",
        ),
        "everybody selected": (
            changed(decided, decision=np.ones(n, int)),
            band,
            "the share selected differs by 0.000 [0.000, 0.030] between groups; that is within the limit of 0.1.",
        ),
        "zero rows": (Decided(*[np.empty(0)] * 4), [], "not measured. There are no rows."),
        "one customer": (
            Decided(*([part[0]] for part in ([1], ["c"], [1], [0.4]))),
            ["x"],
            "not measured. Every row has the value 'x'.",
        ),
    }


BAD = tuple(bad_inputs(np.random.default_rng(11)))


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_stated_outcome(rng, case):
    decided, values, words = bad_inputs(rng)[case]
    sensitive = pd.DataFrame({"band": np.asarray(values, dtype=object)})
    result = fairness(decided, sensitive, FairnessSpec(), np.random.default_rng(1), 50)

    assert f"band: {words}" in result.words()
    assert [one.measure for one in result.columns[0].findings] == list(FINDINGS)
    for path, artifact in result.report().artifacts.items():
        if path.endswith(".json"):
            json.dumps(artifact, allow_nan=False)
        if path.endswith(".png"):
            artifact.canvas.draw()
    assert all(np.isfinite(value) for value in result.report().metrics.values())


def test_five_thousand_values_stay_out_of_the_report_but_are_counted(rng):
    decided, _ = shop(rng, {"a": 0.2}, n_customers=5_200, rows_each=1)
    values = [f"wrote {one}" if one < 5_000 else "n/a" for one in np.asarray(decided.customer)]
    result = fairness(decided, pd.DataFrame({"note": values}), FairnessSpec(), rng, 20)

    content = json.dumps(result.report().artifacts["fairness/note.json"])
    assert [group.name for group in result.columns[0].groups] == ["n/a"]
    assert "wrote" not in content
    assert len(content) < 4_000
    assert "note: 5,000 more values of 5,000 customers are counted, but not shown." in result.words()


def test_the_chance_of_an_error_is_shared_between_the_columns(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3})
    coin = pd.Series(rng.choice(["x", "y"], 800)).loc[np.asarray(decided.customer)].to_numpy()
    alone, one_value = found(decided, sensitive), found(decided, sensitive.assign(same="s"))
    beside = found(decided, sensitive.assign(coin=coin))

    assert finding(beside, PARITY_DIFFERENCE).value.high > finding(alone, PARITY_DIFFERENCE).value.high
    assert finding(one_value, PARITY_DIFFERENCE).value == finding(alone, PARITY_DIFFERENCE).value


def test_a_declared_intersection_finds_what_no_column_shows(rng):
    decided, _ = shop(rng, {"a": 0.2}, n_customers=2_000)
    old = pd.Series(rng.choice(["young", "old"], 2_000)).loc[np.asarray(decided.customer)].to_numpy()
    rich = pd.Series(rng.choice(["rich", "poor"], 2_000)).loc[np.asarray(decided.customer)].to_numpy()
    decision = rng.random(old.size) < np.where((old == "old") == (rich == "rich"), 0.1, 0.4)
    sensitive = pd.DataFrame({"age": old, "income": rich})

    spec = FairnessSpec(intersections=(("age", "income"),))
    result = fairness(changed(decided, decision=decision), sensitive, spec, rng, 50)

    ruled = {one.column: finding(one, PARITY_DIFFERENCE).outcome for one in result.columns}
    assert ruled == {"age": Outcome.WITHIN, "income": Outcome.WITHIN, "age_x_income": Outcome.OUTSIDE}
    names = [group.name for group in result.columns[2].groups]
    assert names == ["old & poor", "old & rich", "young & poor", "young & rich"]
    assert "fairness.age_x_income.demographic_parity_ratio.ci_high" in result.report().metrics


def test_an_intersection_of_many_cells_compares_those_that_are_large(rng):
    decided, _ = shop(rng, {"a": 0.2}, n_customers=3_000, rows_each=1)
    one, other = (np.minimum(rng.geometric(0.5, 3_000), 8).astype(str) for _ in range(2))
    spec = FairnessSpec(intersections=(("one", "other"),))
    crossed = fairness(decided, pd.DataFrame({"one": one, "other": other}), spec, rng, 20).columns[2]

    assert crossed.n_values > 20
    assert len(crossed.groups) == 20
    assert finding(crossed, PARITY_DIFFERENCE).value is not None
    assert crossed.n_customers_hidden + sum(group.n_customers for group in crossed.groups) == 3_000


def test_an_intersection_names_declared_columns(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3})
    spec = FairnessSpec(intersections=(("band", "incme"),))

    with pytest.raises(ConfigError, match=r"names 'incme', which is not among.*Known: age, income.*mean 'income'"):
        FairnessSpec(intersections=(("age", "incme"),)).require_known(["age", "income"])
    with pytest.raises(ConfigError, match="incme"):
        fairness(decided, sensitive, spec, rng)


@pytest.mark.parametrize("names", [[["age"]], [["age", "age"]], [["age", "income"], ["income", "age"]]])
def test_an_intersection_is_of_different_columns(names):
    with pytest.raises(ConfigError, match="different columns|same columns"):
        FairnessSpec.read({"intersections": names}, "churn.yaml")


def test_rows_that_do_not_fit_are_refused(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.3}, n_customers=10)

    with pytest.raises(UsageError, match="There are 60 cases and 59 rows"):
        fairness(decided, sensitive[1:], FairnessSpec(), rng)
    with pytest.raises(UsageError, match=r"\[60, 60, 60, 59, 60\] rows"):
        fairness(changed(decided, probability=np.ones(59)), sensitive, FairnessSpec(), rng)


def test_the_same_generator_gives_the_same_findings(rng):
    cases = shop(rng, {"a": 0.2, "b": 0.3})

    assert found(*cases) == found(*cases)


@pytest.mark.parametrize(
    ("low", "high", "difference", "ratio"),
    [(0.61, 0.7, Outcome.OUTSIDE, Outcome.WITHIN), (0.0, 0.59, Outcome.WITHIN, Outcome.OUTSIDE),
     (0.5, 0.7, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE), (np.nan, np.nan, Outcome.INCONCLUSIVE,
     Outcome.INCONCLUSIVE)],
)  # fmt: skip
def test_an_outcome_needs_the_whole_interval(low, high, difference, ratio):
    assert judge(Interval(0.6, low, high), 0.6) == difference
    assert judge(Interval(0.6, low, high), 0.6, is_ratio=True) == ratio


def test_words_say_how_it_was_asked_and_what_stays_open(rng):
    result = fairness(*shop(rng, {"a": 0.2, "b": 0.25}, n_customers=60), FairnessSpec(), rng, 20)
    asked, parity, *_ = result.words()

    assert "Groups of 50 customers or more are compared." in asked
    assert "all findings together hold in 95% of samples" in asked
    assert re.fullmatch(
        r"band: the share selected differs by 0\.\d+ \[0\.000, 0\.\d+\] between groups; the data cannot say whether "
        r"that is more than 0\.1\. Highest: [ab], lowest: [ab]\.",
        parity,
    )


def test_names_from_data_can_break_neither_page_nor_figure_nor_path(rng):
    evil = "<script>alert(1)</script>|`$x^$\n# [a](javascript:b)"
    decided, sensitive = shop(rng, {evil: 0.2, "b": 0.6, "$": 0.2}, n_customers=80)
    report = fairness(decided, sensitive.rename(columns={"band": "../a b"}), FairnessSpec(), rng, 20).report()

    assert set(report.artifacts) == {
        "fairness/summary.md", "fairness/summary.png", "fairness/_a_b.json", "fairness/_a_b.png",
    }  # fmt: skip
    text = report.artifacts["fairness/summary.md"]
    assert not any(mark in text for mark in ("<", "`", "](", "\n# [a"))
    assert all(re.fullmatch(r"[\w.]+", name) for name in report.metrics)
    for name in ("summary", "_a_b"):
        report.artifacts[f"fairness/{name}.png"].canvas.draw()


def test_small_groups_are_grey_in_the_figure(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.2})
    tiny = sensitive.mask((np.asarray(decided.customer) < 20)[:, None], "tiny")
    figure = fairness(decided, tiny, FairnessSpec(), rng, 20).report().artifacts["fairness/band.png"]

    figure.canvas.draw()
    axes = figure.axes[0]
    assert "n = " in " ".join(tick.get_text() for tick in axes.get_yticklabels())
    assert {line.get_color() for line in axes.lines} == {"#0072B2", "#8A8A8A"}
    assert len(figure.axes) == 5  # no profit is known


def test_the_summary_figure_colours_each_finding_by_what_it_means(rng):
    decided, sensitive = shop(rng, {"a": 0.2, "b": 0.6})
    report = fairness(decided, sensitive.assign(one="x"), FairnessSpec(), rng, 20).report()
    axes = report.artifacts["fairness/summary.png"].axes[0]

    assert "not measured" in {text.get_text() for text in axes.texts}
    assert "#D55E00" in {line.get_color() for line in axes.lines}
