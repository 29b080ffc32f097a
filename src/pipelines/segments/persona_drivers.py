"""What a surrogate classifier goes by when it tells a segment from the rest: exact SHAP values, and how faithful it is.

An effect size looks at one feature at a time. The classifier looks at all of them together, so that of two features
that say the same it may need only one; both views are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.models import tree_shap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM, Trees
from pipelines.segments.described import Described
from pipelines.segments.persona_estimates import UNDEFINED, mean_of, share_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROUNDS = 60
_TUNED = {"num_leaves": 15.0, "learning_rate": 0.1, "min_data_in_leaf": 20.0}
_HELD_OUT = 0.3
_FEWEST = 20
"""Customers of a segment, and of the rest, that a classifier needs to be fitted on."""


@dataclass(frozen=True)
class Drivers:
    """The surrogate classifier: one LightGBM per segment against the rest.

    Parameters
    ----------
    agreement : Interval
        Of customers it was not fitted on, the share whose segment is the one it gives the highest score.
    largest : float
        The share of the largest segment among them: what always naming it would agree on.
    auc : mapping of int to float
        By segment, how well it is told from the rest: ROC-AUC of the same customers.
    table : DataFrame
        One row per segment and feature: ``mean_shap`` of the segment's own customers (log-odds: how far the feature
        speaks for the segment) with ``.ci_low`` and ``.ci_high``, and ``mean_abs_shap`` over all customers; by
        segment, strongest first.
    left_out : tuple of int
        Segments with too few customers.
    """

    agreement: Interval
    largest: float
    auc: Mapping[int, float]
    table: pd.DataFrame
    left_out: tuple[int, ...]


def drivers(described: Described, level: float, max_rows: int, rng: np.random.Generator) -> Drivers:
    """A surrogate classifier of the segments by their features, explained on customers it was not fitted on.

    Parameters
    ----------
    described : Described
        The customers; demographics and scores are not looked at.
    level : float in (0, 1)
        Of the intervals.
    max_rows : int
        The most customers that are fitted on and explained; more are sampled.
    rng : Generator
        Source of the sample and of LightGBM's seed.

    Returns
    -------
    Drivers
        Segments with fewer than 20 customers among those fitted on, or in the rest, are left out.

    References
    ----------
    Lundberg et al. (2020), *From local explanations to global understanding with explainable AI for trees*, Nature
    Machine Intelligence 2, for the values; Craven & Shavlik (1996), *Extracting tree-structured representations of
    trained networks*, for fidelity.
    """
    order = rng.permutation(len(described))[:max_rows]
    n_test = max(1, int(_HELD_OUT * order.size))
    test, fitted = np.sort(order[:n_test]), np.sort(order[n_test:])
    names = [one.name for one in described.features]
    rows, held = (described.rows[names].iloc[part].astype(np.float64) for part in (fitted, test))
    trees = _one_against_rest(rows, described.segment[fitted], described.ids, int(rng.integers(2**31)))
    segment = described.segment[test]
    scores = {one: model.raw(held) for one, model in trees.items()}
    parts = [_explained(one, model, held, segment == one, level) for one, model in trees.items()]
    return Drivers(
        _agreement(scores, segment, level),
        float(np.unique(segment, return_counts=True)[1].max() / segment.size),
        {one: _auc(score, segment == one) for one, score in scores.items()},
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS),
        tuple(one for one in described.ids if one not in trees),
    )


_COLUMNS = ["segment", "feature", "mean_shap", "mean_shap.ci_low", "mean_shap.ci_high", "mean_abs_shap"]


def _one_against_rest(rows: pd.DataFrame, segment: IntArray, ids: Sequence[int], seed: int) -> dict[int, Trees]:
    spec = LightGBM(n_bags=1)
    finite = rows.replace([np.inf, -np.inf], np.nan)
    found = {}
    for one in ids:
        label = (segment == one).astype(np.int8)
        if _FEWEST <= label.sum() <= label.size - _FEWEST:
            found[one] = spec.fit(Dataset(finite, label), _TUNED, _ROUNDS, seed)
    return found


def _explained(
    segment: int, trees: Trees, rows: pd.DataFrame, is_inside: NDArray[np.bool_], level: float
) -> pd.DataFrame:
    values = tree_shap.explained(trees, rows)[:, :-1]
    rng = np.random.default_rng(segment)
    found = []
    for place, name in enumerate(rows.columns):
        # of a few hundred held-out customers: the interval is that of a mean of nearly continuous, bounded values
        mean = mean_of(values[is_inside, place], level, rng, 200) if is_inside.any() else UNDEFINED
        found.append((segment, str(name), mean.estimate, mean.low, mean.high, float(np.abs(values[:, place]).mean())))
    table = pd.DataFrame(found, columns=_COLUMNS)
    return table.sort_values("mean_shap", ascending=False, kind="stable", ignore_index=True)


def _agreement(scores: Mapping[int, FloatArray], segment: IntArray, level: float) -> Interval:
    if not scores:
        return UNDEFINED
    best = np.array(list(scores))[np.argmax(np.stack(list(scores.values())), axis=0)]
    return share_of(int((best == segment).sum()), segment.size, level)


def _auc(score: FloatArray, is_inside: NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata  # ranks are all that it takes

    n, m = int(is_inside.sum()), int((~is_inside).sum())
    if n == 0 or m == 0:
        return math.nan
    return float((rankdata(score)[is_inside].sum() - n * (n + 1) / 2) / (n * m))
