"""The base of feature blocks: what a block promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from pipelines.core.spec import Spec
from pipelines.core.windows import DAY
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.kernel import window_sums
from pipelines.features.measures import Measure
from pipelines.features.spine import Spine

FloatArray = NDArray[np.float64]
Need = tuple[str, str]
"""A contract table and one of its columns."""


class Reads(Spec):
    """Whatever is computed from the customer-day table: a block, or an outcome."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What of the customer-day table it reads, beside purchase days."""
        return ()

    @property
    def sequences(self) -> tuple[str, ...]:
        """The columns whose values it follows through the days."""
        return ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns of ``customers`` that it reads."""
        return ()


class Block(Reads):
    """A group of features that come from one idea.

    A block sees the customer-day table and the spine, and of each customer only the days before the cutoff.
    """

    type: str

    @property
    def needs(self) -> tuple[tuple[Need, ...], ...]:
        """Alternative sets of columns; a source must have all of any one."""
        return (tuple(dict.fromkeys((one.table, column) for one in self.measures for column in one.needs)),)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """What the block emits, in the order of its columns."""
        raise NotImplementedError

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """The values, shape (n_rows, n_features); NaN where the null rule says so."""
        raise NotImplementedError


def last_days(lengths: Sequence[timedelta]) -> IntArray:
    """The windows that end at the cutoff, as `totals` takes them.

    Examples
    --------
    >>> last_days([7 * DAY, 28 * DAY])
    array([[ -7,   0],
           [-28,   0]])
    """
    return np.array([(-(length // DAY), 0) for length in lengths], np.int64)


def totals(days: CustomerDays, spine: Spine, measures: Sequence[Measure], windows: IntArray) -> IntArray:
    """Exact sums of measures over windows.

    Parameters
    ----------
    windows : ndarray of int64, shape (n_windows, 2)
        First day and the day after the last, both relative to the cutoff.

    Returns
    -------
    ndarray of int64, shape (n_rows, n_windows, n_measures)
    """
    starts, ends = np.ascontiguousarray(windows.T)
    found: IntArray = window_sums(
        days.offsets, days.day, days.cumulative(measures), spine.customer, spine.cutoff, starts, ends
    )
    return found


def ratio(numerator: FloatArray | IntArray, denominator: FloatArray | IntArray) -> FloatArray:
    """``numerator / denominator``, NaN where the denominator is zero or unknown.

    Examples
    --------
    >>> ratio(np.array([6.0, 1.0]), np.array([3.0, 0.0]))
    array([ 2., nan])
    """
    result = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
