"""Quantiles of histograms are those of the numbers; shares have Wilson's interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipelines.profile.counts import Histogram, share_interval


@given(st.lists(st.integers(-5, 200), min_size=1, max_size=40), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_that_of_the_numbers_themselves(numbers, level):
    value, n = np.unique(numbers, return_counts=True)

    found = Histogram(value, n).quantile(level)

    assert found == np.quantile(numbers, level, method="inverted_cdf")


def test_an_empty_histogram_says_so():
    none = Histogram(np.empty(0, np.int64), np.empty(0, np.int64))

    assert (none.total, none.largest, none.quantile(0.5), none.n_above(3)) == (0, 0, 0, 0)
    assert np.isnan(none.mean)


def test_columns_come_in_any_order():
    found = Histogram.from_columns({"value": np.array([7, 1]), "n": np.array([2, 3])})

    assert (found.value.tolist(), found.n.tolist(), found.mean) == ([1, 7], [3, 2], 3.4)


@pytest.mark.parametrize(("n_positive", "n"), [(0, 5), (3, 9), (40, 40)])
def test_the_interval_is_wilsons(n_positive, n):
    found = share_interval(n_positive, n)

    expected = binomtest(n_positive, n).proportion_ci(method="wilson")
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high], atol=1e-12)


def test_nobody_has_no_share():
    assert str(share_interval(0, 0)) == "nan [nan, nan]"
