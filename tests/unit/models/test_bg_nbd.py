"""BG/NBD against simulated customers, whose end is known, and against its own integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta, gamma

from pipelines.core.errors import ModelError
from pipelines.models.bg_nbd import BetaGeometric, Histories, fit

TRUTH = BetaGeometric(r=0.8, alpha=20.0, a=0.8, b=2.5)
AHEAD = 60.0
EXACTLY = {"epsabs": 0.0, "epsrel": 1e-9, "limit": 200, "points": [0.01, 0.1, 0.5]}


def simulated(law, n_customers=20_000, seed=1):
    """Histories up to an age between 100 and 400 days, who is alive then, and who buys in the ``AHEAD`` days after."""
    rng = np.random.default_rng(seed)
    rate, leaves = rng.gamma(law.r, 1 / law.alpha, n_customers), rng.beta(law.a, law.b, n_customers)
    age = rng.uniform(100, 400, n_customers)
    frequency, recency = np.zeros(n_customers), np.zeros(n_customers)
    is_alive, buys, at = np.ones(n_customers, bool), np.zeros(n_customers, bool), np.zeros(n_customers)
    active = is_alive.copy()
    while active.any():
        at += rng.exponential(1 / rate)
        buys |= active & (at >= age) & (at < age + AHEAD)
        active &= at < age
        frequency += active
        recency = np.where(active, at, recency)
        is_alive &= ~(active & (rng.random(n_customers) < leaves))
        active &= is_alive
    return Histories(frequency, recency, age), is_alive, buys


@pytest.mark.parametrize("law", [TRUTH, BetaGeometric(r=2.0, alpha=10.0, a=0.5, b=20.0)])
def test_law_of_simulated_customers_is_found_again(law):
    known, _, _ = simulated(law)
    found = fit(known)

    assert [law.r, law.alpha, law.a, law.b] == pytest.approx([found.r, found.alpha, found.a, found.b], rel=0.1)
    assert found.log_likelihood(known).mean() >= law.log_likelihood(known).mean()


def test_unit_of_time_changes_alpha_only():
    known, _, _ = simulated(TRUTH, n_customers=5_000)
    in_days, in_weeks = fit(known), fit(Histories(known.frequency, known.recency / 7, known.age / 7))

    assert (in_days.r, in_days.alpha, in_days.a, in_days.b) == pytest.approx(
        (in_weeks.r, 7 * in_weeks.alpha, in_weeks.a, in_weeks.b), rel=1e-3
    )


def calibration(probability, happened, n_bins=10):
    """Largest distance between predicted and observed shares over bins of equal size."""
    order = np.argsort(probability)
    return max(
        abs(probability[part].mean() - happened[part].mean()) for part in np.array_split(order, n_bins) if len(part)
    )


def test_p_alive_is_how_often_such_customers_are_alive():
    known, is_alive, _ = simulated(TRUTH)

    assert calibration(fit(known).p_alive(known), is_alive) < 0.035  # 2,000 customers a bin: 3 standard errors


def test_purchases_ahead_happen_as_often_as_said():
    known, _, buys = simulated(TRUTH)
    said = 1 / (1 + np.exp(-fit(known).purchase_log_odds(known, AHEAD)))

    assert calibration(said, buys) < 0.035


def of_rates(law, value):
    """The mean of ``value`` over the rates of customers."""
    return quad(lambda rate: value(rate) * gamma.pdf(rate, law.r, scale=1 / law.alpha), 0, 20, **EXACTLY)[0]


def of_leaving(law, value):
    """The mean of ``value`` over their probabilities of leaving."""
    return quad(lambda p: value(p) * beta.pdf(p, law.a, law.b), 0, 1, **EXACTLY)[0]


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0.0, 30.0), (1, 5.0, 30.0), (3, 25.0, 30.0), (6, 20.0, 60.0)])
def test_likelihood_p_alive_and_purchase_are_the_integrals_over_customers(x, t_x, age):
    law = BetaGeometric(r=1.5, alpha=8.0, a=1.2, b=2.5)
    known = Histories(*np.array([[x], [t_x], [age]], float))
    until, stayed, left = (
        lambda end: of_rates(law, lambda rate: rate**x * np.exp(-rate * end)),
        of_leaving(law, lambda p: (1 - p) ** x),
        of_leaving(law, lambda p: p * (1 - p) ** (x - 1)) if x else 0.0,
    )
    alive, gone = stayed * until(age), left * until(t_x)
    buys = stayed * (until(age) - until(age + 14)) / (alive + gone)

    assert law.log_likelihood(known) == pytest.approx(np.log(alive + gone), rel=1e-6)
    assert law.p_alive(known) == pytest.approx(alive / (alive + gone), rel=1e-6)
    assert law.purchase_log_odds(known, 14.0) == pytest.approx(np.log(buys / (1 - buys)), rel=1e-6)


def test_published_customer_is_expected_to_buy_as_often_as_published():
    # CDNOW: parameters of Fader, Hardie & Lee (2005); the customer and 1.226 of their note on BG/NBD in Excel
    law, ahead = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426), 39.0
    x, age = 2, 38.86
    silent = ((law.alpha + age) / (law.alpha + age + ahead)) ** (law.r + x)
    series = hyp2f1(law.r + x, law.b + x, law.a + law.b + x - 1, ahead / (law.alpha + age + ahead))
    expected_if_alive = (law.a + law.b + x - 1) / (law.a - 1) * (1 - silent * series)
    p_alive = law.p_alive(Histories(*np.array([[x], [30.43], [age]])))

    assert p_alive * expected_if_alive == pytest.approx(1.226, abs=5e-4)


def test_customer_without_a_repeat_purchase_is_alive_and_yet_may_not_buy():
    once = Histories(np.zeros(2), np.zeros(2), np.array([1.0, 1_000.0]))

    assert TRUTH.p_alive(once).tolist() == [1.0, 1.0]
    assert np.isfinite(TRUTH.purchase_log_odds(once, 28.0)).all()
    assert np.diff(TRUTH.purchase_log_odds(once, 28.0)) < 0


def test_extreme_histories_stay_finite():
    known = Histories(np.array([5_000.0, 5_000.0, 1.0]), np.array([5_000.0, 1.0, 0.0]), np.full(3, 5_000.0))

    assert np.isfinite(TRUTH.log_likelihood(known)).all()
    assert np.isfinite(TRUTH.alive_log_odds(known)).all()
    assert np.isfinite(TRUTH.purchase_log_odds(known, 28.0)).all()


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [([], [], []), ([0.0], [0.0], [9.0]), ([1.0], [9.0], [5.0]), ([1.0], [np.nan], [5.0]), ([-1.0], [1.0], [5.0])],
)
def test_what_is_no_history_or_never_repeats_is_refused(frequency, recency, age):
    with pytest.raises(ModelError, match=r"no histories.*Fix: "):
        fit(Histories(np.array(frequency), np.array(recency), np.array(age)))
