"""Sums over the customers of the highest priority, at every share contacted and in every resample at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.intervals import FloatArray, Interval, Weights, interval
from pipelines.policy.policies import AnySettled, stakes_of

N_POINTS = 100
"""Shares at which a curve is measured."""


@dataclass(frozen=True)
class Band:
    """A curve over the share contacted, highest priority first, with pointwise 95 % intervals.

    Parameters
    ----------
    share : float array of shape (n_points,)
        Ascending, from 0 to 1; customers who tie are contacted together.
    estimate, low, high : float array of shape (n_points,)
        On the data, and the ends of the interval; NaN where undefined.
    """

    share: FloatArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Ranked:
    """Rows by descending priority; all that is summed later is summed from the first row to an end.

    ``saved`` is what contacting each row brings before its cost, 0 without money; ``ends`` are how many rows come
    first: a hundred shares, the policy's and the best in hindsight, none of them between rows that tie. The best is
    among those that contact at most ``n_allowed``.
    """

    order: NDArray[np.intp]
    label: FloatArray
    saved: FloatArray
    priority: FloatArray
    n_contacted: int
    ends: NDArray[np.intp]
    tie_ends: NDArray[np.intp]
    n_allowed: int

    def place(self, n_first: int) -> int:
        """Where in ``ends`` so many rows stand."""
        return int(np.searchsorted(self.ends, n_first))

    def best(self, cost: float, factor: float = 1.0) -> tuple[int, float]:
        """How many rows it would have been best to contact, and the profit per row, if the response were other."""
        allowed = np.concatenate([[0], self.tie_ends[self.tie_ends <= self.n_allowed]])
        total = np.concatenate([[0.0], np.cumsum(factor * self.saved - cost)])[allowed]
        found = int(np.argmax(total))
        return int(allowed[found]), float(total[found] / self.label.size)


def ranked_rows(label: FloatArray, probability: FloatArray, rows: pd.DataFrame, settled: AnySettled) -> Ranked:
    """Rows in the order in which the policy would contact them.

    Raises
    ------
    ModelError
        If it contacts somebody of a lower priority than somebody whom it does not.
    """
    priority, decided = settled.priority(probability, rows), settled.decide(probability, rows)
    order = np.argsort(-priority, kind="stable")
    n_contacted = int(decided.sum())
    if not decided[order][:n_contacted].all():
        raise ModelError(
            "The policy contacts a customer of a lower priority than one whom it does not contact.",
            why="No share contacted describes it, so that no curve does.",
            fix="Let decide() contact all whose priority() reaches one threshold.",
        )
    tie_ends = np.flatnonzero(np.append(np.diff(priority[order]) != 0, True)) + 1
    wanted = np.linspace(0, label.size, N_POINTS + 1).round().astype(np.intp)[1:]
    ends = {0, n_contacted, *tie_ends[np.searchsorted(tie_ends, wanted)].tolist()}
    n, none = label.size, np.zeros(label.size)
    ranked = Ranked(order, label[order], none, priority[order], n_contacted, np.array(sorted(ends)), tie_ends, n)
    stakes = stakes_of(settled)
    if stakes is None:
        return ranked
    n_allowed = max(n_contacted, int((stakes.capacity or 1.0) * n + 1e-9))
    ranked = replace(ranked, saved=(stakes.earned(label, rows) + stakes.cost)[order], n_allowed=n_allowed)
    return replace(ranked, ends=np.array(sorted(ends | {ranked.best(stakes.cost)[0]})))


@dataclass(frozen=True)
class Sums:
    """Sums over the first rows, at every end, in every resample; all of shape (n_resamples, n_ends), over all rows.

    ``share`` of rows, share of positives ``caught``, and what contacting them ``saved`` per row, before costs.
    """

    share: FloatArray
    caught: FloatArray
    saved: FloatArray


def sums(ranked: Ranked, weights: Iterator[Weights]) -> Sums:
    """Go through the resamples once; ``weights`` are those of the rows in the order of ``ranked``."""
    values = (None, ranked.label, ranked.saved)
    chunks = []
    for weight in weights:
        rows, positives, saved = (_upto(weight, value, ranked.ends) for value in values)
        whole = rows[:, -1:]
        chunks.append((rows / whole, ratio(positives, positives[:, -1:]), saved / whole))
    share, caught, saved = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    return Sums(share, caught, saved)


def _upto(weight: Weights, value: FloatArray | None, ends: NDArray[np.intp]) -> FloatArray:
    """Weighted sums from the first row to each end."""
    parts = np.add.reduceat(weight if value is None else weight * value, ends[:-1], axis=1)
    return np.concatenate([np.zeros((len(parts), 1)), np.cumsum(parts, axis=1)], axis=1)


@dataclass(frozen=True)
class Estimated:
    """A quantity at every end: (1, n_ends) on the data, (n_resamples, n_ends) on the resamples."""

    point: FloatArray
    draws: FloatArray

    def __sub__(self, other: Estimated) -> Estimated:
        return Estimated(self.point - other.point, self.draws - other.draws)

    def __mul__(self, other: Estimated) -> Estimated:
        return Estimated(self.point * other.point, self.draws * other.draws)

    def only(self, place: int) -> Estimated:
        """At one end."""
        return Estimated(self.point[:, [place]], self.draws[:, [place]])

    def at(self, place: int) -> Interval:
        """The value at one end and its interval."""
        return interval(float(self.point[0, place]), self.draws[:, place])

    def band(self, share: FloatArray) -> Band:
        """All ends as a curve."""
        found = [self.at(place) for place in range(share.size)]
        return Band(share, *(np.array([getattr(one, end) for one in found]) for end in ("estimate", "low", "high")))


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """``part / whole``, NaN where the whole is 0."""
    shape = np.broadcast_shapes(part.shape, whole.shape)
    result: FloatArray = np.divide(part, whole, out=np.full(shape, np.nan), where=np.broadcast_to(whole != 0, shape))
    return result
