"""Intervals: who is resampled, what is undefined, and what a difference between groups may claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.intervals import (
    Interval,
    cluster_weights,
    interval,
    rate_interval,
    wilson,
)


def draw(customer, n_resamples=50, chunk=100, seed=0):
    weights = cluster_weights(np.asarray(customer), n_resamples, np.random.default_rng(seed), chunk=chunk)
    return np.concatenate(list(weights))


def test_rows_of_one_customer_are_drawn_together():
    weight = draw([3, 7, 3, 9, 7, 3])

    assert (weight[:, 0] == weight[:, 2]).all()
    assert (weight[:, 0] == weight[:, 5]).all()
    assert (weight[:, 1] == weight[:, 4]).all()


def test_each_resample_draws_as_many_customers_as_there_are():
    weight = draw([0, 1, 1, 2, 2, 2, 3])

    one_row_each = weight[:, [0, 1, 3, 6]]
    assert one_row_each.sum(axis=1).tolist() == [4.0] * 50


@given(st.integers(1, 30), st.integers(0, 40))
def test_chunks_change_memory_and_nothing_else(chunk, n_resamples):
    customer = [0, 1, 1, 2, 4, 4]
    pieces = list(cluster_weights(np.array(customer), n_resamples, np.random.default_rng(5), chunk=chunk))

    assert all(len(piece) <= chunk for piece in pieces)
    assert sum(len(piece) for piece in pieces) == n_resamples
    if n_resamples:
        np.testing.assert_array_equal(np.concatenate(pieces), draw(customer, n_resamples, chunk=1000, seed=5))


def test_gaps_between_customer_codes_do_not_matter():
    np.testing.assert_array_equal(draw([0, 1, 1, 2]), draw([5, 70, 70, 900]))


def test_one_customer_has_no_interval():
    with pytest.raises(NotEnoughDataError) as error:
        draw([4, 4, 4])

    assert str(error.value) == (
        "The rows hold 1 customer. An interval resamples customers, and one customer says nothing about others. "
        "Fix: Evaluate on more customers."
    )


def test_clustered_rows_make_a_wider_interval_than_independent_ones():
    rng = np.random.default_rng(1)
    customer = np.repeat(np.arange(200), 10)
    value = np.repeat(rng.normal(size=200), 10)

    clustered = interval(value.mean(), draw(customer, 400) @ value / value.size)
    by_row = interval(value.mean(), draw(np.arange(2000), 400) @ value / value.size)

    assert (clustered.high - clustered.low) / (by_row.high - by_row.low) == pytest.approx(math.sqrt(10), rel=0.25)


def test_the_clustered_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    customer = np.repeat(np.arange(80), 6)
    held = 0
    for seed in range(150):
        value = np.repeat(rng.normal(size=80), 6) + rng.normal(size=480)
        weight = draw(customer, 200, seed=seed)
        found = interval(value.mean(), weight @ value / weight.sum(axis=1))
        held += found.low <= 0 <= found.high

    assert 0.88 <= held / 150 <= 0.99


def test_a_few_undefined_draws_are_dropped():
    draws = np.append(np.linspace(0, 1, 101), [np.nan] * 5)

    assert interval(0.5, draws, level=0.9) == Interval(0.5, 0.05, 0.95)


@pytest.mark.parametrize("draws", [[], [math.nan] * 4, [0.5] * 94 + [math.nan] * 6])
def test_many_undefined_draws_leave_no_interval(draws):
    found = interval(0.5, np.array(draws))

    assert found.estimate == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_an_interval_reads_as_text():
    assert str(Interval(0.8619, 0.851, 0.8731)) == "0.862 [0.851, 0.873]"


@settings(max_examples=50)
@given(arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 1)), st.randoms())
def test_a_rate_interval_holds_the_rate_inside_0_and_1_in_any_row_order(label, random):
    customer = np.arange(label.size) // 3
    order = list(range(label.size))
    random.shuffle(order)
    found = rate_interval(label, customer)

    assert 0 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1
    shuffled = rate_interval(label[order], customer[order])
    assert (found.low, found.high) == pytest.approx((shuffled.low, shuffled.high))


def test_a_rate_of_independent_rows_has_the_plain_wilson_interval():
    label = np.array([1] * 10 + [0] * 90)
    found = rate_interval(label, np.arange(100))

    assert (found.low, found.high) == pytest.approx((0.0552, 0.1744), abs=5e-4)


def test_repeating_every_row_of_a_customer_does_not_narrow_a_rate():
    label, customer = np.array([1] * 10 + [0] * 90), np.arange(100)
    once = rate_interval(label, customer)
    tenfold = rate_interval(np.repeat(label, 10), np.repeat(customer, 10))

    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high), abs=1e-3)


def test_a_rate_without_rows_is_unknown():
    assert math.isnan(rate_interval([], np.array([], dtype=np.int64)).estimate)


@given(st.floats(0, 1), st.floats(0.5, 1e6), st.floats(0.1, 5))
def test_wilsons_interval_holds_the_rate_and_stays_inside_0_and_1(rate, n, critical):
    low, high = wilson(rate, n, critical)

    assert 0 <= low <= rate <= high <= 1


def test_wilsons_interval_of_an_unknown_rate_is_unknown():
    low, high = wilson([0.5, math.nan], [10, math.nan], 1.96)

    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1], high[1]]).all()
