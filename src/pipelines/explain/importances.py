"""How much features, and groups of them, move the score on average: mean |SHAP| with intervals over customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval
from pipelines.explain.explanation import Explanation, FloatArray
from pipelines.features.catalogue import Feature

IntArray = NDArray[np.int64]


def window_said(window: str) -> str:
    """What of the past a feature sees, in words.

    Examples
    --------
    >>> window_said("P28D"), window_said("all history"), window_said("")
    ('last 28 days', 'all history', 'no window')
    """
    if window.startswith("P") and window[1:-1].isdigit() and window.endswith("D"):
        return f"last {window[1:-1]} days"
    return window or "no window"


GROUPS: Mapping[str, Callable[[Feature], str]] = {
    "idea": lambda feature: feature.subject_matter,
    "block": lambda feature: feature.block,
    "window": lambda feature: window_said(feature.window),
}
"""What features are grouped by."""


def summed(values: FloatArray, features: Sequence[Feature], by: str) -> tuple[tuple[str, ...], FloatArray]:
    """SHAP values added up within the groups of features, in the order of the groups' first features.

    Parameters
    ----------
    values : float array of shape (n_rows, n_features)
        In log-odds.
    features : sequence of Feature of length n_features
        In the order of the columns.
    by : str
        One of `GROUPS`.

    Returns
    -------
    (tuple of str, float array of shape (n_rows, n_groups))
        Shapley values of single players add up; the sum leaves out how a game among groups would share interactions.

    Examples
    --------
    >>> week, month = (Feature(f"n_orders_{n}d", "", "", f"P{n}D", "", "windowed", "") for n in (7, 28))
    >>> summed(np.array([[0.5, -0.25]]), [week, month], "block")
    (('windowed',), array([[0.25]]))
    """
    labels = [GROUPS[by](feature) for feature in features]
    names = tuple(dict.fromkeys(labels))
    member = np.array([[label == name for name in names] for label in labels], dtype=np.float64)
    return names, values @ member.reshape(len(labels), len(names))


def mean_moves(values: FloatArray, subject: IntArray, n_resamples: int, rng: np.random.Generator) -> list[Interval]:
    """The mean absolute value of each column, with its 95 % interval; customers are resampled.

    Parameters
    ----------
    values : float array of shape (n_rows, n_columns)
        In log-odds.
    subject : int array of shape (n_rows,)
        Whom each row is about.
    n_resamples : int
        Of the bootstrap.
    rng : Generator
        Source of its draws.

    Returns
    -------
    list of Interval of length n_columns
        Without ends where there are fewer than two customers; NaN without rows.

    Examples
    --------
    >>> found = mean_moves(np.array([[1.0], [-3.0]]), np.arange(2), 100, np.random.default_rng(1))
    >>> found
    [Interval(estimate=2.0, low=1.0, high=3.0)]
    """
    moves = np.abs(values)
    if not len(moves):
        return [Interval(math.nan, math.nan, math.nan)] * moves.shape[1]
    means = moves.mean(axis=0)
    known, code = np.unique(subject, return_inverse=True)
    if known.size < 2:
        return [Interval(float(mean), math.nan, math.nan) for mean in means]
    sums = np.stack([np.bincount(code, weights=column) for column in moves.T], axis=1)
    sizes = np.bincount(code).astype(np.float64)
    draws = [(weight @ sums) / (weight @ sizes)[:, None] for weight in cluster_weights(known, n_resamples, rng)]
    drawn = np.concatenate(draws)
    return [interval(float(mean), drawn[:, place]) for place, mean in enumerate(means)]


def importances(
    explanation: Explanation,
    features: Sequence[Feature],
    subject: IntArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """By feature, by idea, by block and by window: how much each moves the score.

    Returns
    -------
    dict of str to DataFrame
        Keys ``feature`` and those of `GROUPS`. Columns: the key; ``n_features``; ``mean_abs_shap`` (log-odds) with
        ``ci_low`` and ``ci_high``; ``share`` of the sum of all. Largest first; ties keep the order of the features.
    """
    single = tuple(feature.name for feature in features), explanation.values
    parted = {"feature": single, **{by: summed(explanation.values, features, by) for by in GROUPS}}
    counts = {by: [GROUPS[by](feature) for feature in features] for by in GROUPS} | {"feature": list(single[0])}
    return {
        by: _table(by, names, counts[by], mean_moves(values, subject, n_resamples, rng))
        for by, (names, values) in parted.items()
    }


def _table(by: str, names: Sequence[str], labels: Sequence[str], moves: Sequence[Interval]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            by: list(names),
            "n_features": [labels.count(name) for name in names],
            "mean_abs_shap": [move.estimate for move in moves],
            "ci_low": [move.low for move in moves],
            "ci_high": [move.high for move in moves],
        }
    )
    whole = table["mean_abs_shap"].sum()
    table["share"] = table["mean_abs_shap"] / whole if whole > 0 else 0.0
    return table.sort_values("mean_abs_shap", ascending=False, kind="stable", ignore_index=True)
