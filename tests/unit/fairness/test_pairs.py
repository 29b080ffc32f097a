"""Intervals of the largest difference and the smallest ratio."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.intervals import Interval, wilson
from pipelines.fairness.pairs import critical_value, largest_difference, smallest_ratio


@st.composite
def groups(draw):
    """Rates of two to six groups with Wilson's intervals."""
    found = []
    for _ in range(draw(st.integers(2, 6))):
        n = draw(st.integers(1, 500))
        rate = draw(st.integers(0, n)) / n
        found.append(Interval(rate, *(float(end) for end in wilson(rate, n, 2.5))))
    return found


def test_two_independent_rates_have_newcombes_interval():
    """Newcombe (1998), table II, comparison (a): 56/70 against 48/80, method 10."""
    pair = [Interval(x / n, *(float(end) for end in wilson(x / n, n, 1.959964))) for x, n in ((56, 70), (48, 80))]

    assert str(largest_difference(pair)) == "0.200 [0.052, 0.334]"


def test_of_two_groups_the_critical_value_is_the_normal_quantile():
    assert critical_value(0.95, 2) == pytest.approx(1.959964, abs=1e-5)


def test_the_critical_value_of_many_pairs_is_that_of_tables():
    """The studentised range of 10 groups with infinite degrees of freedom is 4.474 at 95 %."""
    assert critical_value(0.95, 10) == pytest.approx(4.474 / math.sqrt(2), abs=1e-3)


@given(groups())
def test_ends_lie_around_the_estimate_and_inside_the_possible(found):
    difference, ratio = largest_difference(found), smallest_ratio(found)

    assert 0 <= difference.low <= difference.estimate + 1e-9
    assert difference.estimate <= difference.high + 1e-9
    assert difference.high <= 1 + 1e-9
    assert 0 <= ratio.low <= ratio.high <= 1
    if not math.isnan(ratio.estimate):
        assert ratio.low - 1e-9 <= ratio.estimate <= ratio.high + 1e-9


@given(groups(), st.randoms())
def test_the_order_of_groups_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)

    for compare in (largest_difference, smallest_ratio):
        one, other = compare(found), compare(shuffled)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


@given(groups())
def test_the_extremes_are_those_of_the_pairs(found):
    pairs = [list(pair) for pair in permutations(found, 2)]

    assert largest_difference(found).high == pytest.approx(max(largest_difference(pair).high for pair in pairs))
    assert largest_difference(found).low == pytest.approx(max(largest_difference(pair).low for pair in pairs))
    assert smallest_ratio(found).low == pytest.approx(min(smallest_ratio(pair).low for pair in pairs))


def test_the_difference_is_narrower_than_the_farthest_ends():
    found = [Interval(0.5, 0.4, 0.6), Interval(0.5, 0.4, 0.6)]

    assert largest_difference(found).high == pytest.approx(0.1 * math.sqrt(2))


def test_no_positives_in_one_group_leave_a_ratio_between_0_and_what_its_high_end_allows():
    rates = [Interval(0.0, *(float(end) for end in wilson(0.0, 50, 1.96))), Interval(0.2, 0.15, 0.26)]
    found = smallest_ratio(rates)

    assert (found.estimate, found.low) == (0.0, 0.0)
    assert 0.2 < found.high < 0.6


def test_no_positives_at_all_leave_the_ratio_open():
    nothing = Interval(0.0, 0.0, 0.07)
    found = smallest_ratio([nothing, nothing])

    assert math.isnan(found.estimate)
    assert (found.low, found.high) == (0.0, 1.0)


def test_an_unknown_group_leaves_both_unknown():
    found = [Interval(0.5, 0.4, 0.6), Interval(0.7, math.nan, math.nan)]

    assert largest_difference(found).estimate == pytest.approx(0.2)
    assert math.isnan(largest_difference(found).low)
    assert math.isnan(smallest_ratio(found).high)


@pytest.mark.parametrize("compare", [largest_difference, smallest_ratio])
@pytest.mark.parametrize(("held", "named"), [([], "0 groups"), ([Interval(0.5, 0.4, 0.6)], "1 group")])
def test_a_comparison_needs_two_groups(compare, held, named):
    with pytest.raises(NotEnoughDataError) as error:
        compare(held)

    assert str(error.value) == (
        f"A comparison between groups was asked of {named}. The largest against the smallest needs two. "
        "Fix: Lower the minimum group size, or leave the comparison out."
    )


def test_the_difference_of_equal_groups_is_covered_where_a_percentile_bootstrap_fails():
    rng = np.random.default_rng(3)
    held, naive_held, critical = 0, 0, critical_value(0.95, 6)
    for _ in range(200):
        rates = rng.binomial(60, 0.1, size=6) / 60
        draws = rng.binomial(60, rates, size=(500, 6)) / 60
        ends = np.stack(wilson(rates, 60, critical), axis=1)
        held += largest_difference([Interval(rate, *of) for rate, of in zip(rates, ends, strict=True)]).low == 0
        naive_held += np.quantile(np.ptp(draws, axis=1), 0.025) <= 0

    assert held >= 187  # 190 expected at least; its standard deviation is 3
    assert naive_held == 0


def test_a_true_ratio_is_covered():
    rng = np.random.default_rng(4)
    held, critical = 0, critical_value(0.95, 2)
    for _ in range(400):
        rates = rng.binomial([80, 120], [0.15, 0.3]) / [80, 120]
        ends = np.stack(wilson(rates, [80, 120], critical), axis=1)
        found = smallest_ratio([Interval(rate, *of) for rate, of in zip(rates, ends, strict=True)])
        held += found.low <= 0.5 <= found.high

    assert held >= 370
