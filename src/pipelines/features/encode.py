"""Feature rows as models see them: floats, and for text the code of its level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.features.catalogue import Feature


def levels_of(column: pd.Series) -> tuple[str, ...]:
    """The different texts of a column, in alphabetical order; null is no level.

    Examples
    --------
    >>> levels_of(pd.Series(["b", None, "a", "b"]))
    ('a', 'b')
    """
    return tuple(sorted(str(value) for value in column.dropna().unique()))


def encoded(rows: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Every feature as float64.

    Parameters
    ----------
    rows : DataFrame
        Every feature by name; text where a feature has levels.
    features : sequence of Feature
        The columns, in order.

    Returns
    -------
    DataFrame of float64, shape (n_rows, n_features)
        With the index of ``rows``. A text that is no level of its feature, such as one that training never saw, is
        null.

    Raises
    ------
    ModelError
        If a value of a feature without levels is not a number.

    Examples
    --------
    >>> month = Feature("month", "Month", "", "", "never", "table", "month {value}", levels=("Feb", "Mar"))
    >>> encoded(pd.DataFrame({"month": ["Mar", "Dec", None]}), [month])["month"].tolist()
    [1.0, nan, nan]
    """
    values = np.empty((len(rows), len(features)), order="F")
    for place, feature in enumerate(features):
        column = rows[feature.name]
        values[:, place] = _codes(column, feature.levels) if feature.levels else _numbers(column)
    return pd.DataFrame(values, columns=[feature.name for feature in features], index=rows.index)


def _codes(column: pd.Series, levels: tuple[str, ...]) -> np.ndarray:
    known = {level: float(code) for code, level in enumerate(levels)}
    texts = column.map(str, na_action="ignore")
    return texts.map(known).to_numpy(np.float64)


def _numbers(column: pd.Series) -> np.ndarray:
    if column.dtype.kind in "mM":  # NumPy would count a moment's nanoseconds
        raise _no_number(column, "a time")
    try:
        return column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise _no_number(column, type(error).__name__) from error


def _no_number(column: pd.Series, found: str) -> ModelError:
    return ModelError(
        f"The feature '{column.name}' is not a number.",
        why=f"The model would read something else than it learned from ({found}).",
        fix="Send numbers, or null.",
    )
