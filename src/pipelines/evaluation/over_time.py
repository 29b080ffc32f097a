"""A metric by period of the test: whether some of it is clearly worse than the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.intervals import FloatArray, IntArray, Interval, interval, simultaneous_level
from pipelines.evaluation.evaluate import N_RESAMPLES, LabelArray, Predictions
from pipelines.evaluation.metrics import Metric
from pipelines.evaluation.resampled import Scored, measured, units

MIN_OF_A_LABEL = 10
"""Rows of each label that a period needs to be looked at by itself."""


@dataclass(frozen=True)
class Period:
    """A part of the test, beside the rest of it.

    Parameters
    ----------
    name : str
        Its first day.
    n_rows : int
        How many rows are of it.
    value : float
        The metric on them; NaN if they are too few.
    drop : Interval or None
        The mean of the metric over the other periods minus that of this one, turned so that more is worse, at a level
        at which all periods' intervals hold at once; None if its rows are too few.
    """

    name: str
    n_rows: int
    value: float
    drop: Interval | None


def by_period(  # noqa: PLR0913, PLR0917  # the rows, the model, the metric, and how to resample
    label: LabelArray,
    customer: IntArray,
    predictions: Predictions,
    period: NDArray[np.str_],
    metric: Metric,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> tuple[Period, ...]:
    """Hold every period against the others, on the same resamples of customers.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row; one customer has rows in many periods.
    predictions : Predictions
        Of the model.
    period : str array of shape (n_rows,)
        The period of each row; they are ordered by their names.
    metric : Metric
        What is measured.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    tuple of Period
        A period with fewer than 10 rows of a label has no figures, and is not among the others of the rest.

    Raises
    ------
    NotEnoughDataError
        If fewer than two periods can be measured, or all rows are of one customer.
    """
    names = np.unique(period)
    unit, n_units, draws = units(customer, n_resamples, rng)
    masks = [period == name for name in names]
    large = [mask for mask in masks if _is_large(label[mask])]
    if len(large) < 2:
        raise NotEnoughDataError(
            f"{len(large)} of {len(names)} periods of the test have {MIN_OF_A_LABEL} rows of each label.",
            why="Whether a model is as good at one time as at others takes two times.",
            fix="Test on more cutoffs (timeline.n_test, or a longer split.test), or take the gate out of the task.",
        )
    models = [Scored(label[at], predictions.raw[at], predictions.probability[at], unit[at]) for at in large]
    found = measured(models, (metric,), draws, n_units)
    sign = 1.0 if metric.greater_is_better else -1.0
    points = sign * np.array([one.points[0] for one in found])
    drops = _drops(points, sign * np.array([one.draws[0] for one in found]))
    told = iter([(sign * float(point), drop) for point, drop in zip(points, drops, strict=True)])
    figures = [next(told) if _is_large(label[mask]) else (float("nan"), None) for mask in masks]
    return tuple(
        Period(str(name), int(mask.sum()), *figure) for name, mask, figure in zip(names, masks, figures, strict=True)
    )


def _is_large(label: LabelArray) -> bool:
    n_positive = int(np.sum(label))
    return min(n_positive, label.size - n_positive) >= MIN_OF_A_LABEL


def _drops(points: FloatArray, draws: FloatArray) -> list[Interval]:
    """What each lies below the mean of the others; ``draws`` are of shape (n_periods, n_resamples)."""
    n = len(points)
    level = simultaneous_level(0.95, n)
    rest, rest_drawn = (points.sum() - points) / (n - 1), (draws.sum(axis=0) - draws) / (n - 1)
    return [interval(float(rest[at] - points[at]), rest_drawn[at] - draws[at], level) for at in range(n)]
