"""Metrics that are sums over rows: a customer's rows are added up once, whatever the resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.evaluation.levels import BoolArray, FloatArray, IndexArray, ratio

N_BINS = 10


@dataclass(frozen=True)
class Additive:
    """A metric of probabilities as sums of terms.

    Parameters
    ----------
    terms : callable
        Labels and probabilities of shape (n_rows,) to an array of shape (n_rows, n_terms).
    value : callable
        Their weighted sums over rows, of shape (..., n_terms), and the weight of all rows, of shape (...,), to the
        metric.
    """

    terms: Callable[[BoolArray, FloatArray], FloatArray]
    value: Callable[[FloatArray, FloatArray], FloatArray]

    def of(self, label: BoolArray, score: FloatArray, weight: FloatArray) -> FloatArray:
        """The metric of weighted rows, for one set of weights or many."""
        return self.value(weight @ self.terms(label, score), weight.sum(axis=-1))


def equal_mass_bins(score: FloatArray, n_bins: int = N_BINS) -> IndexArray:
    """The bin of each row, 0 to ``n_bins - 1`` upwards, with equally many rows as far as ties allow.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.1, 0.4, 0.2, 0.3]), n_bins=2)
    array([0, 1, 0, 1])
    """
    if score.size == 0:
        return np.zeros(0, dtype=np.intp)
    edges = np.quantile(score, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.searchsorted(edges, score, side="right")


def _mean(sums: FloatArray, mass: FloatArray) -> FloatArray:
    return ratio(sums[..., 0], mass)


def _mean_size(sums: FloatArray, mass: FloatArray) -> FloatArray:
    return ratio(np.abs(sums).sum(axis=-1), mass)


def _squares(label: BoolArray, score: FloatArray) -> FloatArray:
    return np.square(score - label)[:, None]


def _surprise(label: BoolArray, score: FloatArray) -> FloatArray:
    epsilon = np.finfo(np.float64).eps
    given: FloatArray = np.clip(np.where(label, score, 1 - score), epsilon, 1 - epsilon)
    return -np.log(given)[:, None]


def _gap(label: BoolArray, score: FloatArray) -> FloatArray:
    return (score - label)[:, None]


def _gaps_by_bin(label: BoolArray, score: FloatArray) -> FloatArray:
    gaps = np.zeros((score.size, N_BINS))
    gaps[np.arange(score.size), equal_mass_bins(score)] = score - label
    return gaps


BRIER = Additive(_squares, _mean)
LOG_LOSS = Additive(_surprise, _mean)
ECE = Additive(_gaps_by_bin, _mean_size)
GAP = Additive(_gap, _mean)
