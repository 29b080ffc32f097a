"""Pairs of features that act together: SHAP interaction values of a bounded sample of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.explain.explanation import FloatArray
from pipelines.explain.importances import IntArray, mean_moves

MAX_ROWS = 500
"""Interactions cost as many values as there are pairs of features."""
N_PAIRS = 10


@dataclass(frozen=True)
class Interactions:
    """What each pair of features added to the raw score of each row.

    Parameters
    ----------
    values : float array of shape (n_rows, n_features, n_features)
        SHAP interaction values in log-odds: symmetric, and each row of it adds up to the feature's SHAP value.
    rows : DataFrame of shape (n_rows, n_features)
        The feature values as the model sees them.
    subject : int array of shape (n_rows,)
        Whom each row is about.

    Raises
    ------
    ModelError
        If the shapes do not fit together.

    References
    ----------
    Lundberg, Erion & Lee (2018), Consistent individualized feature attribution for tree ensembles, section 4.
    """

    values: FloatArray
    rows: pd.DataFrame
    subject: IntArray

    def __post_init__(self) -> None:
        n_rows, n_features = self.rows.shape
        if self.values.shape != (n_rows, n_features, n_features) or self.subject.shape != (n_rows,):
            raise ModelError(
                f"Interactions of shape {self.values.shape} do not fit rows of shape {self.rows.shape}.",
                why="Every pair of features of each row needs one value.",
                fix="Explain the very rows and columns that the model scored.",
            )

    def of_pair(self, one: int, other: int) -> FloatArray:
        """What the pair adds together, shape (n_rows,): both halves of it."""
        both: FloatArray = self.values[:, one, other] + self.values[:, other, one]
        return both

    def strengths(self) -> FloatArray:
        """Mean |interaction| of every pair, shape (n_features, n_features): symmetric, 0 on the diagonal."""
        n_features = self.rows.shape[1]
        if not len(self.rows):
            return np.zeros((n_features, n_features))
        strengths: FloatArray = np.abs(self.values + self.values.transpose(0, 2, 1)).mean(axis=0)
        np.fill_diagonal(strengths, 0.0)
        return strengths


def top_pairs(found: Interactions, n_resamples: int, rng: np.random.Generator, k: int = N_PAIRS) -> pd.DataFrame:
    """The pairs that move the score most by acting together.

    Returns
    -------
    DataFrame of at most k rows
        ``feature``, ``with``, ``mean_abs_interaction`` (log-odds) with ``ci_low`` and ``ci_high``; strongest first.
    """
    strengths = found.strengths()
    first, second = np.triu_indices(len(strengths), k=1)
    order = np.argsort(-strengths[first, second], kind="stable")[:k]
    pairs = [(int(first[place]), int(second[place])) for place in order]
    values = np.stack([found.of_pair(*pair) for pair in pairs], axis=1) if pairs else np.empty((len(found.rows), 0))
    names = [str(name) for name in found.rows.columns]
    moves = mean_moves(values, found.subject, n_resamples, rng)
    return pd.DataFrame(
        {
            "feature": [names[one] for one, _ in pairs],
            "with": [names[other] for _, other in pairs],
            "mean_abs_interaction": [move.estimate for move in moves],
            "ci_low": [move.low for move in moves],
            "ci_high": [move.high for move in moves],
        }
    )
