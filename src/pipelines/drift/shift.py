"""How far a distribution moved: the Kolmogorov-Smirnov distance as an effect size, with an interval over customers.

It is not used as a test: a p-value shrinks with the number of rows, a distance does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_QUANTILES = 50
MAX_UNITS = 1_000


@dataclass(frozen=True)
class Resamples:
    """How often each customer of a side is drawn in each resample; every feature sees the same draws.

    More than 1,000 customers are dealt at random into 1,000 equal groups, which are drawn whole: the spread of a
    distribution function is the same, and the work no longer grows with customers times resamples.

    Parameters
    ----------
    unit : int array of shape (n_rows,)
        The customer, or group of customers, of each row: codes from 0 without gaps.
    weights : float array of shape (n_resamples, n_units)
        In single precision: whole numbers, and at hand for every feature.

    References
    ----------
    Wolter (2007), *Introduction to Variance Estimation*, chapter 2 (random groups).
    """

    unit: IntArray
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, customer: NDArray[np.generic], n_resamples: int, rng: np.random.Generator) -> Resamples:
        """Draw for the customers of a side, of whom there must be two."""
        known, code = np.unique(customer, return_inverse=True)
        n_units = min(known.size, MAX_UNITS)
        unit = rng.permutation(known.size) % n_units
        drawn = cluster_weights(np.arange(n_units), n_resamples, rng)
        return cls(unit[code], np.concatenate([part.astype(np.float32) for part in drawn]))


def edges_of(reference: FloatArray) -> FloatArray:
    """Values of the reference at 50 steps of its quantiles, without repeats: few distinct values are all there."""
    steps = np.linspace(0, 1, N_QUANTILES + 1)
    return np.unique(np.quantile(reference, steps, method="inverted_cdf"))


def distance(reference: FloatArray, current: FloatArray, sides: tuple[Resamples, Resamples], level: float) -> Interval:
    """The Kolmogorov-Smirnov distance between two samples, at the edges of the reference's quantiles.

    Parameters
    ----------
    reference, current : float array of shape (n_rows,)
        NaN rows are left out; each side needs a value.
    sides : pair of Resamples
        Of the reference's and of the current customers. The sides are resampled apart: where the same customers are
        in both, the interval is wider than it need be, never narrower.
    level : float in (0, 1)
        How often the interval holds the truth.

    Returns
    -------
    Interval
        Inside [0, 1]. The estimate may miss up to 0.02 between two edges, never at a value that is an edge.

    Notes
    -----
    The interval is the distance give or take the quantile of ``sup |D* - D|``, where ``D`` is the difference of the
    two distribution functions and ``D*`` that of a resample: a band around ``D`` bounds its largest absolute value.
    A percentile interval of resampled distances would sit too high, since noise only ever adds to a largest value.

    References
    ----------
    Bickel & Krieger (1989), *Confidence bands for a distribution function using the bootstrap*.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sides = (Resamples.of(np.arange(400), 100, rng), Resamples.of(np.arange(400), 100, rng))
    >>> moved = distance(rng.normal(0, 1, 400), rng.normal(1, 1, 400), sides, level=0.95)
    >>> bool(moved.low < 0.383 < moved.high)  # a move by one standard deviation
    True
    """
    edges = edges_of(reference[~np.isnan(reference)])
    parts = [_functions(values, side, edges) for values, side in zip((reference, current), sides, strict=True)]
    difference = parts[0].at - parts[1].at
    resampled = parts[0].resampled - parts[1].resampled
    estimate = float(np.abs(difference).max())
    defined = np.abs(resampled - difference).max(axis=1)
    reach = float(np.quantile(np.where(np.isnan(defined), 1.0, defined), level))
    return Interval(estimate, max(0.0, estimate - reach), min(1.0, estimate + reach))


@dataclass(frozen=True)
class _Functions:
    """A distribution function at each edge, from below and at it, on the data and on each resample."""

    at: FloatArray
    resampled: FloatArray


def _functions(values: FloatArray, side: Resamples, edges: FloatArray) -> _Functions:
    known = ~np.isnan(values)
    cell = np.searchsorted(edges, values[known], side="left") + np.searchsorted(edges, values[known], side="right")
    n_cells = 2 * edges.size + 1  # below the first edge, at it, between it and the next, at that, …
    n_units = side.weights.shape[1]
    flat = np.bincount(side.unit[known] * n_cells + cell, minlength=n_units * n_cells)
    counts = flat.reshape(n_units, n_cells).astype(np.float32)
    return _Functions(
        _cumulative(counts.sum(axis=0, dtype=np.float64)[None, :])[0],
        _cumulative(side.weights @ counts),
    )


def _cumulative(counts: NDArray[np.floating]) -> FloatArray:
    """Shares up to each cell; NaN where a resample drew nobody with a value."""
    sums = counts.astype(np.float64).cumsum(axis=1)
    total = sums[:, -1:]
    shares: FloatArray = np.divide(sums, total, out=np.full(sums.shape, np.nan), where=total > 0)
    return shares
