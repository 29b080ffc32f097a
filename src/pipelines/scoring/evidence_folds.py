"""What training kept of its folds, beside a yardstick that is fitted now: what a test should look like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.core.intervals import FloatArray
from pipelines.core.randomness import generator_for
from pipelines.evaluation.metrics import roc_auc
from pipelines.evaluation.suspicion import Ranked, Suspicion, best_alone, excess
from pipelines.features.encode import encoded
from pipelines.models.baselines import LogisticRegression
from pipelines.models.classifier import Dataset
from pipelines.scoring.cases import LabelledCases, Parts

_N_FITTED = 20_000
"""Rows that a yardstick is fitted on: a regression learns little from more."""


def suspicion(parts: Parts, raw: FloatArray, kept: pd.DataFrame, seed: int, n_resamples: int) -> Suspicion:
    """Too good a test, a feature that knows the outcome, a test that beats the folds of training.

    Parameters
    ----------
    parts : Parts
        The rows that a model learned from and is judged on.
    raw : float array of shape (n_test_rows,)
        Its log-odds of the test.
    kept : DataFrame
        What its training kept of the folds, see `kept_folds`.
    seed : int
        Of the task.
    n_resamples : int
        Resamples of customers.
    """
    test, develop = parts.test, parts.develop
    rows = test.cases.encoded
    feature, alone = best_alone(_columns(develop.cases.encoded), develop.label, _columns(rows), test.label)
    folds = kept_folds(kept, parts, generator_for(seed, "yardstick"))
    ours = Ranked(test.label, test.cases.subject, raw)
    beside = judged_by(ours, develop, rows, generator_for(seed, "yardstick"))
    bare = tuple(replace(fold, yardstick=None) for fold in folds)
    over = excess(ours, bare, generator_for(seed, "suspicion"), n_resamples)
    lead = excess(beside, folds, generator_for(seed, "suspicion"), n_resamples)
    best = roc_auc(test.label, raw)
    return Suspicion(best, feature, alone, best - over.estimate, over, lead)


def kept_folds(kept: pd.DataFrame, parts: Parts, rng: np.random.Generator) -> tuple[Ranked, ...]:
    """The folds as training kept them, each with a yardstick that has learned what its model had.

    Parameters
    ----------
    kept : DataFrame
        ``case_id``, ``label``, ``raw`` (log-odds), ``period`` (number of the fold), and every feature.
    parts : Parts
        How the rows are divided now, as they were in training.
    rng : Generator
        Draws the rows that yardsticks are fitted on.

    Raises
    ------
    ModelError
        If the folds are others than those of training.
    """
    periods = np.unique(kept["period"])
    if len(periods) != len(parts.folds):
        raise ModelError(
            f"Training kept {len(periods)} folds, and there are {len(parts.folds)} now.",
            why="What the model is worth on them cannot be held against a yardstick.",
            fix="Train again.",
        )
    customer = pd.Series(pd.factorize(kept["case_id"])[0].astype(np.int64), index=kept.index)
    folds = []
    for period, (train, _) in zip(periods, parts.folds, strict=True):
        rows = kept[kept["period"] == period]
        found = Ranked(*(one.to_numpy() for one in (rows["label"], customer[rows.index], rows["raw"])))
        folds.append(judged_by(found, train, encoded(rows, parts.features), rng))
    return tuple(folds)


def judged_by(found: Ranked, learned: LabelledCases, rows: pd.DataFrame, rng: np.random.Generator) -> Ranked:
    """The same rows with a yardstick: logistic regression, fitted on what was learned from."""
    simple = LogisticRegression().fit(_some(learned.dataset, rng))
    return replace(found, yardstick=simple.raw(rows))


def _columns(rows: pd.DataFrame) -> dict[str, FloatArray]:
    return {str(name): rows[name].to_numpy(np.float64) for name in rows}


def _some(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    if len(dataset.label) <= _N_FITTED:
        return replace(dataset, weight=None)
    at = np.sort(rng.choice(len(dataset.label), _N_FITTED, replace=False))
    return Dataset(dataset.rows.iloc[at].reset_index(drop=True), dataset.label[at], dataset.categorical)
