"""Intervals that resample customers, not rows: the panel repeats a customer at many cutoffs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.core.errors import NotEnoughDataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
Weights = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""One row per resample, one column per row of the data: how often the row was drawn."""

MAX_UNDEFINED_SHARE = 0.05


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval around it.

    Parameters
    ----------
    estimate : float
        The value on the data as they are.
    low, high : float
        The ends of the interval; both NaN when the data cannot say.

    Examples
    --------
    >>> str(Interval(0.862, 0.851, 0.873))
    '0.862 [0.851, 0.873]'
    """

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def cluster_weights(
    customer: IntArray, n_resamples: int, rng: np.random.Generator, *, chunk: int = 100
) -> Iterator[Weights]:
    """Bootstrap over customers, as weights of the rows.

    Each resample draws as many customers as there are, with replacement; a row weighs as much as its customer was
    drawn. The draws depend on the generator and the number of customers, not on ``chunk``.

    Parameters
    ----------
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    n_resamples : int
        How many resamples to draw.
    rng : Generator
        Source of the draws.
    chunk : int
        Resamples per array: memory is ``8 * chunk * n_rows`` bytes.

    Yields
    ------
    float array of shape (<= chunk, n_rows)
        Row weights: whole numbers.

    Raises
    ------
    NotEnoughDataError
        If there are fewer than two customers: every resample would be the same.

    References
    ----------
    Davison & Hinkley (1997), *Bootstrap Methods and their Application*, section 3.8 (hierarchical data).

    Examples
    --------
    >>> (weight,) = cluster_weights(np.array([0, 0, 1]), 2, np.random.default_rng(1))
    >>> weight
    array([[1., 1., 1.],
           [0., 0., 2.]])
    """
    known, code = np.unique(customer, return_inverse=True)
    if known.size < 2:
        raise NotEnoughDataError(
            f"The rows hold {known.size} customer{'s' * (known.size != 1)}.",
            why="An interval resamples customers, and one customer says nothing about others.",
            fix="Evaluate on more customers.",
        )
    sizes = [min(chunk, n_resamples - start) for start in range(0, n_resamples, chunk)]
    return (_times_drawn(known.size, size, rng)[:, code] for size in sizes)


def interval(estimate: float, draws: FloatArray, level: float = 0.95) -> Interval:
    """The percentile interval of a bootstrap.

    Parameters
    ----------
    estimate : float
        The value on the data as they are.
    draws : float array of shape (n_resamples,)
        The value on each resample; NaN where it is undefined, as for a resample without positives.
    level : float in (0, 1)
        How often such intervals should hold the truth.

    Returns
    -------
    Interval
        NaN draws are dropped. If more than 5 % are NaN, or none is left, both ends are NaN: what remains would be
        the interval of luckier data.

    References
    ----------
    Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13.

    Examples
    --------
    >>> interval(0.5, np.linspace(0, 1, 101), level=0.9)
    Interval(estimate=0.5, low=0.05, high=0.95)
    """
    defined = draws[~np.isnan(draws)]
    if defined.size == 0 or defined.size < (1 - MAX_UNDEFINED_SHARE) * draws.size:
        return Interval(float(estimate), math.nan, math.nan)
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail]).round(15)
    return Interval(float(estimate), float(low), float(high))


def rate_interval(label: ArrayLike, customer: IntArray, level: float = 0.95) -> Interval:
    """The share of positives and its Wilson interval, for rows that repeat customers.

    The number of rows is replaced by the effective one: rows divided by the design effect, the variance of the rate
    with customers as clusters over that of independent rows. It never counts for more than the rows, and where the
    rate is 0 or 1, and the design effect unknown, it is the number of customers. Unlike a bootstrap it keeps its width
    there.

    Parameters
    ----------
    label : array-like of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    level : float in (0, 1)
        How often such intervals should hold the truth.

    Returns
    -------
    Interval
        Inside [0, 1]; all NaN without rows.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*; Korn & Graubard (1998),
    *Confidence intervals for proportions with small expected number of positive counts*, for the effective size.

    Examples
    --------
    >>> str(rate_interval([0] * 8, np.arange(8)))
    '0.000 [0.000, 0.324]'
    >>> str(rate_interval([0] * 8, np.array([0, 0, 0, 0, 1, 1, 1, 1])))
    '0.000 [0.000, 0.658]'
    """
    labels = np.asarray(label, dtype=np.float64)
    if labels.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    rate, n = float(labels.mean()), _effective_n(labels, customer)
    z = NormalDist().inv_cdf((1 + level) / 2)
    low, high = wilson(rate, n, z)
    return Interval(rate, float(low), float(high))


def simultaneous_level(level: float, n_intervals: int) -> float:
    """The level of each of ``n_intervals`` that makes all of them hold at once (Bonferroni).

    Examples
    --------
    >>> simultaneous_level(0.95, 5)
    0.99
    """
    return 1 - (1 - level) / n_intervals


def wilson(rate: ArrayLike, n: ArrayLike, critical: float) -> tuple[FloatArray, FloatArray]:
    """The ends of Wilson's interval of a rate, element by element.

    Parameters
    ----------
    rate : array-like in [0, 1]
        The observed share; NaN gives NaN.
    n : array-like
        Independent cases behind it, not necessarily whole.
    critical : float
        The quantile of the normal distribution that the interval reaches to, e.g. 1.96.

    Returns
    -------
    (array, array)
        Low and high ends, inside [0, 1], with the rate between them.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*.

    Examples
    --------
    >>> [float(end.round(3)) for end in wilson(0.0, 8, 1.96)]
    [0.0, 0.324]
    """
    share, size, square = np.asarray(rate, np.float64), np.asarray(n, np.float64), critical**2
    centre = (share + square / (2 * size)) / (1 + square / size)
    reach = critical / (1 + square / size) * np.sqrt(share * (1 - share) / size + square / (4 * size**2))
    low, high = np.asarray(np.maximum(0.0, centre - reach)), np.asarray(np.minimum(1.0, centre + reach))
    return np.asarray(np.minimum(low, share)), np.asarray(np.maximum(high, share))


def _times_drawn(n_customers: int, n_resamples: int, rng: np.random.Generator) -> Weights:
    drawn = rng.integers(0, n_customers, size=(n_resamples, n_customers))
    cells = drawn + n_customers * np.arange(n_resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=n_resamples * n_customers)
    return counts.reshape(n_resamples, n_customers).astype(np.float64)


def _effective_n(labels: FloatArray, customer: IntArray) -> float:
    """Rows over the design effect, from the sums of residuals per customer."""
    known, code = np.unique(customer, return_inverse=True)
    residuals = labels - labels.mean()
    independent = float(residuals @ residuals)
    if independent == 0 or known.size < 2:
        return float(known.size)
    clustered = float(np.square(np.bincount(code, weights=residuals)).sum()) * known.size / (known.size - 1)
    return labels.size / max(1.0, clustered / independent)
