"""Distributions of whole numbers and shares of counts: what comes back from the engine instead of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Histogram:
    """How often each whole number occurs.

    Parameters
    ----------
    value : ndarray of int64, shape (n_values,)
        Distinct, ascending: days, minor units of a currency, pieces.
    n : ndarray of int64, shape (n_values,)
        How often each occurs; at least once.

    Examples
    --------
    >>> gaps = Histogram(np.array([1, 7, 30]), np.array([2, 5, 1]))
    >>> gaps.total, gaps.largest, gaps.quantile(0.5), gaps.quantile(0.9)
    (8, 30, 7, 30)
    """

    value: IntArray
    n: IntArray

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]]) -> Histogram:
        """From columns ``value`` and ``n``, in any order."""
        value, n = columns["value"].astype(np.int64), columns["n"].astype(np.int64)
        order = np.argsort(value, kind="stable")
        return cls(value[order], n[order])

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return int(self.n.sum())

    @property
    def largest(self) -> int:
        """The largest number; 0 if there is none."""
        return int(self.value[-1]) if len(self.value) else 0

    @property
    def mean(self) -> float:
        """Their mean; NaN if there is none."""
        return float(self.value @ self.n) / self.total if self.total else math.nan

    def n_above(self, bound: int) -> int:
        """How many numbers are larger than ``bound``."""
        return int(self.n[self.value > bound].sum())

    def quantile(self, level: float) -> int:
        """The smallest number that at least the share ``level`` of all does not exceed; 0 if there is none.

        It is one of the numbers themselves, so it is exact.

        References
        ----------
        Hyndman & Fan (1996), *Sample quantiles in statistical packages*, definition 1.
        """
        if not len(self.value):
            return 0
        reached = np.cumsum(self.n) >= level * self.total - 1e-9
        return int(self.value[int(np.argmax(reached))])


def share_interval(n_positive: float, n: float, *, effective_n: float | None = None, level: float = 0.95) -> Interval:
    """A share of counts and its Wilson interval.

    Parameters
    ----------
    n_positive, n : float
        Counts.
    effective_n : float or None
        How many independent observations ``n`` is worth, where it repeats customers; None if all are.
    level : float in (0, 1)
        How often such intervals should hold the truth.

    Returns
    -------
    Interval
        Inside [0, 1]; all NaN where ``n`` is 0.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*.

    Examples
    --------
    >>> str(share_interval(0, 8))
    '0.000 [0.000, 0.324]'
    """
    if n <= 0:
        return Interval(math.nan, math.nan, math.nan)
    share, size = n_positive / n, effective_n or n
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * math.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return Interval(share, max(0.0, centre - reach), min(1.0, centre + reach))
