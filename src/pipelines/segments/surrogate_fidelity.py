"""How far a rule says what a segmentation says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, interval
from pipelines.segments.persona_estimates import share_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class OfSegment:
    """How well the rule finds one segment.

    Parameters
    ----------
    segment : int
        Its id.
    n_rows, n_told : int
        Held-out customers who are in it, and whom the rule puts there.
    recall, precision : Interval
        Of the former the share that the rule finds; of the latter the share that is right.
    """

    segment: int
    n_rows: int
    n_told: int
    recall: Interval
    precision: Interval


@dataclass(frozen=True)
class Fidelity:
    """How far the rule says what the segmentation says, on customers it was not fitted on.

    Parameters
    ----------
    n_rows : int
        How many those are.
    agreement : Interval
        The share that both put into the same segment.
    largest : float
        The share of the largest segment: what a rule without questions agrees on.
    ari : Interval
        Adjusted Rand index of the two.
    by_segment : tuple of OfSegment
        In the order of ids.
    """

    n_rows: int
    agreement: Interval
    largest: float
    ari: Interval
    by_segment: tuple[OfSegment, ...]

    @property
    def unreached(self) -> tuple[int, ...]:
        """Segments that the rule gives nobody."""
        return tuple(one.segment for one in self.by_segment if one.n_told == 0)


def fidelity(
    told: IntArray, segment: IntArray, ids: Sequence[int], level: float, resampling: tuple[int, np.random.Generator]
) -> Fidelity:
    """How far a rule says what a segmentation says.

    Parameters
    ----------
    told, segment : int64 array of shape (n_rows,)
        By the rule, and by the segmentation.
    ids : sequence of int
        Of the segments.
    level : float in (0, 1)
        Of the intervals.
    resampling : (int, Generator)
        Resamples of customers behind the interval of the adjusted Rand index.

    Returns
    -------
    Fidelity
        Shares have Wilson's interval, the index the percentile interval of a bootstrap.
    """
    n = segment.size
    by_segment = tuple(_of_segment(one, told == one, segment == one, level) for one in ids)
    counts = np.array([[int(((told == one) & (segment == other)).sum()) for other in ids] for one in ids])
    draws = _resampled(counts, *resampling)
    agreement = share_of(int((told == segment).sum()), n, level)
    return Fidelity(
        n, agreement, max(one.n_rows for one in by_segment) / n, interval(_ari(counts), draws, level), by_segment
    )


def _of_segment(segment: int, told: NDArray[np.bool_], truly: NDArray[np.bool_], level: float) -> OfSegment:
    both, n_rows, n_told = int((told & truly).sum()), int(truly.sum()), int(told.sum())
    return OfSegment(segment, n_rows, n_told, share_of(both, n_rows, level), share_of(both, n_told, level))


def _ari(counts: NDArray[np.integer[Any]]) -> float:
    """The adjusted Rand index of two groupings from their table of counts; NaN where one has a single group.

    References
    ----------
    Hubert & Arabie (1985), *Comparing partitions*, equation 5.
    """
    table = counts.astype(np.float64)
    n = table.sum()
    pairs = [float((part * (part - 1) / 2).sum()) for part in (table, table.sum(axis=0), table.sum(axis=1))]
    expected = pairs[1] * pairs[2] / (n * (n - 1) / 2) if n > 1 else 0.0
    most = (pairs[1] + pairs[2]) / 2
    return (pairs[0] - expected) / (most - expected) if most > expected else math.nan


def _resampled(counts: NDArray[np.integer[Any]], n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """The index on resamples of customers, of which only the counts matter."""
    drawn = rng.multinomial(int(counts.sum()), counts.ravel() / counts.sum(), size=n_resamples)
    return np.array([_ari(one.reshape(counts.shape)) for one in drawn])
