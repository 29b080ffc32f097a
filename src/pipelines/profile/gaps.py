"""Gaps between purchase days: how long they last when the last one of a customer is still open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.profile.counts import Histogram, IntArray, share_interval


@dataclass(frozen=True)
class Gaps:
    """Gaps between successive purchase days of a customer, as histograms of whole days.

    Parameters
    ----------
    ended : Histogram
        Days from one purchase day to the next.
    still_open : Histogram
        Days known after a customer's last purchase day, none of them with a purchase; one per customer.
    """

    ended: Histogram
    still_open: Histogram

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]]) -> Gaps:
        """From columns ``days``, ``ended`` and ``n``."""
        is_ended = columns["ended"].astype(bool)
        parts = ({"value": columns["days"][rows], "n": columns["n"][rows]} for rows in (is_ended, ~is_ended))
        return cls(*(Histogram.from_columns(part) for part in parts))


@dataclass(frozen=True)
class Survival:
    """The share of gaps that outlast each number of days.

    Parameters
    ----------
    share : float array of shape (n_days + 1,)
        ``share[t]`` is the share of gaps longer than ``t`` days; ``share[0]`` is 1.
    """

    share: NDArray[np.float64]

    def after(self, days: int) -> float:
        """The share of gaps longer than ``days``; NaN beyond what is known."""
        return float(self.share[days]) if days < len(self.share) else math.nan

    def returning(self, horizon: int, follow_up: int) -> float:
        """Of gaps longer than ``horizon`` days, the share that ends within the ``follow_up`` days after that."""
        silent = self.after(horizon)
        return 1 - self.after(horizon + follow_up) / silent if silent > 0 else math.nan


def survival(gaps: Gaps) -> Survival:
    """The Kaplan-Meier curve of the gap; open gaps are censored.

    Sound where the length of a gap does not depend on the calendar: a gap is cut off by the end of the log only. No
    interval is given, since Greenwood's takes the gaps of one customer for independent.

    Returns
    -------
    Survival
        For each whole day up to the longest gap, open or ended.

    References
    ----------
    Kaplan & Meier (1958), *Nonparametric estimation from incomplete observations*; Wang & Chang (1999),
    *Nonparametric estimation of a recurrent survival function*, on what repeated gaps of a customer do to it.

    Examples
    --------
    >>> one_open = Gaps(Histogram(np.array([1, 3]), np.array([1, 1])), Histogram(np.array([2]), np.array([1])))
    >>> survival(one_open).share.round(3).tolist()
    [1.0, 0.667, 0.667, 0.0]
    """
    n_days = max(gaps.ended.largest, gaps.still_open.largest)
    ended, cut_off = _dense(gaps.ended, n_days), _dense(gaps.still_open, n_days)
    at_risk = np.cumsum((ended + cut_off)[::-1])[::-1]
    kept = 1 - ended[1:] / np.maximum(at_risk[1:], 1)
    return Survival(np.concatenate([[1.0], np.cumprod(kept)]))


@dataclass(frozen=True)
class Silence:
    """Customers who bought nothing for ``horizon`` days after a purchase day, each followed for as long.

    Parameters
    ----------
    horizon : int
        Days without a purchase.
    n_silences : int
        How many there were with a complete follow-up.
    n_customers : int
        Whose they were.
    returning : Interval
        The share that ended within the follow-up: churners who come back. The 95 % interval counts customers.
    """

    horizon: int
    n_silences: int
    n_customers: int
    returning: Interval


def silences_of(sums: Mapping[str, NDArray[Any]], horizons: Sequence[int]) -> tuple[Silence, ...]:
    """The share that comes back at each horizon, from the sums of `queries.silences`.

    Only silences with a complete follow-up count, so that nothing is censored. The share is a ratio of two sums over
    customers; its variance is that of the linearised ratio with customers as clusters, turned into the number of
    independent observations that Wilson's interval needs.

    References
    ----------
    Korn & Graubard (1998), *Confidence intervals for proportions with small expected number of positive counts*.
    """
    return tuple(_silence(horizon, {name: int(sums[f"{name}_{horizon}"][0]) for name in _SUMS}) for horizon in horizons)


_SUMS = ("silent", "returned", "ss", "rs", "rr", "customers")


def _silence(horizon: int, sums: Mapping[str, int]) -> Silence:
    size = _effective_n(sums)
    returning = share_interval(sums["returned"], sums["silent"], effective_n=size)
    return Silence(horizon, sums["silent"], sums["customers"], returning)


def _effective_n(sums: Mapping[str, int]) -> float | None:
    """Silences over the design effect; the number of customers where the share is 0 or 1."""
    n_silences, n_customers = sums["silent"], sums["customers"]
    if n_silences == 0:
        return None
    share = sums["returned"] / n_silences
    independent = share * (1 - share) * n_silences
    if independent == 0 or n_customers < 2:
        return float(n_customers)
    clustered = sums["rr"] - 2 * share * sums["rs"] + share**2 * sums["ss"]
    return n_silences / max(1.0, clustered * n_customers / (n_customers - 1) / independent)


def _dense(histogram: Histogram, largest: int) -> IntArray:
    counts = np.zeros(largest + 1, np.int64)
    counts[histogram.value] = histogram.n
    return counts
