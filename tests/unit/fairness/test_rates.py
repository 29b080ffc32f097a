"""Measures of groups and their intervals."""

import numpy as np
import pytest

from pipelines.core.intervals import rate_interval
from pipelines.fairness.rates import Decided, effective, mean_interval, measured, sums


def decided(rng, n_customers, rows_each=4, alike=1.0):
    customer = np.repeat(np.arange(n_customers), rows_each)
    own = rng.random(n_customers)[customer]
    decision = np.where(rng.random(customer.size) < alike, own, rng.random(customer.size)) < 0.2
    label = rng.random(customer.size) < 0.3
    return Decided(label, customer, decision, np.full(customer.size, 0.3), rng.normal(size=customer.size)).columns()


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def test_one_group_has_the_interval_of_a_rate_wherever_pooling_adds_nothing(rng):
    cases = decided(rng, 200)
    held = sums(cases, np.zeros(800, int), 1)
    ours = measured(held, np.array([True]), 1.959964, 0.95, rng, 10)["selection_rate"][0]

    plain = rate_interval(cases.decision, cases.customer)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), abs=1e-6)


def test_rows_of_a_customer_that_are_alike_count_once_and_others_in_full():
    n_customers, each = 400, 4
    alike = np.repeat([4.0, 0.0, 0.0, 0.0], n_customers // 4)
    mixed = np.ones(n_customers)
    below = np.full(n_customers, float(each))
    group = np.zeros(n_customers, int)

    assert effective(alike, below, group, 1)[1][0] == pytest.approx(n_customers, rel=0.01)
    assert effective(mixed, below, group, 1)[1][0] == n_customers * each


def test_a_small_group_borrows_the_correlation_of_the_others():
    """Its own three customers happen to look independent; those of the large group do not."""
    above = np.array([*[4.0, 0.0, 0.0, 0.0] * 50, 1.0, 1.0, 1.0])
    below, group = np.full(203, 4.0), np.array([0] * 200 + [1] * 3)
    _, n = effective(above, below, group, 2)

    assert n[1] == pytest.approx(3, rel=0.02)


def test_groups_without_cases_are_unknown(rng):
    cases = decided(rng, 30)
    found = measured(sums(cases, np.zeros(120, int), 2), np.array([True, False]), 2.0, 0.95, rng, 50)

    for rate, (_, nobody) in found.items():
        assert np.isnan([nobody.estimate, nobody.low, nobody.high]).all(), rate


def test_rows_of_no_group_are_left_out(rng):
    cases = decided(rng, 30)
    half = np.where(cases.customer < 15, 0, -1)

    assert sums(cases, half, 1).parts["rows"].sum() == 60


def test_a_customer_whose_group_changes_counts_in_each(rng):
    cases = decided(rng, 10)
    moved = np.tile([0, 0, 1, 1], 10)
    held = sums(cases, moved, 2)

    assert np.bincount(held.group).tolist() == [10, 10]
    assert held.parts["rows"].sum() == 40


def test_a_mean_has_students_interval_where_values_are_normal(rng):
    values = rng.normal(size=40)
    found = mean_interval(values, np.ones(40), 0.95, rng, 4_000)

    student = 2.0227 * values.std(ddof=1) / np.sqrt(40)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(student, rel=0.06)


def test_a_mean_over_many_customers_is_normal_and_draws_nothing(rng):
    values = rng.normal(size=6_000)
    found = mean_interval(values, np.ones(6_000), 0.95, None, 1_000)

    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / np.sqrt(6_000), rel=1e-3)


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0], [0.0, 0.0]])
def test_a_mean_of_one_or_of_equals_has_no_interval(rng, values):
    found = mean_interval(np.array(values), np.ones(len(values)), 0.95, rng, 50)

    assert np.isnan([found.low, found.high]).all()


def test_a_skewed_profit_is_covered_where_a_percentile_bootstrap_is_not(rng):
    """One contact in twenty earns 20, the rest cost 1; 60 customers."""
    held, naive = 0, 0
    for _ in range(150):
        values = np.where(rng.random(60) < 0.05, 20.0, -1.0)
        found = mean_interval(values, np.ones(60), 0.95, rng, 400)
        low, high = np.quantile(rng.choice(values, (400, 60)).mean(axis=1), [0.025, 0.975])
        truth = 0.05 * 20 - 0.95
        held += not found.low > truth and not found.high < truth  # an unknown end excludes nothing
        naive += low <= truth <= high

    assert held >= 138
    assert naive < held
