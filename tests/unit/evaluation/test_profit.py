from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.intervals import cluster_weights
from pipelines.evaluation.figures import gain_curve
from pipelines.evaluation.profit import profit
from pipelines.policy.expected_profit import ExpectedProfit, FeatureValue, ProfitThreshold
from pipelines.policy.top_share import Threshold

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=40).map(
    lambda rows: [(1, 3), *rows]
)
SETTLED = ProfitThreshold(cost=1.0, value=FeatureValue(feature="spent", times=0.5), response_rate=0.4)


def shop(n_customers=250, seed=0, cutoffs=4):
    rng = np.random.default_rng(seed)
    customer = np.repeat(rng.permutation(n_customers), cutoffs)
    probability = np.repeat(rng.beta(1, 4, n_customers), cutoffs)
    label = (rng.random(customer.size) < probability).astype(np.int8)
    rows = pd.DataFrame({"spent": rng.gamma(2, 20, customer.size)})
    return label, customer, probability, rows


def measured(settled=SETTLED, n_resamples=100, **how):
    return profit(*shop(**how), settled, np.random.default_rng(7), n_resamples)


def test_profit_is_what_the_contacted_bring_less_what_contacts_cost():
    label, _, probability, rows = shop()
    found = measured()
    decided = probability * 0.4 * 0.5 * rows.spent >= 1.0
    realised = decided * (label * 0.4 * 0.5 * rows.spent - 1.0)

    assert found.n_contacted == decided.sum()
    assert found.money.profit.estimate == pytest.approx(realised.mean())
    assert found.money.everybody.estimate == pytest.approx((label * 0.4 * 0.5 * rows.spent - 1.0).mean())
    assert found.money.random.estimate == pytest.approx(decided.mean() * found.money.everybody.estimate)
    assert found.caught.estimate == pytest.approx(label[decided].sum() / label.sum())


def test_intervals_are_those_of_explicit_resamples_of_customers():
    label, customer, probability, rows = shop()
    found = measured(n_resamples=200)
    weights = np.concatenate(list(cluster_weights(customer, 200, np.random.default_rng(7))))
    worth = (label * 0.2 * rows.spent - 1.0).to_numpy()
    decided = (probability * 0.2 * rows.spent >= 1.0).to_numpy()

    ours = np.array([np.average(worth * decided, weights=weight) for weight in weights])
    everybody = np.array([np.average(worth, weights=weight) for weight in weights])
    caught = np.array([weight @ (label * decided) / (weight @ label) for weight in weights])

    for interval, draws in [
        (found.money.profit, ours),
        (found.money.over_everybody, ours - everybody),
        (found.caught, caught),
    ]:
        assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))


def test_best_in_hindsight_is_the_best_of_all_thresholds():
    label, _, probability, rows = shop()
    found = measured().money
    worth, priority = label * 0.2 * rows.spent - 1.0, probability * 0.2 * rows.spent - 1.0
    by_threshold = {at: worth[priority >= at].sum() / label.size for at in priority}
    best = max(by_threshold, key=by_threshold.get)

    assert found.best == pytest.approx(by_threshold[best])
    assert found.best_at_least == pytest.approx(best)
    assert found.best_share == pytest.approx((priority >= best).mean())


@given(CASES, st.integers(0, 5))
def test_regret_is_never_below_zero_and_is_best_less_chosen(cases, at_least):
    label, score = np.array(cases).T
    settled = ProfitThreshold(cost=0.3, value=1.0, response_rate=1.0, at_least=max(0.0, at_least / 5 - 0.3))

    found = profit(
        label, np.arange(label.size), score / 5, pd.DataFrame(index=range(label.size)), settled,
        np.random.default_rng(0), 20,
    ).money  # fmt: skip

    assert found.regret.estimate >= -1e-12
    assert found.regret.estimate == pytest.approx(found.best - found.profit.estimate)


def test_policy_that_is_the_best_has_no_regret_in_any_resample():
    found = measured()
    best = measured(SETTLED.model_copy(update={"at_least": max(0.0, found.money.best_at_least)}))

    if found.money.best_at_least >= 0:
        assert (best.money.regret.low, best.money.regret.high) == (0, 0)
    assert best.money.regret.estimate <= found.money.regret.estimate


def test_hindsight_keeps_to_the_capacity():
    free = measured(ExpectedProfit(cost=0.1, value=50.0, response_rate=0.5).settle(*_settling()))
    bound = measured(ExpectedProfit(cost=0.1, value=50.0, response_rate=0.5, capacity=0.1).settle(*_settling()))

    assert free.money.best_share > 0.5
    assert bound.money.best_share <= max(0.1, bound.share_contacted.estimate)
    assert bound.money.regret.estimate < 0.2 * (free.money.best - bound.money.profit.estimate)


def _settling():
    _, _, probability, rows = shop(seed=5)
    return probability, rows


def test_everybody_is_not_worth_contacting_where_nobody_would_pay():
    found = measured(ProfitThreshold(cost=100.0, value=1.0, response_rate=0.1))

    assert found.n_contacted == 0
    assert (found.money.profit.estimate, found.money.profit.low, found.money.profit.high) == (0, 0, 0)
    assert found.money.best_at_least is None
    assert (found.money.best, found.money.best_share, found.money.regret.estimate) == (0, 0, 0)
    assert found.money.over_everybody.estimate == pytest.approx(-found.money.everybody.estimate)


def test_free_contacts_go_to_everybody():
    found = measured(ProfitThreshold(cost=0.0, value=1.0, response_rate=0.1))

    assert found.share_contacted.estimate == 1
    assert found.money.over_everybody.estimate == found.money.over_random.estimate == 0


@given(CASES)
def test_gain_is_that_of_the_gain_curve(cases):
    label, score = np.array(cases).T
    found = profit(
        label, np.arange(label.size), score / 5, pd.DataFrame(index=range(label.size)), Threshold(at_least=0.5),
        np.random.default_rng(0), 20,
    ).gain  # fmt: skip
    curve = gain_curve(label, score)

    np.testing.assert_allclose(found.estimate, np.interp(found.share, curve.x, curve.y), atol=1e-12)
    assert np.isin(np.round(found.share, 9), np.round(curve.x, 9)).all()  # ties are never divided


def test_curves_begin_with_nobody_and_end_with_everybody():
    found = measured()

    for band in (found.gain, found.money.curve):
        assert (band.share[0], band.share[-1]) == (0, 1)
        assert band.estimate[0] == 0
        assert (np.diff(band.share) > 0).all()
        assert (band.low <= band.estimate + 1e-12).all()
        assert (band.estimate <= band.high + 1e-12).all()
    assert found.gain.estimate[-1] == 1
    assert found.lift.estimate[-1] == pytest.approx(1)
    assert np.isnan(found.lift.estimate[0])
    assert found.money.curve.estimate[-1] == pytest.approx(found.money.everybody.estimate)


def test_curve_passes_through_the_policy():
    found = measured()
    place = np.flatnonzero(np.isclose(found.money.curve.share, found.share_contacted.estimate))[0]

    assert found.money.curve.estimate[place] == pytest.approx(found.money.profit.estimate)
    assert found.money.curve.low[place] == pytest.approx(found.money.profit.low)


def test_responses_keep_the_contacts_and_change_what_they_bring():
    label, _, probability, rows = shop()
    half, same, double = measured().money.responses
    decided = probability * 0.2 * rows.spent >= 1.0

    assert [one.response_rate for one in (half, same, double)] == [0.2, 0.4, 0.8]
    assert same.profit == measured().money.profit
    assert same.best == measured().money.best
    assert double.profit.estimate == pytest.approx((decided * (label * 0.4 * rows.spent - 1.0)).mean())
    assert half.profit.estimate < same.profit.estimate < double.profit.estimate


def test_no_more_than_everybody_can_respond():
    found = measured(ProfitThreshold(cost=1.0, value=40.0, response_rate=1.0)).money

    assert [one.response_rate for one in found.responses] == [0.5, 1.0]


def test_rows_of_one_customer_widen_the_interval():
    label, customer, probability, rows = shop(cutoffs=1, n_customers=400)
    four = (np.tile(one, 4) for one in (label, customer, probability))
    again = profit(*four, pd.concat([rows] * 4), SETTLED, np.random.default_rng(7), 200)
    once = profit(label, customer, probability, rows, SETTLED, np.random.default_rng(7), 200)

    assert again.money.profit.estimate == pytest.approx(once.money.profit.estimate)
    assert (again.money.profit.low, again.money.profit.high) == pytest.approx(
        (once.money.profit.low, once.money.profit.high)
    )


def test_order_of_rows_changes_nothing():
    label, customer, probability, rows = shop()
    shuffled = np.random.default_rng(1).permutation(label.size)
    one = measured()
    other = profit(
        label[shuffled], customer[shuffled], probability[shuffled], rows.iloc[shuffled], SETTLED,
        np.random.default_rng(7), 100,
    )  # fmt: skip

    assert str(other.money.profit) == str(one.money.profit)
    assert str(other.money.regret) == str(one.money.regret)


def test_interval_of_the_profit_covers_the_truth_as_often_as_it_says():
    truth = profit(*shop(200_000, seed=99), SETTLED, np.random.default_rng(0), 2).money.profit.estimate
    found = [measured(seed=seed, n_resamples=200).money.profit for seed in range(100)]

    assert sum(one.low <= truth <= one.high for one in found) >= 88


def test_report_of_a_policy_with_costs():
    found = measured()
    report = found.report()
    content = report.artifacts["policy/profit.json"]

    assert report.metrics["test.profit_per_customer"] == found.money.profit.estimate
    assert report.metrics["test.regret_per_customer.ci_high"] == found.money.regret.high
    assert report.metrics["policy.share_contacted"] == found.share_contacted.estimate
    assert content["policy"]["digest"] == SETTLED.digest()
    assert content["profit_is_undefined"] is None
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_policy_without_costs_has_no_profit_and_says_so():
    report = measured(Threshold(at_least=0.3)).report()
    content = report.artifacts["policy/profit.json"]

    assert {name.split(".")[0] for name in report.metrics} == {"policy"}
    assert content["money"] is None
    assert "states no costs" in content["profit_is_undefined"]
    json.dumps(content, allow_nan=False)


def test_same_share_contacted_catches_the_same_whatever_it_is_worth():
    _, _, probability, _ = shop()
    at_least = float(np.quantile(probability, 0.9))
    money = ProfitThreshold(cost=0.0, value=1.0, response_rate=1.0, at_least=at_least)

    assert measured(Threshold(at_least=at_least)).caught == measured(money).caught


def test_policy_that_is_no_threshold_is_refused():
    class Odd(Threshold):
        def decide(self, probability, rows=None):
            return probability < self.at_least

    with pytest.raises(ModelError, match="contacts a customer of a lower priority"):
        measured(Odd(at_least=0.3))


def test_rows_that_do_not_fit_are_refused():
    label, customer, probability, rows = shop()

    with pytest.raises(ModelError, match="1,000 labels, 1,000 customers, 999 probabilities, 1,000 rows"):
        profit(label, customer, probability[1:], rows, SETTLED, np.random.default_rng(0))


def test_rows_without_a_positive_are_refused():
    label, *others = shop()

    with pytest.raises(NotEnoughDataError, match="None of 1,000 rows is positive"):
        profit(np.zeros_like(label), *others, SETTLED, np.random.default_rng(0))
