"""How the score depends on a feature: its value against its SHAP value, row by row, and what is typical of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.explain.explanation import FloatArray
from pipelines.features.catalogue import Feature

N_BINS = 20
MAX_LEVELS = 10
REST = "all others"


@dataclass(frozen=True)
class Dependence:
    """One feature's values and SHAP values.

    Parameters
    ----------
    feature : Feature
        Its ``levels`` say that it is text.
    at : float array of shape (n_rows,)
        Its values; of a text the place among ``ticks``; NaN is null.
    moves : float array of shape (n_rows,)
        SHAP values in log-odds.
    ticks : tuple of str
        The levels that are told apart, most frequent first; empty for a number.
    """

    feature: Feature
    at: FloatArray
    moves: FloatArray
    ticks: tuple[str, ...] = ()

    @property
    def is_known(self) -> np.ndarray:
        """Which rows have a value that can be drawn."""
        return np.isfinite(self.at)

    @property
    def null_share(self) -> float:
        """The share of rows without a value; 0 without rows."""
        return float(1 - self.is_known.mean()) if self.at.size else 0.0

    @property
    def null_move(self) -> float:
        """The median SHAP value of rows without a value; NaN if there are none."""
        return float(np.median(self.moves[~self.is_known])) if not self.is_known.all() else float("nan")

    def typical(self) -> tuple[FloatArray, FloatArray]:
        """Median value and median SHAP value of rows with like values: of each level, or of each twentieth.

        Returns
        -------
        (float array, float array) of equal length
            Ascending by value; empty without values.
        """
        return smoothed(self.at[self.is_known], self.moves[self.is_known], None if self.ticks else N_BINS)


def dependence(feature: Feature, encoded: FloatArray, moves: FloatArray) -> Dependence:
    """Of one feature, as the model sees it.

    Parameters
    ----------
    feature : Feature
        What the values are.
    encoded : float array of shape (n_rows,)
        Numbers, or codes of its levels.
    moves : float array of shape (n_rows,)
        SHAP values in log-odds.

    Returns
    -------
    Dependence
        Of more than ten levels the ten most frequent, and `REST`.

    Examples
    --------
    >>> plan = Feature("plan", "Plan", "text", "", "never", "table", "", levels=("free", "yearly"))
    >>> found = dependence(plan, np.array([1.0, 1.0, 0.0, np.nan]), np.array([0.5, 0.25, -1.0, 0.0]))
    >>> found.ticks, found.at
    (('yearly', 'free'), array([ 0.,  0.,  1., nan]))
    """
    if not feature.levels:
        return Dependence(feature, np.asarray(np.where(np.isfinite(encoded), encoded, np.nan)), moves)
    codes = pd.Series(encoded)
    kept = codes.value_counts().index[:MAX_LEVELS].to_numpy(np.float64)  # most frequent first
    place = codes.map({code: float(rank) for rank, code in enumerate(kept)})
    has_rest = bool((codes.notna() & place.isna()).any())
    at = np.asarray(place.where(codes.isna() | place.notna(), float(len(kept))), dtype=np.float64)
    ticks = (*(feature.levels[int(code)] for code in kept), *([REST] * has_rest))
    return Dependence(feature, at, moves, ticks)


def dependences(features: Sequence[Feature], encoded: pd.DataFrame, values: FloatArray, k: int) -> list[Dependence]:
    """Of the ``k`` features that move the score most, strongest first."""
    strongest = np.argsort(-np.abs(values).sum(axis=0), kind="stable")[:k]
    matrix = encoded.to_numpy(np.float64)
    return [dependence(features[place], matrix[:, place], values[:, place]) for place in strongest]


def smoothed(at: FloatArray, moves: FloatArray, n_bins: int | None) -> tuple[FloatArray, FloatArray]:
    """Medians of both within bins of equally many rows, or within equal values; equal values are never divided.

    Examples
    --------
    >>> smoothed(np.array([1.0, 1.0, 2.0, 9.0]), np.array([0.5, 1.5, 2.0, 4.0]), None)
    (array([1., 2., 9.]), array([1., 2., 4.]))
    """
    if not at.size:
        return np.empty(0), np.empty(0)
    if n_bins is None or np.unique(at).size <= n_bins:
        group = pd.factorize(at, sort=True)[0]
    else:
        edges = np.unique(np.quantile(at, np.linspace(0, 1, n_bins + 1)))
        group = np.searchsorted(edges[1:-1], at, side="right")
    medians = pd.DataFrame({"at": at, "moves": moves}).groupby(group).median()
    return medians["at"].to_numpy(), medians["moves"].to_numpy()
