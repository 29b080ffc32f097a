"""The spine: which customers are described at which cutoffs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipelines.core.windows import day_number
from pipelines.features.days import CustomerDays, IntArray


@dataclass(frozen=True)
class Spine:
    """Pairs of customer and cutoff, ordered by both.

    Parameters
    ----------
    customer : ndarray of int64, shape (n_rows,)
        Codes into ``CustomerDays.customer_ids``.
    cutoff : ndarray of int64, shape (n_rows,)
        Days since 1970-01-01 UTC; the cutoff is the midnight that begins the day.
    """

    customer: IntArray
    cutoff: IntArray

    def __len__(self) -> int:
        return len(self.customer)

    def at(self, rows: NDArray[np.bool_] | IntArray | slice) -> Spine:
        """The pairs of these rows."""
        return Spine(self.customer[rows], self.cutoff[rows])


def cutoff_days(cutoffs: tuple[datetime, ...]) -> IntArray:
    """Cutoffs as day numbers, ascending and without repeats."""
    return np.unique(np.array([day_number(cutoff) for cutoff in cutoffs], np.int64))


def every_customer(days: CustomerDays, cutoffs: tuple[datetime, ...]) -> Spine:
    """Every customer at every cutoff, whether known by then or not."""
    numbers = cutoff_days(cutoffs)
    n_customers = len(days.customer_ids)
    return Spine(np.repeat(np.arange(n_customers), len(numbers)), np.tile(numbers, n_customers))
