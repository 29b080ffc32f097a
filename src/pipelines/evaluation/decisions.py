"""What decisions are worth on rows whose outcome is known, whoever made them: no ranking is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.intervals import FloatArray, IntArray, Interval, cluster_weights, interval
from pipelines.evaluation.evaluate import N_RESAMPLES, LabelArray
from pipelines.evaluation.profit_sums import ratio

BoolArray = NDArray[np.bool_]
Statistic = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Worth:
    """What contacting these rows is worth.

    Parameters
    ----------
    n_rows, n_contacted : int
        A row is a customer at a moment.
    prevalence : float
        Share of positives among all rows.
    enrichment : Interval
        Share of positives among the contacted minus that among all rows; NaN if nobody is contacted.
    profit, over_everybody, over_champion : Interval or None
        Per row, in the source's currency: of the decisions, and beyond contacting everybody and the champion's
        decisions. None where the policy states no costs; the last one also where there is no champion.
    """

    n_rows: int
    n_contacted: int
    prevalence: float
    enrichment: Interval
    profit: Interval | None = None
    over_everybody: Interval | None = None
    over_champion: Interval | None = None


def enrichment(
    label: LabelArray, customer: IntArray, decision: BoolArray, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Interval:
    """Share of positives among the contacted minus that among all rows.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    decision : bool array of shape (n_rows,)
        Who is contacted.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    Interval
        95 %, customers resampled; NaN if nobody is contacted.

    Raises
    ------
    ModelError
        If the arrays are not of the same rows.
    NotEnoughDataError
        If there are fewer than two customers.

    Examples
    --------
    >>> found = enrichment(
    ...     np.array([1, 1, 0, 0]), np.arange(4), np.array([True, False, True, False]), np.random.default_rng(0), 50
    ... )
    >>> found.estimate
    0.0
    """
    positive, chosen = np.asarray(label, np.float64), decision.astype(np.float64)
    terms = _by_customer(customer, np.ones(positive.size), positive, chosen, positive * chosen)

    def of(sums: FloatArray) -> FloatArray:
        return ratio(sums[:, 3], sums[:, 2]) - ratio(sums[:, 1], sums[:, 0])

    return _resampled(of, terms, rng, n_resamples)


def mean_per_row(
    values: FloatArray, customer: IntArray, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Interval:
    """The mean over rows, customers resampled; see `enrichment` for parameters and errors.

    Examples
    --------
    >>> str(mean_per_row(np.array([2.0, 2.0, 2.0]), np.array([0, 0, 1]), np.random.default_rng(0), 20))
    '2.000 [2.000, 2.000]'
    """
    terms = _by_customer(customer, np.ones(values.size), values)
    return _resampled(lambda sums: ratio(sums[:, 1], sums[:, 0]), terms, rng, n_resamples)


def _by_customer(customer: IntArray, *values: FloatArray) -> FloatArray:
    """Sums over each customer's rows, shape (n_customers, n_values)."""
    if len({customer.size, *(one.size for one in values)}) > 1:
        raise ModelError(
            f"Decisions were to be judged on {customer.size:,} customers' rows and {values[-1].size:,} values.",
            why="They would be counted for somebody else.",
            fix="Pass one of each per row.",
        )
    known, code = np.unique(customer, return_inverse=True)
    return np.stack([np.bincount(code, weights=one, minlength=known.size) for one in values], axis=1)


def _resampled(of: Statistic, terms: FloatArray, rng: np.random.Generator, n_resamples: int) -> Interval:
    drawn = [of(weight @ terms) for weight in cluster_weights(np.arange(len(terms)), n_resamples, rng)]
    return interval(float(of(terms.sum(axis=0)[None])[0]), np.concatenate(drawn))
