"""Finished tables with the tuning inside each training part: ``python quality_nested.py PART SIZE FOLDER DATA``.

Every test fold is judged by a model whose parameters, rounds and trees came from its training fold alone. Leaves
``FOLDER/PART.json``.
"""

from __future__ import annotations

import functools
import json
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from quality_cases import Cases, online_shoppers, telco
from quality_figures import Figures
from quality_search import SMALL_TABLE, Budget, IntArray, Parts, stratified, taken
from scipy.stats import t as student
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedShuffleSplit

from pipelines.core.intervals import FloatArray, Interval, cluster_weights, interval
from pipelines.core.randomness import generator_for
from pipelines.evaluation.metrics import lift_at_10pct, pr_auc, roc_auc
from pipelines.models.classifier import Dataset

METRICS: dict[str, Callable[..., float | FloatArray]] = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "lift_at_10pct": lift_at_10pct,
}
Split = tuple[IntArray, IntArray]
SEED = 20261122
LAST_MONTH_LEARNED = 10
FIRST_MONTHS_JUDGED = (8, 9)
"""Of the inner folds of the run to October: each is judged on the months from there to October."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    budget: Budget
    n_inner: int
    n_repeats: int
    n_repeats_without: int
    n_repeats_telco: int
    n_splits: int
    n_folds: int
    n_resamples: int

    @property
    def tuned(self) -> str:
        """How, in words."""
        return f"tuned inside each training part: {self.budget.n_trials} trials, {self.n_inner} inner folds"


SIZES = {
    "small": Size(Budget(1, 1, SMALL_TABLE, 40), 2, 1, 1, 1, 2, 2, 100),
    "full": Size(Budget(12, 5, SMALL_TABLE), 3, 10, 2, 5, 20, 5, 1_000),
}


@dataclass(frozen=True)
class Published:
    """A figure of others, and on how much of ours it is passed."""

    by: Mapping[str, float]

    def passed(self, folds: Mapping[str, FloatArray]) -> dict[str, float]:
        """The share of test folds at or above each, and at or above all of them at once."""
        reached = {name: folds[name] >= least for name, least in self.by.items()}
        shares = {f"share_passed.{name}": float(np.mean(one)) for name, one in reached.items()}
        return {**shares, "share_passed.all": float(np.mean(np.logical_and.reduce(list(reached.values()))))}


SHOPPERS_BEST = Published({"roc_auc": 0.937, "pr_auc": 0.754})
TELCO_BEST = Published({"roc_auc": 0.862, "lift_at_10pct": 3.02})


def corrected(folds: FloatArray, test_share: float) -> tuple[Interval, float]:
    """The mean over test folds with its 95 % interval, and its standard error.

    Training folds overlap, so the folds' figures depend on each other, and their spread over the root of their number
    is far too small; the spread of repeats' means is smaller still, since all of them see the same cases. The
    variance is multiplied by ``1 / n + test_share / (1 - test_share)`` instead of ``1 / n``.

    Parameters
    ----------
    folds : ndarray, shape (n_folds,)
        One figure per test fold, of all repeats.
    test_share : float
        Share of the cases in a test fold.

    References
    ----------
    Nadeau & Bengio (2003), *Inference for the generalization error*, Machine Learning 52; Bouckaert & Frank (2004),
    *Evaluating the replicability of significance tests for comparing learning algorithms*, for repeated folds.

    Examples
    --------
    >>> round(corrected(np.array([0.8, 0.9]), test_share=0.2)[1], 3)
    0.061
    """
    n, mean = len(folds), float(np.mean(folds))
    error = math.sqrt((1 / n + test_share / (1 - test_share)) * float(np.var(folds, ddof=1)))
    reach = float(student.ppf(0.975, n - 1)) * error
    return Interval(mean, mean - reach, mean + reach), error


def judged(cases: Cases, budget: Budget, n_inner: int, numbered: tuple[int, Split]) -> dict[str, float]:
    """One test fold: tune in its training fold, fit a bag on all of that, judge."""
    number, (train, test) = numbered
    data, seed = taken(cases.data, train), SEED + number
    raw = budget.settled(stratified(data, n_inner, seed), seed).fit(data).raw(cases.data.rows.iloc[test])
    return {name: float(metric(cases.data.label[test], raw)) for name, metric in METRICS.items()}


def nested(cases: Cases, size: Size, splits: Sequence[Split]) -> dict[str, FloatArray]:
    """Every split, by metric; a process per core, each with one thread."""
    one = functools.partial(judged, cases, size.budget, size.n_inner)
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(one, enumerate(splits)))
    return {name: np.array([fold[name] for fold in found]) for name in METRICS}


def repeated(part: str, cases: Cases, size: Size, n_repeats: int, best: Published | None) -> Figures:
    """Repeated stratified folds."""
    label = cases.data.label
    splitter = RepeatedStratifiedKFold(n_splits=size.n_folds, n_repeats=n_repeats, random_state=SEED)
    folds = nested(cases, size, list(splitter.split(np.zeros(len(label)), label)))
    protocol = f"{n_repeats} x {size.n_folds} stratified folds, {size.tuned}"
    return _summary(Figures(part, len(label), protocol), folds, 1 / size.n_folds, best)


def shuffled(part: str, cases: Cases, size: Size, best: Published) -> Figures:
    """Many 70/30 splits: how far one of them may lie from another."""
    label = cases.data.label
    splitter = StratifiedShuffleSplit(n_splits=size.n_splits, test_size=0.3, random_state=SEED)
    folds = nested(cases, size, list(splitter.split(np.zeros(len(label)), label)))
    protocol = f"{size.n_splits} stratified 70/30 splits, {size.tuned}"
    found = _summary(Figures(part, len(label), protocol), folds, 0.3, best)
    for name, one in folds.items():
        found.values |= {f"{name}.lowest": float(one.min()), f"{name}.highest": float(one.max())}
    return found


def _summary(found: Figures, folds: dict[str, FloatArray], test_share: float, best: Published | None) -> Figures:
    for name, one in folds.items():
        value, error = corrected(one, test_share)
        found.add("", {name: value})
        found.values[f"{name}.standard_error"] = error
        found.values[f"{name}.sd_of_folds"] = float(np.std(one, ddof=1))
    if best is not None:
        found.values |= best.passed(folds)
        for name, least in best.by.items():
            error = found.values[f"{name}.standard_error"]
            found.values[f"errors_above_published.{name}"] = (found.values[name] - least) / error
    return found


def nov_dec(part: str, cases: Cases, size: Size) -> Figures:
    """Learned to October, judged on November and December; the month itself is no feature, since those are new."""
    if cases.month is None:
        raise ValueError(f"{part} has no month: nothing can be held back in time")
    month, data = cases.month.to_numpy(), Dataset(cases.data.rows.drop(columns="Month"), cases.data.label)
    before, after = np.flatnonzero(month <= LAST_MONTH_LEARNED), np.flatnonzero(month > LAST_MONTH_LEARNED)
    inner: Parts = [
        (
            taken(data, np.flatnonzero(month < first)),
            taken(data, np.flatnonzero((month >= first) & (month <= LAST_MONTH_LEARNED))),
        )
        for first in FIRST_MONTHS_JUDGED
    ]
    raw = size.budget.settled(inner, SEED).fit(taken(data, before)).raw(data.rows.iloc[after])
    protocol = f"learned from February to October, judged on November and December; {size.budget.n_trials} trials"
    found = Figures(part, len(after), protocol)
    found.add("", _resampled(data.label[after], raw, size.n_resamples))
    return found


def _resampled(label: np.ndarray, raw: FloatArray, n_resamples: int) -> dict[str, Interval]:
    """Sessions are resampled: the file does not say whose they are."""
    rows = np.arange(len(label))
    weights = list(cluster_weights(rows, n_resamples, generator_for(SEED, "nov_dec")))
    draws = {name: np.concatenate([metric(label, raw, one) for one in weights]) for name, metric in METRICS.items()}
    return {name: interval(float(metric(label, raw)), draws[name]) for name, metric in METRICS.items()}


def part_of(part: str, size: Size, data: Path) -> Figures:
    """The figures of a part by its name."""
    if part == "telco":
        return repeated(part, telco(data), size, size.n_repeats_telco, TELCO_BEST)
    if part == "telco_70_30_splits":
        return shuffled(part, telco(data), size, TELCO_BEST)
    cases = online_shoppers(data, page_values="without_page_values" not in part)
    if "nov_dec" in part:
        return nov_dec(part, cases, size)
    if "without_page_values" in part:
        return repeated(part, cases, size, size.n_repeats_without, None)
    return repeated(part, cases, size, size.n_repeats, SHOPPERS_BEST)


def main() -> None:
    os.environ["OMP_THREAD_LIMIT"] = "1"  # of the processes that are started: as many as cores, so one thread each
    part, size, folder, data = sys.argv[1:]
    found = part_of(part, SIZES[size], Path(data))
    (Path(folder) / f"{part}.json").write_text(json.dumps(found.content()), encoding="utf-8")


if __name__ == "__main__":
    main()
