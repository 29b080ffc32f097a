"""Rates of groups and their intervals, from counts per customer: a resample of customers is one matrix product."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval, rate_interval, simultaneous_level
from pipelines.fairness.findings import RATES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FEW_CUSTOMERS = 10
"""With fewer customers on one side of a rate, a bootstrap is too narrow: 0 of 60 would resample to 0 for ever."""

_COUNTS = ("rows", "positives", "negatives", "selected", "true_selected", "false_selected", "score")
_FRACTIONS = {
    "prevalence": ("positives", "rows"),
    "selection_rate": ("selected", "rows"),
    "true_positive_rate": ("true_selected", "positives"),
    "false_positive_rate": ("false_selected", "negatives"),
    "mean_score": ("score", "rows"),
}


@dataclass(frozen=True)
class Cases:
    """Decided cases whose outcome is known.

    Parameters
    ----------
    label, decision : int array of shape (n_rows,)
        0 or 1.
    customer : int array of shape (n_rows,)
        Codes from 0 without gaps.
    probability : float array of shape (n_rows,)
        The calibrated score.
    """

    label: IntArray
    decision: IntArray
    customer: IntArray
    probability: FloatArray

    def only(self, mask: NDArray[np.bool_]) -> Cases:
        """The cases of a mask; customers keep their codes."""
        return Cases(self.label[mask], self.decision[mask], self.customer[mask], self.probability[mask])


def customer_counts(cases: Cases, group: IntArray, n_groups: int) -> FloatArray:
    """What each customer adds to each group.

    Returns
    -------
    float array of shape (n_customers, n_groups, 7)
        Rows, positives, negatives, selected, selected positives, selected negatives, and the sum of scores.
    """
    n_customers = int(cases.customer.max(initial=-1)) + 1
    label, decision = cases.label.astype(float), cases.decision.astype(float)
    parts = (
        np.ones(label.size),
        label,
        1 - label,
        decision,
        decision * label,
        decision * (1 - label),
        cases.probability,
    )
    cell = cases.customer * n_groups + group
    sums = [np.bincount(cell, part, minlength=n_customers * n_groups).astype(np.float64) for part in parts]
    return np.stack(sums, axis=-1).reshape(n_customers, n_groups, len(parts))


def rates(counts: FloatArray) -> dict[str, FloatArray]:
    """The rates of counts, by the names in `RATES`; NaN where nobody is in the denominator.

    Examples
    --------
    >>> found = rates(np.array([[4.0, 2, 2, 1, 1, 0, 1.6]]))
    >>> {name: float(value[0]) for name, value in found.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'prevalence': 0.5, 'selection_rate': 0.25, 'true_positive_rate': 0.5, 'false_positive_rate': 0.0,
     'mean_score': 0.4}
    """
    named = {name: counts[..., place] for place, name in enumerate(_COUNTS)}
    return {name: _ratio(named[above], named[below]) for name, (above, below) in _FRACTIONS.items()}


def resampled(counts: FloatArray, n_resamples: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """The rates of each group on resamples of customers, each of shape (n_resamples, n_groups).

    Empty with fewer than two customers, of whom there is nothing to resample.
    """
    n_customers, n_groups, n_counts = counts.shape
    if n_customers < 2:
        return {name: np.empty((0, n_groups)) for name in RATES}
    flat = counts.reshape(n_customers, -1)
    drawn = [weights @ flat for weights in cluster_weights(np.arange(n_customers), n_resamples, rng)]
    return rates(np.concatenate(drawn).reshape(-1, n_groups, n_counts))


def group_intervals(
    cases: Cases, points: dict[str, float], draws: dict[str, FloatArray], level: float, n_groups: int
) -> dict[str, Interval]:
    """The rates of one group with intervals that hold for all groups at once.

    Parameters
    ----------
    cases : Cases
        Of this group.
    points : dict of str to float
        Its rates.
    draws : dict of str to float array of shape (n_resamples,)
        Its rates on resamples of customers.
    level : float in (0, 1)
        How often the intervals of all groups should hold at once. The two error rates share it, since equalized odds
        looks at both.
    n_groups : int
        Groups that are compared.

    Returns
    -------
    dict of str to Interval
        Percentile intervals; where fewer than ten customers stand on one side of a rate, joined with Wilson's.
    """
    one, both = simultaneous_level(level, max(1, n_groups)), simultaneous_level(level, max(1, 2 * n_groups))
    levels = dict.fromkeys(RATES, one) | {"true_positive_rate": both, "false_positive_rate": both}
    found = {name: interval(points[name], draws[name], levels[name]) for name in RATES}
    positive = cases.only(cases.label == 1)
    negative = cases.only(cases.label == 0)
    asked = {
        "prevalence": (cases.label, cases.customer),
        "selection_rate": (cases.decision, cases.customer),
        "true_positive_rate": (positive.decision, positive.customer),
        "false_positive_rate": (negative.decision, negative.customer),
    }
    return found | {name: _widened(found[name], *rows, levels[name]) for name, rows in asked.items()}


def _widened(found: Interval, outcome: IntArray, customer: IntArray, level: float) -> Interval:
    sides = (np.unique(customer[outcome == value]).size for value in (0, 1))
    if min(sides) >= FEW_CUSTOMERS and not math.isnan(found.low):
        return found
    wilson = rate_interval(outcome, customer, level)
    return Interval(found.estimate, float(np.fmin(found.low, wilson.low)), float(np.fmax(found.high, wilson.high)))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return ratio
