"""Where a model fails: every metric on each cutoff, segment or band, with intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.intervals import IntArray, Interval
from pipelines.evaluation.additive import GAP
from pipelines.evaluation.evaluate import N_RESAMPLES, Intervals, Predictions
from pipelines.evaluation.metrics import METRICS, LabelArray, Metric, calibration_gap
from pipelines.evaluation.resampled import Scored, measured, units

Column = NDArray[Any] | pd.Categorical
MIN_ROWS = 200
MIN_OF_A_LABEL = 10
MAX_LEVELS = 30
SLICE_METRICS = (*METRICS, Metric("calibration_gap", calibration_gap, "probability", False, additive=GAP))
"""What a slice is measured by: `METRICS`, and the mean probability minus the observed share of positives."""


@dataclass(frozen=True)
class Slice:
    """The rows of one level of one column.

    Parameters
    ----------
    column, level : str
        E.g. ``depth`` and ``1 to 3 purchases``.
    n_rows, n_customers : int
        Size; customers of two levels may be the same people at other cutoffs.
    prevalence : float
        Share of positive rows.
    metrics : dict of str to Interval
        By metric, with ``calibration_gap``; empty if the level is too small.
    note : str
        Why there are no metrics; empty if there are.
    """

    column: str
    level: str
    n_rows: int
    n_customers: int
    prevalence: float
    metrics: Intervals
    note: str = ""

    def misses(self, metric: str, value: float) -> bool:
        """Whether the whole interval of ``metric`` lies off ``value``."""
        found = self.metrics.get(metric, Interval(math.nan, math.nan, math.nan))
        return found.low > value or found.high < value


def sliced(  # noqa: PLR0913  # the rows, what they are divided by, and how to resample
    label: LabelArray,
    customer: IntArray,
    predictions: Predictions,
    by: Mapping[str, Column],
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    *,
    min_rows: int = MIN_ROWS,
    max_levels: int = MAX_LEVELS,
) -> tuple[Slice, ...]:
    """Measure a model on each level of each column.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    predictions : Predictions
        Of the model, for these rows.
    by : mapping of str to array of shape (n_rows,)
        Columns; their values are shown as text, and a missing value is a level of its own. Levels come in sorted
        order, numbers in a text by their value, and those of a pandas ``Categorical`` in the order of its categories.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many; the customers of a level are resampled on their own.
    min_rows : int
        A level of fewer rows, of fewer than 10 rows of one label, or of one customer is listed without figures.
    max_levels : int
        Of a column of more levels, those with the most rows are measured; the others are one row without figures.

    Returns
    -------
    tuple of Slice
        By column, then level.

    Raises
    ------
    ModelError
        If a column or the predictions are not of these rows.

    Examples
    --------
    >>> label, raw = np.tile([0, 0, 1, 1], 50), np.tile([-2.0, -1.0, -1.5, 2.0], 50)
    >>> of = Predictions(raw, 1 / (1 + np.exp(-raw)))
    >>> depth = np.repeat(["new", "old"], [150, 50])
    >>> found = sliced(label, np.arange(200), of, {"depth": depth}, np.random.default_rng(0), 50, min_rows=100)
    >>> [(one.level, str(one.metrics.get("roc_auc")), one.note) for one in found]
    [('new', '0.750 [0.682, 0.818]', ''), ('old', 'None', '50 rows, fewer than 100')]
    """
    found: list[Slice] = []
    for column, values in by.items():
        code, names = _levels(column, values, label)
        n_rows = np.bincount(code, minlength=len(names))
        shown = np.sort(np.argsort(-n_rows, kind="stable")[:max_levels])
        for place in shown:
            rows = np.flatnonzero(code == place)
            part = Predictions(predictions.raw[rows], predictions.probability[rows])
            found.append(
                _slice((column, names[place]), label[rows], customer[rows], part, rng, (n_resamples, min_rows))
            )
        if len(names) > shown.size:
            found.append(_rest(column, len(names) - shown.size, np.isin(code, shown, invert=True), label, customer))
    return tuple(found)


def slice_table(slices: tuple[Slice, ...]) -> pd.DataFrame:
    """One row per level: sizes, every metric with the ends of its interval, and why figures are missing.

    Returns
    -------
    DataFrame
        Columns ``column``, ``level``, ``n_rows``, ``n_customers``, ``prevalence``, ``<metric>``, ``<metric>_low``,
        ``<metric>_high`` and ``note``; NaN where there is no figure.
    """
    unknown = Interval(math.nan, math.nan, math.nan)
    rows: list[dict[str, object]] = []
    for one in slices:
        row: dict[str, object] = {
            "column": one.column,
            "level": one.level,
            "n_rows": one.n_rows,
            "n_customers": one.n_customers,
            "prevalence": one.prevalence,
        }
        for metric in SLICE_METRICS:
            value = one.metrics.get(metric.name, unknown)
            row |= {metric.name: value.estimate, f"{metric.name}_low": value.low, f"{metric.name}_high": value.high}
        rows.append(row | {"note": one.note})
    return pd.DataFrame(rows)


def _levels(column: str, values: Column, label: LabelArray) -> tuple[IntArray, list[str]]:
    if len(values) != label.size:
        raise ModelError(
            f"'{column}' has {len(values):,} values for {label.size:,} rows.",
            why="Its levels would be of other rows.",
            fix="Give one value per row.",
        )
    series = pd.Series(values)
    if series.dtype == object:
        text = series.map(_text, na_action="ignore")
        series = pd.Series(pd.Categorical(text, sorted(text.dropna().unique(), key=_natural)))
    code, names = pd.factorize(series, sort=True, use_na_sentinel=True)
    shown = [_text(name) for name in names]
    if (code < 0).any():
        code, shown = np.where(code < 0, len(shown), code), [*shown, "missing"]
    return code, shown


def _natural(name: str) -> list[tuple[int, str]]:
    """So that ``2 to 3 orders`` comes before ``10 orders``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _text(value: object) -> str:
    if isinstance(value, np.datetime64 | pd.Timestamp):
        return f"{pd.Timestamp(value):%Y-%m-%d}"
    return str(value)


def _slice(  # what it is called, the rows, and how to resample
    named: tuple[str, str],
    label: LabelArray,
    customer: IntArray,
    model: Predictions,
    rng: np.random.Generator,
    limits: tuple[int, int],
) -> Slice:
    n_resamples, min_rows = limits
    n_customers, prevalence = np.unique(customer).size, float(np.mean(label))
    note = _too_small(label, n_customers, min_rows)
    metrics: Intervals = {}
    if not note:
        unit, n_units, draws = units(customer, n_resamples, rng)
        (found,) = measured([Scored(label, model.raw, model.probability, unit)], SLICE_METRICS, draws, n_units)
        metrics = found.intervals()
    return Slice(*named, label.size, n_customers, prevalence, metrics, note)


def _too_small(label: LabelArray, n_customers: int, min_rows: int) -> str:
    n_positive = int(np.sum(label))
    rarer = min(n_positive, label.size - n_positive)
    if label.size < min_rows:
        return f"{label.size:,} rows, fewer than {min_rows:,}"
    if rarer < MIN_OF_A_LABEL:
        which = "positive" if n_positive == rarer else "negative"
        return f"{rarer} {which} rows, fewer than {MIN_OF_A_LABEL}"
    return "rows of one customer only" if n_customers < 2 else ""


def _rest(column: str, n_levels: int, others: NDArray[np.bool_], label: LabelArray, customer: IntArray) -> Slice:
    n_customers, prevalence = np.unique(customer[others]).size, float(np.mean(label[others]))
    name = f"and {n_levels:,} more"
    return Slice(column, name, int(others.sum()), n_customers, prevalence, {}, "the smaller levels are not measured")
