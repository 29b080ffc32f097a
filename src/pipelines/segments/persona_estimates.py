"""Estimates with intervals in which the customer is the unit: rates, means, medians and differences."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from pipelines.core.intervals import Interval, cluster_weights, wilson

FloatArray = NDArray[np.float64]
UNDEFINED = Interval(math.nan, math.nan, math.nan)
_MANY = 5_000
"""A mean over more customers is normal, and need not be resampled."""


def critical(level: float) -> float:
    """The quantile of the normal distribution that an interval of ``level`` reaches to.

    Examples
    --------
    >>> round(critical(0.95), 3)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)


def share_of(n: int, n_all: int, level: float) -> Interval:
    """A share of independent customers and its Wilson interval; undefined of none.

    Examples
    --------
    >>> str(share_of(5, 10, 0.95))
    '0.500 [0.237, 0.763]'
    """
    if n_all == 0:
        return UNDEFINED
    return _wilson(n / n_all, n_all, level)


def clustered_share(above: FloatArray, below: FloatArray, level: float, most: float = math.inf) -> Interval:
    """A ratio of sums over customers, ``sum(above) / sum(below)``, with Wilson's interval at its effective size.

    Of a share of revenue every unit of money is a case and the customer a cluster of them; of a share of moves every
    move is a case. The effective size is ``R (1 - R) / Var(R)``, with the linearised variance of a ratio.

    Parameters
    ----------
    above, below : float array of shape (n_customers,)
        What each customer adds to numerator and denominator. Customers that add nothing below do not count.
    level : float in (0, 1)
        Of the interval.
    most : float
        The most that the effective size may be, such as the number of moves.

    Returns
    -------
    Interval
        Inside [0, 1] as long as ``0 <= above <= below``. Otherwise, as where returns make a sum negative, it is the
        plain normal interval. Undefined where the denominator is not positive.

    References
    ----------
    Korn & Graubard (1998), *Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data*; Cochran (1977), *Sampling Techniques*, section 6.4, for the variance of a ratio.

    Examples
    --------
    >>> str(clustered_share(np.array([1.0, 0, 0, 1]), np.ones(4), 0.95))
    '0.500 [0.125, 0.875]'
    """
    held = below != 0
    above, below = above[held], below[held]
    total, n = float(below.sum()), below.size
    if n == 0 or total <= 0:
        return UNDEFINED
    share = float(above.sum()) / total
    variance = float(np.square(above - share * below).sum()) * n / max(1, n - 1) / total**2
    if (below < 0).any() or not 0 <= share <= 1:
        reach = critical(level) * math.sqrt(variance) if n > 1 else math.nan
        return Interval(share, share - reach, share + reach)
    n_effective = share * (1 - share) / variance if variance > 1e-15 else float(n)
    return _wilson(share, min(n_effective, most), level)


def mean_of(values: FloatArray, level: float, rng: np.random.Generator, n_resamples: int) -> Interval:
    """The mean over customers and its studentised bootstrap interval, NaN left out.

    Parameters
    ----------
    values : float array of shape (n_customers,)
        One per customer.
    level : float in (0, 1)
        Of the interval.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    Interval
        Symmetric; over more than 5,000 customers it is the normal one. Ends are NaN with fewer than two customers or
        where all are alike: such data do not say how others would differ.

    References
    ----------
    Davison & Hinkley (1997), *Bootstrap Methods and their Application*, section 5.2.1 (studentised bootstrap).

    Examples
    --------
    >>> str(mean_of(np.arange(50.0), 0.95, np.random.default_rng(1), 1_000))
    '24.500 [20.389, 28.611]'
    """
    known = values[np.isfinite(values)]
    n = known.size
    if n == 0:
        return UNDEFINED
    mean = float(known.mean())
    error = float(known.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if error <= abs(mean) * 1e-12:
        return Interval(mean, math.nan, math.nan)
    reach = critical(level) if n > _MANY else _studentised(known, mean, level, rng, n_resamples)
    ends = (mean - reach * error, mean + reach * error) if math.isfinite(reach) else (math.nan, math.nan)
    return Interval(mean, *ends)


def median_of(values: FloatArray, counts: FloatArray, level: float) -> Interval:
    """The median and the order statistics that hold it, whatever the distribution.

    Parameters
    ----------
    values, counts : float array of shape (n_values,)
        Different values, ascending and without NaN, and how often each occurs.
    level : float in (0, 1)
        Of the interval.

    Returns
    -------
    Interval
        Undefined of no values; of too few to hold the median that often, without ends.

    References
    ----------
    David & Nagaraja (2003), *Order Statistics*, section 7.1.

    Examples
    --------
    >>> str(median_of(np.arange(1.0, 12.0), np.ones(11), 0.95))
    '6.000 [2.000, 10.000]'
    """
    up_to = np.cumsum(counts)
    n = int(up_to[-1]) if up_to.size else 0
    if n == 0:
        return UNDEFINED

    def ranked(rank: int) -> float:
        return float(values[np.searchsorted(up_to, rank, side="right")])

    middle = (ranked((n - 1) // 2) + ranked(n // 2)) / 2
    place = int(binom.ppf((1 - level) / 2, n, 0.5)) - 1
    if place < 0:
        return Interval(middle, math.nan, math.nan)
    return Interval(middle, ranked(place), ranked(n - 1 - place))


def difference(one: Interval, other: Interval) -> Interval:
    """One estimate minus an independent other, from the ends of both (method of variance estimates recovery).

    References
    ----------
    Newcombe (1998), *Interval estimation for the difference between independent proportions*, Statistics in Medicine.

    Examples
    --------
    >>> str(difference(Interval(0.5, 0.4, 0.6), Interval(0.25, 0.2, 0.3)))
    '0.250 [0.138, 0.362]'
    """
    gap = one.estimate - other.estimate
    down = math.hypot(one.estimate - one.low, other.high - other.estimate)
    up = math.hypot(one.high - one.estimate, other.estimate - other.low)
    return Interval(gap, gap - down, gap + up)


def bounded(found: Interval, low: float, high: float) -> Interval:
    """With ends no further than a quantity can be; NaN stays."""
    return Interval(found.estimate, float(np.clip(found.low, low, high)), float(np.clip(found.high, low, high)))


def _wilson(share: float, n: float, level: float) -> Interval:
    low, high = wilson(share, n, critical(level))
    return Interval(share, float(low), float(high))


def _studentised(known: FloatArray, mean: float, level: float, rng: np.random.Generator, n_resamples: int) -> float:
    """How many standard errors an interval reaches to either side."""
    n = known.size
    moments = np.stack([known, known**2], axis=1)
    drawn = np.concatenate([weights @ moments for weights in cluster_weights(np.arange(n), n_resamples, rng)])
    means, squares = (drawn / n).T
    error = np.sqrt(np.maximum(0.0, squares - means**2) / (n - 1))
    away = np.abs(means - mean)
    unknown = np.where(away > 0, np.inf, 0.0)  # a resample of customers who are all alike says nothing of its error
    t = np.divide(away, error, out=unknown, where=error > np.abs(means) * 1e-9)
    return float(np.quantile(t, level, method="higher"))
