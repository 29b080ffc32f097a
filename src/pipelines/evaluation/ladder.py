"""How much weight lies below each score: what every ranking metric sums over, in all resamples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


@dataclass(frozen=True)
class Ladder:
    """Rows by ascending score, with the weight below each step.

    Parameters
    ----------
    score : float array of shape (n_rows,)
        Ascending.
    mass : float array of shape (n_resamples, n_rows + 1) or (n_rows + 1,)
        Weight of the rows before each step.
    """

    score: FloatArray
    mass: FloatArray

    @property
    def total(self) -> FloatArray:
        """Weight of all rows."""
        return self.mass[..., -1]

    def below(self, at: FloatArray) -> FloatArray:
        """Weight of the rows that score less than each of ``at``."""
        return self.mass[..., np.searchsorted(self.score, at, side="left")]

    def up_to(self, at: FloatArray) -> FloatArray:
        """Weight of the rows that score at most each of ``at``."""
        return self.mass[..., np.searchsorted(self.score, at, side="right")]

    def at_or_above(self, at: FloatArray) -> FloatArray:
        """Weight of the rows that score at least each of ``at``."""
        return self.total[..., None] - self.below(at)


def ladder(score: FloatArray, weight: FloatArray, rows: IndexArray) -> Ladder:
    """The ladder of the chosen ``rows``, under one set of weights or under each of many."""
    ascending = rows[np.argsort(score[rows], kind="stable")]
    mass = np.zeros((*weight.shape[:-1], rows.size + 1))
    np.cumsum(weight[..., ascending], axis=-1, out=mass[..., 1:])
    return Ladder(score[ascending], mass)
