"""How much more data would decide: against the power of the test it promises."""

import math

import pytest
from scipy.stats import norm

from pipelines.core.intervals import Interval
from pipelines.evaluation.power import times_the_data


@pytest.mark.parametrize("chance", [0.6, 0.8, 0.95])
@pytest.mark.parametrize(("estimate", "line"), [(0.0, -0.005), (0.002, -0.005), (-0.012, -0.005), (0.004, 0.0)])
def test_the_advised_size_decides_as_often_as_it_says_if_the_estimate_is_the_truth(estimate, line, chance):
    error = 0.02 / norm.ppf(0.975)
    times = times_the_data(Interval(estimate, estimate - 0.02, estimate + 0.02), line, chance)
    assert times is not None
    smaller = error / math.sqrt(times)

    decides = norm.cdf(abs(estimate - line) / smaller - norm.ppf(0.975))

    assert decides == pytest.approx(chance, abs=1e-9)


def test_the_end_that_points_to_the_line_counts_where_an_interval_is_lopsided():
    assert times_the_data(Interval(0.0, -0.01, 0.5), -0.005) == times_the_data(Interval(0.0, -0.01, 0.01), -0.005)


@pytest.mark.parametrize("estimate", [-0.005, -0.005 + 1e-5, -0.005 - 1e-5, math.nan])
def test_what_lies_at_the_line_is_not_decided_by_any_number(estimate):
    assert times_the_data(Interval(estimate, estimate - 0.02, estimate + 0.02), -0.005) is None


def test_it_never_advises_to_collect_less():
    assert times_the_data(Interval(0.0, -0.001, 0.001), -0.005) == 1.0
