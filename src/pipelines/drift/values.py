"""Columns as numbers, whatever arrived: the one place where drift looks at types."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def numbers(column: pd.Series) -> FloatArray | None:
    """The column in double precision, NaN for null; None if it holds anything but numbers.

    Decimals, booleans and nullable integers are numbers; text is not, even if it spells one. A column without any
    value is one of numbers, all null.

    Examples
    --------
    >>> from decimal import Decimal
    >>> numbers(pd.Series([Decimal("1.50"), None]))
    array([1.5, nan])
    >>> numbers(pd.Series(["1.50", None])) is None
    True
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    known = column.dropna()
    if known.empty:
        return np.full(len(column), np.nan)
    if column.dtype != object or known.map(lambda value: isinstance(value, str)).any():
        return None
    try:
        return np.asarray(column.where(column.notna(), np.nan), dtype=np.float64)
    except (TypeError, ValueError):  # lists, dates and the like: not numbers
        return None


def ranked(reference: pd.Series, current: pd.Series) -> tuple[FloatArray, FloatArray]:
    """Text as numbers: the place of each level by how common it is in the reference, ties by name.

    Levels that the reference does not know share the last place; null stays NaN.

    Examples
    --------
    >>> ranked(pd.Series(["b", "b", "a"]), pd.Series(["a", None, "new"]))
    (array([0., 0., 1.]), array([ 1., nan,  2.]))
    """
    counts = reference.dropna().astype(str).value_counts()
    levels = sorted(counts.index, key=lambda level: (-int(counts[level]), level))
    return _places(reference, levels), _places(current, levels)


def null_rate(values: FloatArray) -> float:
    """Share of rows without a value; 1 for no rows."""
    return float(np.isnan(values).mean()) if values.size else 1.0


def _places(column: pd.Series, levels: list[str]) -> FloatArray:
    text = pd.Index(column.astype(object).astype(str), dtype=object)
    places = pd.Index(levels, dtype=object).get_indexer(text).astype(np.float64)
    return np.where(column.isna(), np.nan, np.where(places < 0, float(len(levels)), places))
