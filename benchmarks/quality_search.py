"""Our search on the rows of one training part, then a bag on all of them; the one place here that calls the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from pipelines.core.randomness import seed_for
from pipelines.models.classifier import Classifier, Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.search.study import search
from pipelines.tasks.search_space import Range, SearchSpec

IntArray = NDArray[np.int64]
Parts = Sequence[tuple[Dataset, Dataset]]
"""Pairs of what is learned from and what it is judged on."""

SMALL_TABLE = {
    "learning_rate": Range(low=0.02, high=0.06, scale="log"),
    "num_leaves": Range(low=4, high=24, scale="log", kind="int"),
    "min_data_in_leaf": Range(low=15, high=80, scale="log", kind="int"),
    "feature_fraction": Range(low=0.3, high=0.8),
    "bagging_fraction": Range(low=0.6, high=0.95),
    "lambda_l2": Range(low=1.0, high=20.0, scale="log"),
}
"""For some thousand rows: slow learners and small trees."""
PANEL = {
    "learning_rate": Range(low=0.06, high=0.12, scale="log"),
    "num_leaves": Range(low=6, high=20, scale="log", kind="int"),
    "min_data_in_leaf": Range(low=100, high=400, scale="log", kind="int"),
    "feature_fraction": Range(low=0.2, high=0.6),
    "bagging_fraction": Range(low=0.5, high=0.9),
    "lambda_l2": Range(low=1.0, high=50.0, scale="log"),
}
"""For a panel that repeats customers: larger leaves, fewer columns a tree."""


@dataclass(frozen=True)
class Budget:
    """How a training part is searched and fitted.

    Parameters
    ----------
    n_trials : int
        Configurations tried.
    n_bags : int
        Boosters of the model that is judged; trials fit one.
    space : mapping of str to Range
        Where they are looked for.
    max_rounds : int
        No booster has more.
    """

    n_trials: int
    n_bags: int
    space: dict[str, Range]
    max_rounds: int = 800

    def settled(self, parts: Parts, seed: int) -> Settled:
        """Parameters and rounds that are best on the judged halves of ``parts``; other rows are never seen."""
        model = LightGBM(n_bags=self.n_bags, max_rounds=self.max_rounds, early_stopping=40)
        spec = SearchSpec(n_trials=self.n_trials, n_startup=min(6, self.n_trials), space=self.space)
        found = search(spec, model, parts, seed_for(seed, "search"), None, lambda *_: None)
        return Settled(model, found.params, found.n_rounds, seed_for(seed, "fit"))


@dataclass(frozen=True)
class Settled:
    """What a search has chosen."""

    model: LightGBM
    params: dict[str, float]
    n_rounds: int
    seed: int

    def fit(self, data: Dataset) -> Classifier:
        """A bag on these rows."""
        return self.model.fit(data, self.params, self.n_rounds, self.seed)


def taken(data: Dataset, where: IntArray) -> Dataset:
    """The rows at these positions."""
    return Dataset(data.rows.iloc[where].reset_index(drop=True), data.label[where])


def stratified(data: Dataset, n_folds: int, seed: int) -> Parts:
    """Folds with the same share of positives; for tables without a time."""
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(data.rows, data.label)
    return [(taken(data, train), taken(data, valid)) for train, valid in folds]
