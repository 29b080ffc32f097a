"""Rows by the score they share: what every ranking metric sums over, in all resamples at once.

Only the scores of positives matter: negatives that lie between two of them move together. So the rows are added up
into one step per distinct score of a positive first, by a sparse product that is linear in the rows, and the metrics
work on the steps.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IndexArray = NDArray[np.integer]


@dataclass(frozen=True)
class Levels:
    """Which unit's weight counts at which distinct score of a positive.

    Parameters
    ----------
    positive : sparse array of shape (n_levels, n_units)
        Positives of a unit at each level, by ascending score.
    negative : sparse array of shape (2 * n_levels + 1, n_units)
        Negatives of a unit: below the first level, at it, between it and the second, at that, and so on.
    """

    positive: csr_array
    negative: csr_array

    def under(self, weight: FloatArray) -> LevelWeights:
        """Add up the weights.

        Parameters
        ----------
        weight : float array of shape (n_units,) or (n_units, n_resamples)
            How much each unit counts.
        """
        below = np.cumsum(self.negative @ weight, axis=0)
        at_level = below[1::2]
        return LevelWeights(cast("FloatArray", self.positive @ weight), below[0:-1:2], at_level, below[-1])


@dataclass(frozen=True)
class LevelWeights:
    """Weights at each distinct score of a positive, by ascending score.

    Parameters
    ----------
    positive : float array of shape (n_levels,) or (n_levels, n_resamples)
        Weight of the positives at the level.
    below, up_to : float array of the same shape
        Weight of the negatives that score less, and at most as much.
    negatives : float, or array of shape (n_resamples,)
        Weight of all negatives.
    """

    positive: FloatArray
    below: FloatArray
    up_to: FloatArray
    negatives: FloatArray

    @functools.cached_property
    def positives(self) -> FloatArray:
        """Weight of all positives."""
        return cast("FloatArray", self.positive.sum(axis=0))

    @functools.cached_property
    def caught(self) -> FloatArray:
        """Weight of the positives at each level or above it."""
        return self.positive - np.cumsum(self.positive, axis=0) + self.positives

    def roc_auc(self) -> FloatArray:
        """How often a positive scores higher than a negative; a tie counts one half."""
        outranked = np.einsum("i...,i...->...", self.positive, self.below + self.up_to) / 2
        return ratio(outranked, self.positives * self.negatives)

    def average_precision(self) -> FloatArray:
        """The precision at each positive's score, averaged over the positives."""
        caught = self.caught
        precision = ratio(caught, caught + self.negatives - self.below, undefined=0.0)
        return self._of_both(np.einsum("i...,i...->...", self.positive, precision))

    def lift(self, k: float) -> FloatArray:
        """Share of the positives in the top ``k`` share of the weight, over ``k``."""
        mass = self.positive + self.up_to - self.below
        above = self.caught - self.positive + self.negatives - self.up_to
        fits = np.clip(k * (self.positives + self.negatives) - above, 0.0, mass)
        chosen = np.einsum("i...,i...->...", self.positive, ratio(fits, mass, undefined=0.0))
        return self._of_both(chosen / k)

    def _of_both(self, sums: FloatArray) -> FloatArray:
        """``sums`` over the weight of the positives; NaN without positives or without negatives."""
        return np.where(self.negatives > 0, ratio(sums, self.positives), np.nan)


def levels(label: BoolArray, score: FloatArray, unit: IndexArray | None = None, n_units: int = 0) -> Levels:
    """Group rows by score.

    Parameters
    ----------
    label : bool array of shape (n_rows,)
        Whether a row is positive.
    score : float array of shape (n_rows,)
        Larger means more likely positive.
    unit : integer array of shape (n_rows,), optional
        Whose weight a row has, 0 to ``n_units - 1``; without it, its own.
    n_units : int
        How many units there are, if ``unit`` is given.

    Examples
    --------
    >>> found = levels(np.array([True, False, True]), np.array([2.0, 1.0, 0.0])).under(np.ones(3))
    >>> found.positive, found.below, found.negatives
    (array([1., 1.]), array([0., 1.]), np.float64(1.0))
    """
    of, n_columns = (np.arange(label.size), label.size) if unit is None else (unit, n_units)
    known, place = np.unique(score[label], return_inverse=True)
    passed = score[~label]
    between = np.searchsorted(known, passed, side="left") + np.searchsorted(known, passed, side="right")
    return Levels(
        _counts(place, of[label], (known.size, n_columns)),
        _counts(between, of[~label], (2 * known.size + 1, n_columns)),
    )


def ratio(part: FloatArray, whole: FloatArray, undefined: float = np.nan) -> FloatArray:
    """``part / whole``, and ``undefined`` where the whole is 0."""
    values: FloatArray = np.divide(part, whole, out=np.full(np.shape(whole), undefined), where=np.asarray(whole) != 0)
    return values


def _counts(row: IndexArray, column: IndexArray, shape: tuple[int, int]) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((np.ones(row.size), (row, column)), shape=shape)
