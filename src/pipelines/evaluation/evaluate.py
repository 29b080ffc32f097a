"""A model's metrics with intervals, beside baselines scored on the same rows and the same resamples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.intervals import FloatArray, IntArray, Interval, Weights, cluster_weights, interval
from pipelines.core.report import Report
from pipelines.evaluation.metrics import METRICS, Metric

N_RESAMPLES = 1000
LabelArray = NDArray[np.integer] | NDArray[np.bool_]
Intervals = dict[str, Interval]


@dataclass(frozen=True)
class Predictions:
    """What a model says about some rows.

    Parameters
    ----------
    raw : float array of shape (n_rows,)
        Log-odds before calibration, or anything that ranks; larger means more likely positive.
    probability : float array of shape (n_rows,)
        Calibrated probability of a positive.
    """

    raw: FloatArray
    probability: FloatArray

    def read_by(self, metric: Metric) -> FloatArray:
        """The side of the predictions that ``metric`` looks at."""
        return self.raw if metric.on == "raw" else self.probability


@dataclass(frozen=True)
class Evaluation:
    """How good a model is, and how much better than each baseline.

    Parameters
    ----------
    n_rows, n_customers : int
        Size of the data; a customer has one row per cutoff.
    prevalence : float
        Share of positive rows.
    model : dict of str to Interval
        By metric.
    baselines : dict of str to dict of str to Interval
        By baseline, then metric.
    differences : dict of str to dict of str to Interval
        Model minus baseline, paired on the same resamples.
    """

    n_rows: int
    n_customers: int
    prevalence: float
    model: Intervals
    baselines: dict[str, Intervals]
    differences: dict[str, Intervals]

    def report(self, part: str = "test") -> Report:
        """Name everything as it is logged.

        Parameters
        ----------
        part : str
            What the rows are: ``test`` or ``valid``.

        Returns
        -------
        Report
            Metrics ``<part>.<metric>``, ``baseline.<model>.<metric>`` and ``difference.<model>.<metric>``, each with
            ``.ci_low`` and ``.ci_high``; ``<part>.prevalence``, ``.n_rows`` and ``.n_customers``; and the artifact
            ``report/metrics.json``. A value that is NaN is left out of the metrics, so that a gate finds it missing
            and refuses, and is null in the JSON.
        """
        sizes = {"n_rows": self.n_rows, "n_customers": self.n_customers, "prevalence": self.prevalence}
        named = [(part, self.model)]
        named += [(f"baseline.{name}", found) for name, found in self.baselines.items()]
        named += [(f"difference.{name}", found) for name, found in self.differences.items()]
        metrics = {f"{part}.{name}": float(value) for name, value in sizes.items()}
        for prefix, found in named:
            metrics |= _flat(prefix, found)
        defined = {name: value for name, value in metrics.items() if not math.isnan(value)}
        return Report(defined, {"report/metrics.json": self._as_json(part)})

    def _as_json(self, part: str) -> dict[str, object]:
        return {
            "part": part,
            "n_rows": self.n_rows,
            "n_customers": self.n_customers,
            "prevalence": self.prevalence,
            "intervals": "95 % percentile bootstrap over customers",
            "model": _nullable(self.model),
            "baselines": {name: _nullable(found) for name, found in self.baselines.items()},
            "differences": {name: _nullable(found) for name, found in self.differences.items()},
        }


def evaluation(
    label: LabelArray,
    customer: IntArray,
    model: Predictions,
    baselines: Mapping[str, Predictions],
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Evaluation:
    """Measure a model and its baselines in one pass over the resamples.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    model : Predictions
        Of the model, for these rows.
    baselines : mapping of str to Predictions
        Of each baseline, for the same rows.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many; every model sees the same ones.

    Returns
    -------
    Evaluation
        With 95 % intervals.

    Raises
    ------
    NotEnoughDataError
        If the labels lack positives or negatives, or all rows are of one customer.
    ModelError
        If the predictions are not of these rows.
    """
    weights = cluster_weights(_of_rows(customer, label), n_resamples, rng)
    ours, *theirs = _measure(label, [model, *baselines.values()], weights)
    measured = dict(zip(baselines, theirs, strict=True))
    return Evaluation(
        n_rows=label.size,
        n_customers=np.unique(customer).size,
        prevalence=float(np.mean(label)),
        model=ours.intervals(),
        baselines={name: one.intervals() for name, one in measured.items()},
        differences={name: (ours - one).intervals() for name, one in measured.items()},
    )


def evaluate(
    label: LabelArray,
    customer: IntArray,
    predictions: Predictions,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Intervals:
    """Every metric of one model, with its interval.

    See `evaluation` for the parameters and errors.

    Examples
    --------
    >>> probability = np.array([0.9, 0.2, 0.6, 0.1, 0.7, 0.4])
    >>> predictions = Predictions(raw=np.log(probability / (1 - probability)), probability=probability)
    >>> label, customer = np.array([1, 0, 1, 0, 0, 1]), np.arange(6)
    >>> found = evaluate(label, customer, predictions, np.random.default_rng(0), n_resamples=200)
    >>> str(found["brier"])
    '0.178 [0.040, 0.333]'
    """
    return evaluation(label, customer, predictions, {}, rng, n_resamples).model


def compare(
    label: LabelArray,
    customer: IntArray,
    ours: Predictions,
    theirs: Predictions,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Intervals:
    """Every metric's paired difference, ours minus theirs, on the same rows and resamples.

    What both models find easy or hard cancels, so the interval is narrower than those of the two models suggest.
    See `evaluation` for the parameters and errors.

    Examples
    --------
    >>> same = Predictions(raw=np.array([0.0, 1.0, 2.0, 3.0]), probability=np.array([0.1, 0.2, 0.3, 0.4]))
    >>> found = compare(np.array([0, 1, 0, 1]), np.arange(4), same, same, np.random.default_rng(0), n_resamples=50)
    >>> str(found["brier"])
    '0.000 [0.000, 0.000]'
    """
    return evaluation(label, customer, ours, {"theirs": theirs}, rng, n_resamples).differences["theirs"]


@dataclass(frozen=True)
class _Measured:
    """All metrics of one model: of shape (n_metrics,) on the data, and (n_metrics, n_resamples)."""

    points: FloatArray
    draws: FloatArray

    def __sub__(self, other: _Measured) -> _Measured:
        return _Measured(self.points - other.points, self.draws - other.draws)

    def intervals(self) -> Intervals:
        rows = zip(METRICS, self.points, self.draws, strict=True)
        return {metric.name: interval(point, drawn) for metric, point, drawn in rows}


def _measure(label: LabelArray, models: Sequence[Predictions], weights: Iterator[Weights]) -> list[_Measured]:
    """Every model on the data and on the same resamples, which are drawn once and not kept."""
    points = [np.array([metric.function(label, one.read_by(metric)) for metric in METRICS]) for one in models]
    chunks = [
        [np.stack([metric.function(label, one.read_by(metric), weight) for metric in METRICS]) for one in models]
        for weight in weights
    ]
    undrawn = np.empty((len(METRICS), 0))
    draws = [np.concatenate([undrawn, *(chunk[i] for chunk in chunks)], axis=1) for i in range(len(models))]
    return [_Measured(point, drawn) for point, drawn in zip(points, draws, strict=True)]


def _of_rows(customer: IntArray, label: LabelArray) -> IntArray:
    if customer.shape == label.shape:
        return customer
    raise ModelError(
        f"{customer.size:,} customers were given for {label.size:,} labels.",
        why="Resampling customers needs to know whose each row is.",
        fix="Pass the customer of every row, repeated over its cutoffs.",
    )


def _flat(prefix: str, found: Intervals) -> dict[str, float]:
    named: dict[str, float] = {}
    for metric, value in found.items():
        name = f"{prefix}.{metric}"
        named |= {name: value.estimate, f"{name}.ci_low": value.low, f"{name}.ci_high": value.high}
    return named


def _nullable(found: Intervals) -> dict[str, dict[str, float | None]]:
    return {
        metric: {end: None if math.isnan(value) else value for end, value in asdict(one).items()}
        for metric, one in found.items()
    }
