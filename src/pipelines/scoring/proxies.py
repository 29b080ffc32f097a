"""How well the features of a task predict its sensitive columns, which the task's model never sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.fairness.proxies import MAX_LEVELS, ColumnProxies, Level, Proxies, Told, auc_intervals
from pipelines.features.catalogue import Feature
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.scoring.cases import BoolArray, Cases
from pipelines.scoring.sensitive import UNKNOWN

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ObjectArray = NDArray[np.object_]
N_FOLDS = 5
_MOST = 20_000
"""Customers who are looked at: more would not move the second decimal."""
_TUNED: dict[str, float] = {"num_leaves": 8.0, "learning_rate": 0.05, "min_data_in_leaf": 20.0, "feature_fraction": 0.5}
_N_ROUNDS = 60
_KNOWN, _OTHERS = "the known", "the other known values"


@dataclass(frozen=True)
class _Task:
    """One level against a rest: who takes part, and who has it."""

    name: str
    rest: str
    takes_part: BoolArray
    has: BoolArray


def proxies(
    cases: Cases,
    sensitive: pd.DataFrame,
    *,
    min_group: int,
    level: float,
    rng: np.random.Generator,
    n_resamples: int = 1_000,
) -> Proxies:
    """Predict every sensitive column from the features, one value against the others.

    Each customer takes part once, with the newest row; folds divide customers, so that nobody is on both sides, and
    keep the share of the value. Known values are told from each other, and ``unknown`` from the known.

    Parameters
    ----------
    cases : Cases
        Rows of the task, such as those of its test.
    sensitive : DataFrame of shape (n_rows, n_columns)
        The columns; null is ``unknown``.
    min_group : int
        Customers that a value needs, and as many without it.
    level : float in (0, 1)
        Of the intervals.
    rng : Generator
        Of folds, seeds and resamples.
    n_resamples : int
        Of customers.

    Returns
    -------
    Proxies
        Whatever the columns are like: what cannot be told apart is said.

    References
    ----------
    Datta et al. (2017), *Proxy discrimination in data-driven systems*. Strumbelj & Kononenko (2014), *Explaining
    prediction models and individual predictions with feature contributions*, for the additivity that lets values of
    one idea be summed.
    """
    newest = _newest(cases, rng)
    own, values = cases.at(newest), sensitive[newest].reset_index(drop=True)
    dataset = Dataset(own.encoded, np.zeros(len(own), np.int8), _categorical(own.features))
    found = [
        _column(str(name), _texts(values[name]), own, dataset, (min_group, level, rng, n_resamples)) for name in values
    ]
    return Proxies(tuple(found), len(own), min_group, level)


def _newest(cases: Cases, rng: np.random.Generator) -> BoolArray:
    """Each subject's newest row, of at most so many subjects."""
    order = np.arange(len(cases)) if cases.moment is None else np.argsort(cases.moment, kind="stable")
    last = pd.Series(order).groupby(cases.subject[order]).last().to_numpy(np.int64)
    mask = np.zeros(len(cases), dtype=bool)
    mask[last if last.size <= _MOST else rng.choice(last, _MOST, replace=False)] = True
    return mask


def _texts(values: pd.Series) -> ObjectArray:
    return values.astype(object).where(values.notna(), UNKNOWN).astype(str).to_numpy(object)


def _categorical(features: Sequence[Feature]) -> tuple[str, ...]:
    return tuple(feature.name for feature in features if feature.levels)


_How = tuple[int, float, np.random.Generator, int]


def _column(name: str, values: ObjectArray, own: Cases, dataset: Dataset, how: _How) -> ColumnProxies:
    min_group, level, rng, n_resamples = how
    names = sorted(set(values) - {UNKNOWN})
    if len(names) > MAX_LEVELS:
        note = f"Not measured: it has {len(names):,} different values, which divide nobody into groups."
        return ColumnProxies(name, (), None, {}, {}, note)
    tasks = _tasks(values, names)
    asked = [one for one in tasks if min(one.has.sum(), (one.takes_part & ~one.has).sum()) >= min_group]
    told, carried = zip(*(_tell(one, dataset, rng) for one in asked), strict=True) if asked else ((), ())
    each, mean = auc_intervals(told, level, rng, n_resamples)
    auc = {one.name: found for one, found in zip(asked, each, strict=True)}
    levels = tuple(Level(one.name, int(one.has.sum()), one.rest, auc.get(one.name)) for one in tasks)
    known = [moved for one, moved in zip(told, carried, strict=True) if one.is_known] or list(carried)
    features, ideas = _carriers(own.features, known)
    return ColumnProxies(name, levels, mean, features, ideas, _note(levels, min_group))


def _tasks(values: ObjectArray, names: Sequence[str]) -> list[_Task]:
    known = values != UNKNOWN
    tasks = [_Task(name, _OTHERS, known, values == name) for name in names]
    return tasks if known.all() else [*tasks, _Task(UNKNOWN, _KNOWN, np.full(values.size, True), ~known)]


def _tell(one: _Task, dataset: Dataset, rng: np.random.Generator) -> tuple[Told, FloatArray]:
    """Learn on all folds but one, score that one; and the SHAP values of all rows that were scored."""
    places = np.flatnonzero(one.takes_part)
    has = one.has[places]
    fold, seed = _folds(has, rng), int(rng.integers(2**31))
    rows = dataset.rows.iloc[places]
    score = np.full(one.has.size, np.nan)
    moved = np.zeros((places.size, rows.shape[1]))
    for number in range(N_FOLDS):
        out = fold == number
        learned = Dataset(rows[~out], has[~out].astype(np.int8), dataset.categorical)
        trees = LightGBM(n_bags=1).fit(learned, _TUNED, _N_ROUNDS, seed)
        values = trees.contributions(rows[out])
        score[places[out]] = values.sum(axis=1)
        moved[out] = values[:, :-1]
    of_row = np.full(one.has.size, -1, dtype=np.int64)
    of_row[places] = fold
    return Told(score, one.has, of_row, one.name != UNKNOWN), moved


def _folds(has: BoolArray, rng: np.random.Generator) -> IntArray:
    """A fold for each customer, so that every fold has the same share of the value."""
    fold = np.empty(has.size, dtype=np.int64)
    for side in (has, ~has):
        fold[rng.permutation(np.flatnonzero(side))] = np.arange(int(side.sum())) % N_FOLDS
    return fold


def _carriers(
    features: Sequence[Feature], moved: Sequence[FloatArray]
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Mean absolute SHAP values over the levels, by feature and by idea, largest first."""
    if not moved:
        return {}, {}
    ideas = [feature.subject_matter for feature in features]
    of_idea = {name: [place for place, idea in enumerate(ideas) if idea == name] for name in dict.fromkeys(ideas)}
    by_feature = {
        feature.name: float(np.mean([np.abs(one[:, place]).mean() for one in moved]))
        for place, feature in enumerate(features)
    }
    by_idea = {
        name: float(np.mean([np.abs(one[:, places].sum(axis=1)).mean() for one in moved]))
        for name, places in of_idea.items()
    }
    return _largest_first(by_feature), _largest_first(by_idea)


def _largest_first(found: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _note(levels: Sequence[Level], min_group: int) -> str:
    if len(levels) <= 1:
        return f"Not measured: every customer has the value '{levels[0].name}'." if levels else "There are no rows."
    if any(level.roc_auc for level in levels):
        return ""
    return f"Not measured: no value has {min_group} customers, and as many known ones without it."
