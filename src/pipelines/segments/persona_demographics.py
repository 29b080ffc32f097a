"""Demographics of segments: description only, and of groups that are large enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.segments.described import UNKNOWN, Described
from pipelines.segments.persona_estimates import share_of

MAX_LEVELS = 12
"""A column with more values is free text or an identifier, and is not shown."""
_COLUMNS = (
    "column", "level", "segment", "n_customers", "share", "share.ci_low", "share.ci_high", "share_of_all", "is_hidden",
)  # fmt: skip


def demographic_table(described: Described, level: float, min_group: int) -> pd.DataFrame:
    """Shares of every demographic group in each segment, beside everybody.

    Parameters
    ----------
    described : Described
        The customers.
    level : float in (0, 1)
        Of the intervals.
    min_group : int
        The fewest customers of a segment that a number is told of.

    Returns
    -------
    DataFrame
        One row per column, level and segment: ``n_customers``, ``share`` of the segment with ``.ci_low`` and
        ``.ci_high``, and ``share_of_all``. Where a cell has fewer than ``min_group`` customers, ``is_hidden`` is true
        and its numbers are null; so are those of the smallest other cell wherever one hidden cell alone could be told
        by subtraction from its level or its segment. Segments with fewer than ``min_group`` customers are left out
        altogether, also of ``share_of_all``. Those of whom nothing is known are a level like any other.
    """
    if described.demographics is None:
        return pd.DataFrame(columns=list(_COLUMNS))
    parts = [_of_column(described, str(name), level, min_group) for name in described.demographics]
    told = [part for part in parts if len(part)]
    return pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=list(_COLUMNS))


def hidden_cells(counts: NDArray[np.int64], min_group: int) -> NDArray[np.bool_]:
    """Which cells of a table of counts are not shown: small ones, and others that would give a small one away.

    Parameters
    ----------
    counts : int64 array of shape (n_levels, n_segments)
        Customers.
    min_group : int
        The fewest that are shown; a cell of nobody is shown.

    Returns
    -------
    bool array of shape (n_levels, n_segments)
        In no row and no column is exactly one cell hidden, unless it has no other.

    Examples
    --------
    >>> hidden_cells(np.array([[5, 90], [80, 70]]), 30)
    array([[ True,  True],
           [ True,  True]])
    """
    hidden: NDArray[np.bool_] = (counts > 0) & (counts < min_group)
    while True:
        before = int(hidden.sum())
        for table, mask in ((counts, hidden), (counts.T, hidden.T)):
            for row, covered in zip(table, mask, strict=True):  # masks are views: covering one covers it in both
                shown = np.flatnonzero(~covered)
                if covered.sum() == 1 and shown.size:
                    covered[shown[np.argmin(row[shown])]] = True
        if int(hidden.sum()) == before:
            return hidden


def _of_column(described: Described, name: str, level: float, min_group: int) -> pd.DataFrame:
    assert described.demographics is not None  # noqa: S101  # for the type checker: the caller has looked
    ids = [one for one in described.ids if int((described.segment == one).sum()) >= min_group]
    told = np.isin(described.segment, ids)
    text = described.demographics[name].fillna(UNKNOWN).astype(str).to_numpy()[told]
    segment = described.segment[told]
    levels = np.unique(text)
    if not 0 < levels.size <= MAX_LEVELS:
        return pd.DataFrame()
    counts = np.array([[int(((text == one) & (segment == at)).sum()) for at in ids] for one in levels])
    n_of_segment, hidden = counts.sum(axis=0), hidden_cells(counts, min_group)
    rows = []
    for row, one in enumerate(levels):
        for column, at in enumerate(ids):
            n, found = int(counts[row, column]), share_of(int(counts[row, column]), int(n_of_segment[column]), level)
            is_hidden = bool(hidden[row, column])
            numbers = (np.nan,) * 4 if is_hidden else (float(n), found.estimate, found.low, found.high)
            of_all = int(counts[row].sum())
            share_of_all = of_all / len(text) if of_all >= min_group else np.nan
            rows.append((name, str(one), at, *numbers, share_of_all, is_hidden))
    return pd.DataFrame(rows, columns=list(_COLUMNS))
