"""The largest difference and the smallest ratio between groups, from the groups' simultaneous intervals.

A percentile bootstrap of the largest minus the smallest covers nothing where the truth is 0: the largest minus the
smallest of noisy values never is. So each pair of groups gets an interval that holds for all pairs at once, and the
extremes follow from the pairs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.intervals import FloatArray, Interval


@functools.lru_cache(maxsize=1_000)
def critical_value(level: float, n_groups: int) -> float:
    """What the intervals of groups reach to so that those of all pairs of them hold at once.

    The quantile of the studentised range over the square root of 2: Tukey and Kramer's comparison of all pairs, exact
    for groups of equal size and on the safe side for others. With two groups it is the normal quantile.

    References
    ----------
    Agresti, Bini, Bertaccini & Ryu (2008), *Simultaneous confidence intervals for comparing binomial parameters*,
    Biometrics 64.

    Examples
    --------
    >>> round(critical_value(0.95, 2), 3), round(critical_value(0.95, 6), 3)
    (1.96, 2.85)
    """
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(level, max(2, n_groups), np.inf)) / math.sqrt(2)


def largest_difference(groups: Sequence[Interval]) -> Interval:
    """The largest minus the smallest value, with the interval that follows from all pairs.

    The interval of a pair comes from the ends of its two groups (method of variance estimates recovery); groups are
    of different customers, so their errors are independent. While all pairs lie in their intervals, the largest
    difference is at least the highest low end, and at most the highest high end.

    Parameters
    ----------
    groups : sequence of Interval, at least two
        At `critical_value`; their estimates between the ends.

    Returns
    -------
    Interval
        At least 0. Both ends are NaN if a group's are: an unknown group could be the largest.

    Raises
    ------
    NotEnoughDataError
        With fewer than two groups.

    References
    ----------
    Newcombe (1998), *Interval estimation for the difference between independent proportions*; Zou & Donner (2008),
    *Construction of confidence limits about effect measures: a general approach*, both Statistics in Medicine.

    Examples
    --------
    >>> groups = [Interval(0.5, 0.4, 0.6), Interval(0.75, 0.7, 0.8), Interval(0.55, 0.45, 0.65)]
    >>> str(largest_difference(groups))
    '0.250 [0.138, 0.362]'
    """
    value, low, high = _ends(groups)
    widest = float(value.max() - value.min())
    if np.isnan(low + high).any():
        return Interval(widest, math.nan, math.nan)
    gap = value[:, None] - value[None, :]
    down = gap - np.hypot((value - low)[:, None], (high - value)[None, :])
    up = gap + np.hypot((high - value)[:, None], (value - low)[None, :])
    others = ~np.eye(value.size, dtype=bool)
    return Interval(widest, max(0.0, float(down[others].max())), float(up[others].max()))


def smallest_ratio(groups: Sequence[Interval]) -> Interval:
    """The smallest rate over the largest, with the interval that follows from all pairs.

    Parameters
    ----------
    groups : sequence of Interval, at least two
        Rates at `critical_value`; their estimates between the ends.

    Returns
    -------
    Interval
        In [0, 1]; the estimate is NaN if every rate is 0, the ends if a group's are.

    Raises
    ------
    NotEnoughDataError
        With fewer than two groups.

    References
    ----------
    Donner & Zou (2012), *Closed-form confidence intervals for functions of the normal mean and standard deviation*,
    Statistical Methods in Medical Research 21, for the ratio.

    Examples
    --------
    >>> str(smallest_ratio([Interval(0.2, 0.15, 0.26), Interval(0.4, 0.3, 0.5)]))
    '0.500 [0.348, 0.738]'
    """
    value, low, high = _ends(groups)
    estimate = float(value.min() / value.max()) if value.max() > 0 else math.nan
    if np.isnan(low + high).any():
        return Interval(estimate, math.nan, math.nan)
    least = _least_ratio(value, low, high)
    with np.errstate(divide="ignore"):
        most = 1 / least.T  # the most that one is of another is one over the least of the other way round
    others = ~np.eye(value.size, dtype=bool)
    return Interval(estimate, min(1.0, float(least[others].min())), min(1.0, float(most[others].min())))


def _least_ratio(value: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """The low end of each row's rate over each column's; their formula, with the subtraction that cancels removed."""
    product = value[:, None] * value[None, :]
    above, below = low * (2 * value - low), high * (2 * value - high)
    root = np.sqrt(np.maximum(0.0, product**2 - above[:, None] * below[None, :]))
    spread = np.broadcast_to(above[:, None], product.shape)
    return np.asarray(np.divide(spread, product + root, out=np.zeros_like(product), where=spread > 0))


def _ends(groups: Sequence[Interval]) -> tuple[FloatArray, FloatArray, FloatArray]:
    if len(groups) < 2:
        raise NotEnoughDataError(
            f"A comparison between groups was asked of {len(groups)} group{'s' * (len(groups) != 1)}.",
            why="The largest against the smallest needs two.",
            fix="Lower the minimum group size, or leave the comparison out.",
        )
    table = np.array([(group.estimate, group.low, group.high) for group in groups], dtype=np.float64)
    return table[:, 0], table[:, 1], table[:, 2]
