"""One model measured on the data and on resamples of its customers, without a weight per row.

A resample draws customers, so a row's weight is its customer's. Whatever a metric adds up over rows can be added up
over a customer's rows first, once, and each resample then costs a sparse product with the counts of the draw: of the
rows at each score for the metrics that rank (`levels`), of a customer's terms for those that average (`additive`). A
sparse product runs in one thread and adds in one order: the figures do not depend on how busy the machine is, and
neither does the time, as it would with the threads of a dense one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.core.intervals import FloatArray, IntArray, Interval, Weights, cluster_weights, interval
from pipelines.evaluation.levels import BoolArray, Levels, levels
from pipelines.evaluation.metrics import LabelArray, Metric

if TYPE_CHECKING:  # who only needs a metric need not wait for it
    from scipy.sparse import csr_array

CHUNK = 25
"""Resamples at a time: few enough that the counts of a chunk stay in the processor's cache."""


@dataclass(frozen=True)
class Measured:
    """All metrics of one model: of shape (n_metrics,) on the data, and (n_metrics, n_resamples)."""

    metrics: tuple[Metric, ...]
    points: FloatArray
    draws: FloatArray

    def __sub__(self, other: Measured) -> Measured:
        return Measured(self.metrics, self.points - other.points, self.draws - other.draws)

    def intervals(self, level: float = 0.95) -> dict[str, Interval]:
        """By metric, the value and its percentile interval."""
        rows = zip(self.metrics, self.points, self.draws, strict=True)
        return {metric.name: interval(point, drawn, level) for metric, point, drawn in rows}


@dataclass(frozen=True)
class Scored:
    """Labelled rows with a model's scores.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    raw, probability : float array of shape (n_rows,)
        What ranking and averaging metrics look at.
    unit : integer array of shape (n_rows,)
        The customer of each row, 0 to ``n_units - 1``: its place among the counts of a draw.
    """

    label: LabelArray
    raw: FloatArray
    probability: FloatArray
    unit: IntArray

    def read_by(self, metric: Metric) -> FloatArray:
        """The scores that ``metric`` looks at."""
        return self.raw if metric.on == "raw" else self.probability


def measured(
    models: Sequence[Scored], metrics: Sequence[Metric], draws: Iterator[Weights], n_units: int
) -> list[Measured]:
    """Every model on its rows and on the same resamples, which are drawn once and not kept.

    Parameters
    ----------
    models : sequence of Scored
        They may be of different rows; their units are the same.
    metrics : sequence of Metric
        What to measure.
    draws : iterator of float array of shape (n_resamples, n_units)
        How often each unit was drawn, in chunks.
    n_units : int
        How many units there are.

    Raises
    ------
    NotEnoughDataError
        If the labels of a model lack positives or negatives.
    ModelError
        If its scores are not of its rows.
    """
    points = [np.array([one.function(model.label, model.read_by(one)) for one in metrics]) for model in models]
    plans = [_Plan.of(model, metrics, n_units) for model in models]
    chunks = [[plan.under(np.ascontiguousarray(counts.T)) for plan in plans] for counts in draws]
    undrawn = np.empty((len(metrics), 0))
    drawn = [np.concatenate([undrawn, *(chunk[i] for chunk in chunks)], axis=1) for i in range(len(models))]
    return [Measured(tuple(metrics), *found) for found in zip(points, drawn, strict=True)]


def units(customer: IntArray, n_resamples: int, rng: np.random.Generator) -> tuple[IntArray, int, Iterator[Weights]]:
    """Number the customers, and draw them.

    Returns
    -------
    unit : integer array of shape (n_rows,)
        The number of each row's customer.
    n_units : int
        How many customers.
    draws : iterator of float array of shape (<= 25, n_units)
        The draws of `cluster_weights`, of customers instead of rows.

    Raises
    ------
    NotEnoughDataError
        If there are fewer than two customers.

    Examples
    --------
    >>> unit, n_units, draws = units(np.array([70, 30, 70]), 1, np.random.default_rng(0))
    >>> unit, n_units, next(draws).sum()
    (array([1, 0, 1]), 2, np.float64(2.0))
    """
    known, unit = np.unique(customer, return_inverse=True)
    return unit, known.size, cluster_weights(np.arange(known.size), n_resamples, rng, chunk=CHUNK)


@dataclass(frozen=True)
class _Plan:
    """What of a model does not depend on the resample."""

    model: Scored
    metrics: tuple[Metric, ...]
    levels: Levels | None
    terms: dict[str, csr_array]
    n_rows: csr_array

    @classmethod
    def of(cls, model: Scored, metrics: Sequence[Metric], n_units: int) -> _Plan:
        label: BoolArray = np.asarray(model.label) == 1
        ranks = any(metric.ranked for metric in metrics)
        terms = {
            metric.name: _by_unit(metric.additive.terms(label, model.read_by(metric)), model.unit, n_units)
            for metric in metrics
            if metric.additive
        }
        n_rows = _by_unit(np.ones((label.size, 1)), model.unit, n_units)
        found = levels(label, model.raw, model.unit, n_units) if ranks else None
        return cls(model, tuple(metrics), found, terms, n_rows)

    def under(self, drawn: Weights) -> FloatArray:
        """Each metric on each resample, of shape (n_metrics, n_resamples); ``drawn`` has a row per unit."""
        ranked = self.levels.under(drawn) if self.levels else None
        mass = (self.n_rows @ drawn)[0]
        found = np.empty((len(self.metrics), drawn.shape[1]))
        for place, metric in enumerate(self.metrics):
            if metric.ranked and ranked:
                found[place] = metric.ranked(ranked)
            elif metric.additive:
                found[place] = metric.additive.value((self.terms[metric.name] @ drawn).T, mass)
            else:
                weight = drawn.T[:, self.model.unit]
                found[place] = metric.function(self.model.label, self.model.read_by(metric), weight)
        return found


def _by_unit(terms: FloatArray, unit: IntArray, n_units: int) -> csr_array:
    """Terms of shape (n_rows, n_terms), added up over each unit's rows, of shape (n_terms, n_units)."""
    from scipy.sparse import csr_array

    return csr_array(np.stack([np.bincount(unit, weights=term, minlength=n_units) for term in terms.T]))
