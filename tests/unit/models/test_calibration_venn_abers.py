"""The sweep gives what isotonic regression gives when the row is really added."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from pipelines.models.calibration import MIN_ROWS, VennAbers
from pipelines.models.calibration_venn_abers import bounds

ROWS = st.lists(st.tuples(st.integers(-8, 8), st.integers(0, 1)), min_size=1, max_size=40)


def brute_force(score, label, at, added):
    """Isotonic regression of the rows and one more, read at the score of the one."""
    scores, labels = np.append(score, at), np.append(label, added)
    return IsotonicRegression().fit(scores, labels).predict([at])[0]


def counted(rows):
    score, label = np.array(rows, dtype=float).T
    known, place, n_rows = np.unique(score, return_inverse=True, return_counts=True)
    return score, label, known, bounds(n_rows, np.bincount(place, weights=label, minlength=known.size).astype(np.int64))


@given(ROWS, st.integers(-18, 18))
def test_bounds_are_those_of_isotonic_regression_with_the_row_added(rows, twice):
    score, label, known, (lower, upper) = counted(rows)
    at = twice / 2  # at a score, between two, or beyond all

    assert lower[(known <= at).sum()] == pytest.approx(brute_force(score, label, at, 0), abs=1e-9)
    assert upper[(known < at).sum()] == pytest.approx(brute_force(score, label, at, 1), abs=1e-9)


@given(ROWS)
def test_bounds_rise_and_lie_apart(rows):
    _, _, _, (lower, upper) = counted(rows)

    assert (np.diff(lower) >= 0).all()
    assert (np.diff(upper) >= 0).all()
    assert (lower < 1).all()
    assert (upper > 0).all()
    assert (lower <= upper).all()


@pytest.mark.parametrize("seed", range(3))
def test_map_is_the_merged_brute_force_at_scores_between_them_and_beyond(seed):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=200).round(1)
    label = (rng.random(200) < 1 / (1 + np.exp(-score))).astype(np.int8)
    at = np.concatenate([[-9.0, 9.0], score[:10], rng.normal(size=20)])
    lower, upper = (np.array([brute_force(score, label, one, added) for one in at]) for added in (0, 1))

    fitted = VennAbers().fit(score, label)

    np.testing.assert_allclose(fitted.bounds(at), (lower, upper), atol=1e-8)
    np.testing.assert_allclose(fitted.probability(at), upper / (1 - lower + upper), atol=1e-8)


def test_few_rows_leave_the_bounds_far_apart_and_many_bring_them_together():
    def width(n_rows):
        rng = np.random.default_rng(0)
        score = rng.normal(size=n_rows)
        label = (rng.random(n_rows) < 1 / (1 + np.exp(-score))).astype(np.int8)
        lower, upper = VennAbers().fit(score, label).bounds(np.zeros(1))
        return (upper - lower).item()

    assert width(MIN_ROWS) > 5 * width(5_000)
