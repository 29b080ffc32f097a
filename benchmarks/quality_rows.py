"""Labelled rows of a task, rolling origins over them, and what a model is worth there: shared by `quality_sides`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.adapters.engines import engine_named
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source, located
from pipelines.core.intervals import Interval, cluster_weights, interval
from pipelines.core.randomness import generator_for
from pipelines.evaluation.metrics import pr_auc, roc_auc
from pipelines.features.spine import cutoff_days
from pipelines.flows.ingest import ingest
from pipelines.models.classifier import Classifier, Dataset
from pipelines.scoring.stored import read_labelled
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import FoldCutoffs

PROJECT = Path(__file__).parents[1]
METRICS = {"roc_auc": roc_auc, "pr_auc": pr_auc}
Cutoffs = tuple[datetime, ...]


class Quiet:
    """A run and its progress that record nothing."""

    def __getattr__(self, name: str) -> object:
        return self if name == "progress" else lambda *_: None


@dataclass(frozen=True)
class Rows:
    """Labelled feature rows.

    Parameters
    ----------
    features : DataFrame of float64, shape (n_rows, n_features)
        NaN is null.
    label : int8 array of shape (n_rows,)
        0 or 1.
    customer, cutoff : int64 array of shape (n_rows,)
        The customer's code, and days since 1970-01-01.
    """

    features: pd.DataFrame
    label: NDArray[np.int8]
    customer: NDArray[np.int64]
    cutoff: NDArray[np.int64]

    def at(self, cutoffs: Cutoffs) -> Rows:
        """Those of these cutoffs."""
        mask = np.isin(self.cutoff, cutoff_days(cutoffs))
        return Rows(self.features[mask], self.label[mask], self.customer[mask], self.cutoff[mask])

    def dataset(self, columns: Sequence[str]) -> Dataset:
        """What a model learns from, if it may look at these columns."""
        return Dataset(self.features[list(columns)], self.label)


def ingested(source: str, folder: Path, path: str, overrides: str = "") -> Lake:
    """A lake below ``folder`` with the source in it, from where its file says or from ``path``."""
    spec = located(load_source(PROJECT / "conf", source, overrides), path)
    lake = FileLake(folder / "data", folder, engine_named(spec.engine, folder / "spill"))
    ingest(spec, lake, Quiet())
    return lake


def labelled_rows(task: TaskSpec, lake: Lake, cutoffs: Cutoffs) -> Rows:
    """Features and labels of a task at these cutoffs; the one place where this benchmark reads a lake."""
    known_at = max(cutoffs) + task.horizon
    found = read_labelled(task, lake, known_at, cutoffs)
    return Rows(found.panel.rows, found.label, found.panel.spine.customer, found.panel.spine.cutoff)


@dataclass(frozen=True)
class Drawn:
    """Metrics averaged over origins, and the same on each resample of customers.

    Parameters
    ----------
    points : mapping of str to float
        By metric.
    draws : mapping of str to float array of shape (n_resamples,)
        By metric; the same resamples for every model that is judged on the same rows.
    """

    points: Mapping[str, float]
    draws: Mapping[str, NDArray[np.float64]]

    def __sub__(self, other: Drawn) -> Drawn:
        return Drawn(
            {name: point - other.points[name] for name, point in self.points.items()},
            {name: drawn - other.draws[name] for name, drawn in self.draws.items()},
        )

    def intervals(self) -> dict[str, Interval]:
        """95 % percentile intervals."""
        return {name: interval(point, self.draws[name]) for name, point in self.points.items()}


@dataclass(frozen=True)
class Origins:
    """Rolling origins: at each, what may be learned and the later rows that are judged.

    Parameters
    ----------
    train, judged : tuple of Rows
        One of each per origin; every label window of ``train`` has ended when the first of ``judged`` begins.
    """

    train: tuple[Rows, ...]
    judged: tuple[Rows, ...]

    @classmethod
    def of(cls, rows: Rows, folds: Sequence[FoldCutoffs]) -> Origins:
        """The rows of each fold."""
        return cls(tuple(rows.at(fold.train) for fold in folds), tuple(rows.at(fold.valid) for fold in folds))

    def scores(self, columns: Sequence[str], fit: Callable[[Dataset], Classifier]) -> list[NDArray[np.float64]]:
        """Log-odds of the judged rows, by origin, from a model that is fitted anew at each."""
        return [
            fit(train.dataset(columns)).raw(judged.features[list(columns)])
            for train, judged in zip(self.train, self.judged, strict=True)
        ]

    def drawn(self, scores: Sequence[NDArray[np.float64]], n_resamples: int) -> Drawn:
        """Each metric averaged over origins; a resample of customers is the same at all of them."""
        customer = np.concatenate([part.customer for part in self.judged])
        ends = np.cumsum([0, *(len(part.label) for part in self.judged)])
        places = [slice(*pair) for pair in pairwise(ends)]
        weights = cluster_weights(customer, n_resamples, generator_for(1, "quality"), chunk=50)
        chunks = [
            {name: self._mean(name, scores, [weight[:, place] for place in places]) for name in METRICS}
            for weight in weights
        ]
        points = {
            name: float(np.mean([metric(part.label, one) for part, one in zip(self.judged, scores, strict=True)]))
            for name, metric in METRICS.items()
        }
        return Drawn(points, {name: np.concatenate([chunk[name] for chunk in chunks]) for name in METRICS})

    def _mean(
        self, name: str, scores: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        found = [
            METRICS[name](part.label, score, weight)
            for part, score, weight in zip(self.judged, scores, weights, strict=True)
        ]
        mean: NDArray[np.float64] = np.mean(found, axis=0)
        return mean
