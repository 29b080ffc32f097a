"""Reason codes: the features that moved a row's score most, in words. Packed into the served model: no SHAP library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.features.catalogue import Feature

RAISES, LOWERS = " (raises the score)", " (lowers the score)"


def reasons(values: NDArray[np.floating], rows: pd.DataFrame, features: Sequence[Feature], k: int) -> pd.DataFrame:
    """The ``k`` features that moved each score most, in either direction.

    Parameters
    ----------
    values : float array of shape (n_rows, n_features)
        SHAP values in log-odds, columns in the order of ``features``.
    rows : DataFrame
        Feature values, found by name; numbers or text.
    features : sequence of Feature of length n_features
        Gives the words.
    k : int
        How many reasons each row gets.

    Returns
    -------
    DataFrame of shape (n_rows, k)
        Text columns ``reason_1`` … ``reason_k``, strongest first, with the index of ``rows``; ties keep the order of
        the features. Empty text where no further feature moved the score.

    Raises
    ------
    ModelError
        If values, rows and features do not fit together.

    Examples
    --------
    >>> recency = Feature("recency_days", "", "days", "", "never", "recency", "last purchase {value} days ago")
    >>> orders = Feature("n_orders_28d", "", "orders", "P28D", "never", "orders", "{value} orders in 28 days")
    >>> rows = pd.DataFrame({"recency_days": [41.0], "n_orders_28d": [1.0]})
    >>> for words in reasons(np.array([[1.5, -0.2]]), rows, [recency, orders], k=2).loc[0]:
    ...     print(words)
    last purchase 41 days ago (raises the score)
    1 orders in 28 days (lowers the score)
    """
    _check_fit(values, rows, features)
    n_told = min(k, len(features))
    strongest = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n_told]
    moved = np.take_along_axis(values, strongest, axis=1)
    words = np.full((len(rows), k), "", dtype=object)
    for column, feature in enumerate(features):
        at = np.nonzero((strongest == column) & (moved != 0))
        told = _words(feature, rows[feature.name].to_numpy()[at[0]])
        words[at] = told + np.where(moved[at] > 0, RAISES, LOWERS).astype(object)
    return pd.DataFrame(words, index=rows.index, columns=[f"reason_{rank}" for rank in range(1, k + 1)], dtype=object)


@dataclass(frozen=True)
class Grouped:
    """SHAP values added up over the features of one idea: Shapley values add up.

    Parameters
    ----------
    names : tuple of str
        The ideas, in the order of their first feature.
    values : float array of shape (n_rows, n_ideas)
        In log-odds.
    of_feature : int array of shape (n_features,)
        The place of each feature's idea in ``names``.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    of_feature: NDArray[np.int64]


def grouped(values: NDArray[np.floating], features: Sequence[Feature]) -> Grouped:
    """SHAP values by idea.

    Examples
    --------
    >>> week, month = (Feature(f"n_orders_{n}d", "", "", "", "", "", "", idea="orders") for n in (7, 28))
    >>> grouped(np.array([[0.5, 0.25]]), [week, month])
    Grouped(names=('orders',), values=array([[0.75]]), of_feature=array([0, 0]))
    """
    names = tuple(dict.fromkeys(feature.subject_matter for feature in features))
    of_feature = np.array([names.index(feature.subject_matter) for feature in features], dtype=np.int64)
    summed = np.zeros((len(values), len(names)))
    for place, idea in enumerate(of_feature):
        summed[:, idea] += values[:, place]
    return Grouped(names, summed, of_feature)


def _words(feature: Feature, values: NDArray[np.generic]) -> NDArray[np.object_]:
    """The words of each value, worked out once for each value that differs."""
    codes, known = pd.factorize(values, use_na_sentinel=False)
    return np.array([_say(feature, value) for value in known] or [""], dtype=object)[codes]


def _say(feature: Feature, value: object) -> str:
    if isinstance(value, str):
        return feature.phrase.replace("{value}", value)
    return feature.words(float("nan") if pd.isna(value) else float(value))  # type: ignore[call-overload, arg-type]  # a scalar


def _check_fit(values: NDArray[np.floating], rows: pd.DataFrame, features: Sequence[Feature]) -> None:
    missing = [feature.name for feature in features if feature.name not in rows.columns]
    if missing or values.shape != (len(rows), len(features)):
        lacking = f"; missing columns: {', '.join(missing[:5])}" if missing else ""
        raise ModelError(
            f"{values.shape} SHAP values for {len(rows)} rows and {len(features)} features{lacking}.",
            why="A reason would be told with another feature's value.",
            fix="Give the rows that were explained and the features of that model, in its order.",
        )
