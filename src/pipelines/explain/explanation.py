"""SHAP values of a set of rows, and the proof that they are SHAP values: they add up to the raw score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """What each feature added to the raw score of each row.

    Parameters
    ----------
    values : float array of shape (n_rows, n_features)
        SHAP values in log-odds.
    base : float array of shape (n_rows,)
        The raw score before any feature is known, in log-odds.
    raw : float array of shape (n_rows,)
        The raw score of the model, in log-odds, before calibration.
    rows : DataFrame of shape (n_rows, n_features)
        The feature values, columns in the order of ``values``.

    Raises
    ------
    ModelError
        If the shapes do not fit together.
    """

    values: FloatArray
    base: FloatArray
    raw: FloatArray
    rows: pd.DataFrame

    def __post_init__(self) -> None:
        n_rows, _ = self.rows.shape
        given = (self.values.shape, self.base.shape, self.raw.shape)
        if given != (self.rows.shape, (n_rows,), (n_rows,)):
            raise ModelError(
                f"SHAP values of shape {given[0]}, base {given[1]} and raw scores {given[2]} do not fit rows of shape "
                f"{self.rows.shape}.",
                why="Each feature of each row needs exactly one value.",
                fix="Explain the very rows and columns that the model scored.",
            )


def thinned(explanation: Explanation, n_most: int) -> Explanation:
    """At most ``n_most`` rows, evenly spaced: the same ones on every run.

    Examples
    --------
    >>> rows = pd.DataFrame({"recency_days": [3.0, 9.0, 27.0]})
    >>> thinned(Explanation(np.zeros((3, 1)), np.zeros(3), np.zeros(3), rows), 2).rows["recency_days"].tolist()
    [3.0, 27.0]
    """
    kept = evenly(len(explanation.rows), n_most)
    return Explanation(
        explanation.values[kept], explanation.base[kept], explanation.raw[kept], explanation.rows.iloc[kept]
    )


def evenly(n_rows: int, n_most: int) -> NDArray[np.int64]:
    """At most ``n_most`` places among ``n_rows``, evenly spaced, the first and the last among them.

    Examples
    --------
    >>> evenly(10, 4), evenly(2, 4)
    (array([0, 3, 6, 9]), array([0, 1]))
    """
    places: NDArray[np.int64] = np.unique(np.linspace(0, max(0, n_rows - 1), min(n_rows, n_most)).astype(np.int64))
    return places


def check_additive(explanation: Explanation, tolerance: float = 1e-6) -> float:
    """The largest gap between ``base + sum of values`` and the raw score.

    Parameters
    ----------
    explanation : Explanation
        Of any number of rows.
    tolerance : float
        The largest gap allowed, in log-odds.

    Returns
    -------
    float
        In log-odds; 0 without rows.

    Raises
    ------
    ModelError
        If the gap exceeds the tolerance or is not a number.

    References
    ----------
    Lundberg & Lee (2017), *A unified approach to interpreting model predictions*, property 1 (local accuracy).

    Examples
    --------
    >>> rows = pd.DataFrame({"recency_days": [3.0], "n_orders_28d": [2.0]})
    >>> check_additive(Explanation(np.array([[0.5, -0.25]]), np.array([-2.0]), np.array([-1.75]), rows))
    0.0
    """
    gaps = np.abs(explanation.base + explanation.values.sum(axis=1) - explanation.raw)
    if not np.all(gaps <= tolerance):
        worst = int(np.argmax(np.where(np.isnan(gaps), np.inf, gaps)))
        raise ModelError(
            f"The SHAP values miss the raw score by up to {gaps[worst]:.3g} log-odds (row {worst} of {gaps.size}; "
            f"allowed: {tolerance:.3g}).",
            why="Values that do not add up to the score are not SHAP values: reasons read from them would be wrong.",
            fix="Explain with the model and the rows that gave the raw score, in double precision.",
        )
    return float(gaps.max(initial=0.0))


def importance(explanation: Explanation) -> pd.DataFrame:
    """How much each feature moves the raw score on average.

    Returns
    -------
    DataFrame of shape (n_features, 2)
        ``feature`` and ``mean_abs_shap`` (log-odds), largest first; ties keep the order of the columns.

    Examples
    --------
    >>> rows = pd.DataFrame({"recency_days": [3.0, 9.0], "n_orders_28d": [2.0, 0.0]})
    >>> importance(Explanation(np.array([[0.5, -1.0], [-0.5, 2.0]]), np.zeros(2), np.zeros(2), rows))
            feature  mean_abs_shap
    0  n_orders_28d            1.5
    1  recency_days            0.5
    """
    n_rows = max(1, len(explanation.rows))
    table = pd.DataFrame(
        {"feature": explanation.rows.columns, "mean_abs_shap": np.abs(explanation.values).sum(axis=0) / n_rows}
    )
    return table.sort_values("mean_abs_shap", ascending=False, kind="stable", ignore_index=True)
