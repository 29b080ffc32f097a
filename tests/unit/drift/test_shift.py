"""The Kolmogorov-Smirnov distance as an effect size."""

import numpy as np
import pytest

from pipelines.drift.shift import MAX_UNITS, Resamples, distance, edges_of


def sides(n_reference, n_current, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(Resamples.of(np.arange(n), 200, rng) for n in (n_reference, n_current))


def exact(reference, current):
    """By the definition: the largest gap between the two distribution functions, at every value."""
    at = np.concatenate([reference, current])
    below = [np.searchsorted(np.sort(one), at, side="right") / one.size for one in (reference, current)]
    return np.abs(below[0] - below[1]).max()


def test_counts_are_compared_exactly():
    rng = np.random.default_rng(1)
    before, now = rng.poisson(2.0, 900).astype(float), rng.poisson(3.0, 700).astype(float)

    assert distance(before, now, sides(900, 700), 0.95).estimate == pytest.approx(exact(before, now))


def test_continuous_values_miss_less_than_the_step_of_the_quantiles():
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=2_000), rng.normal(0.7, 1.3, size=2_000)

    assert 0 <= exact(before, now) - distance(before, now, sides(2_000, 2_000), 0.95).estimate <= 0.02


def test_an_atom_that_moved_a_hair_is_seen():
    before, now = np.repeat([0.0, 1.0], [500, 500]), np.repeat([0.0001, 1.0], [500, 500])

    assert distance(before, now, sides(1_000, 1_000), 0.95).estimate == 0.5


def test_nulls_are_left_out():
    rng = np.random.default_rng(1)
    before, now = rng.poisson(2.0, 400).astype(float), rng.poisson(4.0, 400).astype(float)
    holes = np.where(np.arange(400) % 2 == 0, np.nan, now)

    assert distance(before, holes, sides(400, 400), 0.95).estimate == pytest.approx(exact(before, now[1::2]))


def test_the_interval_holds_the_truth_as_often_as_it_says_also_where_the_truth_is_nought():
    rng = np.random.default_rng(2)
    for truth, move in ((0.0, 0.0), (0.3829, 1.0)):
        held = 0
        for _ in range(60):
            found = distance(rng.normal(size=300), rng.normal(move, 1, size=300), sides(300, 300), 0.95)
            held += found.low <= truth <= found.high
        assert held >= 54


def test_dealing_customers_into_groups_keeps_the_width_of_the_interval():
    rng = np.random.default_rng(3)
    widths = []
    for n_customers in (MAX_UNITS, 4 * MAX_UNITS):
        before, now = rng.normal(size=n_customers), rng.normal(size=n_customers)
        pair = sides(n_customers, n_customers)
        assert pair[0].weights.shape == (200, MAX_UNITS)
        found = distance(before, now, pair, 0.95)
        widths.append(found.high - found.estimate)

    assert widths[0] / widths[1] == pytest.approx(2.0, rel=0.15)


def test_a_customer_stays_together_in_every_resample():
    customer = np.repeat(np.arange(5), 7)
    drawn = Resamples.of(customer, 10, np.random.default_rng(0))

    assert all(np.unique(drawn.unit[customer == one]).size == 1 for one in range(5))
    np.testing.assert_array_equal(drawn.weights.sum(axis=1), 5)


def test_edges_hold_every_common_value():
    assert edges_of(np.repeat([0.0, 1.0, 7.0], [900, 60, 40])).tolist() == [0.0, 1.0, 7.0]
