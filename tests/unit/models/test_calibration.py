from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from pipelines.core.errors import ModelError
from pipelines.models.calibration import Beta, Isotonic, Sigmoid
from pipelines.models.calibration_maps import BetaMap, IsotonicMap, SigmoidMap, VennAbersMap, beta_features


def drawn(truth, n_rows=40_000, seed=1):
    """Log-odds that are wrong by a known function, and labels drawn from the true log-odds."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(-1, 1.5, n_rows)
    return raw, (rng.random(n_rows) < expit(truth(raw))).astype(np.int8)


def distorted(slope, intercept, n_rows=40_000):
    return drawn(lambda raw: slope * raw + intercept, n_rows)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 1.0), (2.0, -1.5)])
def test_sigmoid_recovers_a_known_distortion(slope, intercept):
    fitted = Sigmoid().fit(*distorted(slope, intercept))

    assert fitted.slope == pytest.approx(slope, rel=0.05)
    assert fitted.intercept == pytest.approx(intercept, abs=0.06)


def test_mean_probability_is_the_prevalence():
    raw, label = distorted(0.5, 1.0, n_rows=5_000)

    assert Sigmoid().fit(raw, label).probability(raw).mean() == pytest.approx(label.mean(), abs=1e-4)


@given(
    slope=st.floats(0.05, 5),
    intercept=st.floats(-3, 3),
    raw=st.lists(st.integers(-600, 600), min_size=2, max_size=20, unique=True),
)
def test_sigmoid_is_strictly_increasing(slope, intercept, raw):
    scores = np.array(sorted(raw)) / 100

    assert (np.diff(SigmoidMap(slope=slope, intercept=intercept).probability(scores)) > 0).all()


def test_scores_that_rank_the_wrong_way_are_refused_not_turned_round():
    raw, label = distorted(-1.0, 0.0, n_rows=2_000)

    with pytest.raises(ModelError) as error:
        Sigmoid().fit(raw, label)

    assert str(error.value).startswith("The out-of-fold scores do not rise with the labels (slope -")


@pytest.mark.parametrize(("a", "b", "c"), [(1.0, 1.0, 0.0), (0.4, 1.5, -0.5), (2.0, 0.5, 1.0)])
def test_beta_recovers_ends_of_different_steepness(a, b, c):
    known = BetaMap(a=a, b=b, c=c)
    raw, label = drawn(lambda raw: np.array([a, b]) @ np.array(beta_features(raw)) + c, n_rows=200_000)

    fitted = Beta().fit(raw, label)

    np.testing.assert_allclose(fitted.probability(raw), known.probability(raw), atol=0.02)
    assert (fitted.a, fitted.b) == (pytest.approx(a, abs=0.1), pytest.approx(b, abs=0.2))


@pytest.mark.parametrize("bend", [-0.6, 0.0, 0.15])
def test_beta_is_the_best_point_within_its_bounds(bend):
    raw, label = drawn(lambda raw: raw + bend * raw**2, n_rows=2_000)
    features, sign = np.column_stack([*beta_features(raw), np.ones(raw.size)]), 2.0 * label - 1

    def loss(point):
        return -log_expit(sign * (features @ point)).mean()

    fitted = Beta().fit(raw, label)
    found = minimize(loss, [1.0, 1.0, 0.0], bounds=[(0, None), (0, None), (None, None)])

    assert loss([fitted.a, fitted.b, fitted.c]) <= found.fun + 1e-6


def test_beta_that_would_fall_at_one_end_is_flat_there():
    fitted = Beta().fit(*drawn(lambda raw: raw - 0.6 * raw**2))

    assert fitted.b == 0
    assert fitted.a > 0


def test_isotonic_follows_a_curve_that_no_sigmoid_has():
    def steps(raw):
        return np.where(raw < -1, -3.0, np.where(raw < 0.5, -1.0, 2.0))

    raw, label = drawn(steps)
    at = np.array([-2.5, -0.2, 2.0])

    np.testing.assert_allclose(Isotonic().fit(raw, label).probability(at), expit(steps(at)), atol=0.03)


def test_isotonic_ends_are_one_row_away_from_certainty():
    raw = np.arange(40.0)
    label = (raw >= 20).astype(np.int8)

    fitted = Isotonic().fit(raw, label)

    assert fitted.level == (pytest.approx(1 / 21), pytest.approx(20 / 21))
    assert fitted.raw == (9.5, 29.5)


def test_isotonic_ties_only_beyond_its_ends():
    raw, label = distorted(1.0, 0.0, n_rows=5_000)
    fitted = Isotonic().fit(raw, label)
    inside = np.linspace(fitted.raw[0], fitted.raw[-1], 1_000)

    assert (np.diff(fitted.probability(inside)) > 0).all()


def test_isotonic_does_not_depend_on_the_order_of_rows():
    raw, label = distorted(0.5, 1.0, n_rows=500)
    shuffled = np.random.default_rng(0).permutation(500)

    assert Isotonic().fit(raw, label) == Isotonic().fit(raw[shuffled], label[shuffled])


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: SigmoidMap(slope=-1.0, intercept=0.0), "slope"),
        (lambda: BetaMap(a=-1.0, b=1.0, c=0.0), "a"),
        (lambda: BetaMap(a=0.0, b=0.0, c=0.0), "a and b are both 0"),
        (lambda: IsotonicMap(raw=(0.0, 1.0), level=(0.5, 0.4)), "level falls"),
        (lambda: IsotonicMap(raw=(1.0, 0.0), level=(0.4, 0.5)), "raw falls"),
        (lambda: IsotonicMap(raw=(0.0,), level=(0.0,)), "level"),
        (lambda: IsotonicMap(raw=(0.0,), level=(0.4, 0.5)), "level has 2 values where 1 belong"),
        (lambda: VennAbersMap(lower_from=(0.0,), lower=(0.5, 0.1), upper_after=(), upper=(1.0,)), "lower falls"),
        (lambda: VennAbersMap(lower_from=(), lower=(0.0,), upper_after=(0.0,), upper=(1.0,)), "upper has 1 values"),
    ],
)
def test_map_that_falls_or_is_torn_cannot_be_made(make, field):
    with pytest.raises(ValidationError, match=field):
        make()
