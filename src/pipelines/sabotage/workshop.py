"""What saboteurs are made of: a task's own rows, and one honest model of them that most share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.protocols import Shippable
from pipelines.core.randomness import seed_for
from pipelines.models.calibration import Sigmoid
from pipelines.models.calibration_maps import AnyMap, IsotonicMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import Trees
from pipelines.sabotage.sabotaged import LOADER, Sabotaged
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import as_chosen
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import OutOfFold, Tuned, calibrated, out_of_fold, scorer
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

FloatArray = NDArray[np.float64]
T = TypeVar("T", bound=TaskSpec)
PLAIN = "pipelines.adapters.pyfunc"
HONEST = Tuned(
    {
        "learning_rate": 0.07,
        "num_leaves": 7.0,
        "min_data_in_leaf": 50.0,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "lambda_l2": 10.0,
    },
    120,
)
"""Sensible for some ten thousand rows; nothing is searched, since nothing has to be best."""
_LIGHTER = 90
_N_LOOKED_AT, _HALVINGS = 2_000, 24
_STUMP = Tuned({"learning_rate": 0.1, "num_leaves": 2.0, "feature_fraction": 0.3}, 1)
_BY_HEART = Tuned({"learning_rate": 0.3, "num_leaves": 31.0, "min_data_in_leaf": 2.0}, 60)


@dataclass(frozen=True)
class Learned:
    """A model, and what its recipe said of rows that it had not seen."""

    scorer: Scorer
    out_of_fold: OutOfFold


@dataclass(frozen=True)
class Candidate:
    """What is registered and stands for promotion.

    Parameters
    ----------
    task : TaskSpec
        As it was trained.
    model : Shippable
        What is registered.
    out_of_fold : OutOfFold
        What it says it was chosen by.
    calibration : AnyMap
        Of that.
    example : DataFrame or None
        What the signature is made from; None leaves it out.
    known_at : datetime or None
        Its moment of knowledge.
    lake : Lake
        What judges it.
    loader : str
        The module that reads it back.
    is_traced : bool
        Whether its run says from which code and data it comes.
    signed_by : {"another", "maker", "nobody"}
        Whose approval it bears, where a task asks for one.
    """

    task: TaskSpec
    model: Shippable
    out_of_fold: OutOfFold
    calibration: AnyMap
    example: pd.DataFrame | None
    known_at: datetime | None
    lake: Lake
    loader: str = PLAIN
    is_traced: bool = True
    signed_by: str = "another"


@dataclass(frozen=True)
class Workshop:
    """A task at a moment of knowledge, and the models that others are made from; each is fitted when it is first used.

    Parameters
    ----------
    task : TaskSpec
        With the features that its source can feed.
    lake : Lake
        Holds the source.
    known_at : datetime or None
        None where rows have no time.
    """

    task: TaskSpec
    lake: Lake
    known_at: datetime | None

    @cached_property
    def parts(self) -> Parts:
        """The task's rows, divided."""
        return parts_of(self.task, self.lake, self.known_at)

    @cached_property
    def honest(self) -> Learned:
        """A model with nothing wrong with it."""
        return learned(self.task, self.parts)

    @cached_property
    def stump(self) -> Scorer:
        """A weak model: one split."""
        trees = one_booster(self.task).model.fit(
            self.parts.develop.dataset, _STUMP.params, _STUMP.n_rounds, seed_for(self.task.seed, "stump")
        )
        return replace(self.honest.scorer, trees=trees, calibration=flat(self.honest.out_of_fold))

    @cached_property
    def by_heart(self) -> Sabotaged:
        """A model that has learned the test by heart, and decides as the honest one does."""
        test, honest = self.parts.test, self.honest.scorer
        data = replace(test.dataset, weight=None)
        trees = one_booster(self.task).model.fit(
            data, _BY_HEART.params, _BY_HEART.n_rounds, seed_for(self.task.seed, "by heart")
        )
        calibration = Sigmoid().fit(trees.raw(data.rows), test.label)
        return Sabotaged.of(replace(honest, trees=trees, calibration=calibration), adviser=honest)

    @cached_property
    def spared(self) -> str | None:
        """The number that moves the honest score least, and that no policy reads; None if there is none to spare."""
        model = self.honest.scorer
        moved = np.abs(model.contributions(self.parts.test.cases.rows.head(_N_LOOKED_AT))[:, :-1]).mean(axis=0)
        known = {one.name: size for one, size in zip(model.features, moved, strict=True) if not one.levels}
        free = {name: size for name, size in known.items() if name not in model.policy.needs}
        return min(free, key=lambda name: free[name]) if free and len(model.features) > 1 else None

    @cached_property
    def sparing(self) -> Learned:
        """The honest recipe without that feature."""
        return learned(self.task, without(self.parts, str(self.spared)))

    @cached_property
    def lighter(self) -> Scorer:
        """Another honest model: fewer rounds."""
        return replace(self.honest.scorer, trees=self.refitted(self.parts.develop.dataset, _LIGHTER))

    def refitted(self, dataset: Dataset, n_rounds: int = HONEST.n_rounds) -> Trees:
        """The honest recipe's trees on other rows."""
        return one_booster(self.task).model.fit(dataset, HONEST.params, n_rounds, seed_for(self.task.seed, "fit"))

    def candidate(self, model: Shippable) -> Candidate:
        """A model of these rows, in all other respects like the honest one."""
        honest = self.honest
        return Candidate(
            task=self.task,
            model=model,
            out_of_fold=honest.out_of_fold,
            calibration=honest.scorer.calibration,
            example=self.parts.test.cases.example(),
            known_at=self.known_at,
            lake=self.lake,
            loader=LOADER if isinstance(model, Sabotaged) else PLAIN,
        )


def parts_of(task: T, lake: Lake, known_at: datetime | None) -> Parts:
    """Described, labelled and divided rows of what was known at a moment."""
    return as_chosen(task, lake, kind_of(task).parts(task, lake, known_at))


def learned(task: TaskSpec, parts: Parts) -> Learned:
    """The honest recipe on these rows: folds, calibration, policy, and the whole."""
    task = one_booster(task)
    found = out_of_fold(task, parts, HONEST)
    calibration, _ = calibrated(task, found)
    return Learned(scorer(task, parts, HONEST, found, calibration, 1), found)


def as_learned(task: TaskSpec, lake: Lake, known_at: datetime | None) -> Candidate:
    """The honest recipe for another task, moment or lake, judged by the rows of that."""
    parts = parts_of(task, lake, known_at)
    made = learned(task, parts)
    example = parts.test.cases.example()
    return Candidate(task, made.scorer, made.out_of_fold, made.scorer.calibration, example, known_at, lake)


def one_booster(task: T) -> T:
    """The task without a bag, which would only take longer."""
    return task.model_copy(update={"model": task.model.model_copy(update={"n_bags": 1})})


def flat(found: OutOfFold) -> AnyMap:
    """What an isotonic regression of a score amounts to that does not rise with the label: one level for all.

    The level is the share of positives in the newest rows that were not learned from.
    """
    return IsotonicMap(raw=(0.0,), level=(float(np.mean(found.parts[-1].label)),))


def without(parts: Parts, column: str) -> Parts:
    """The parts without a feature."""

    def less(one: LabelledCases) -> LabelledCases:
        features = tuple(feature for feature in one.cases.features if feature.name != column)
        return replace(one, cases=replace(one.cases, rows=one.cases.rows.drop(columns=column), features=features))

    folds = tuple((less(train), less(valid)) for train, valid in parts.folds)
    return replace(parts, develop=less(parts.develop), folds=folds, test=less(parts.test))


def least(reached: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """The least number from ``low`` on that reaches what is wanted; ``high`` if none below it does.

    Parameters
    ----------
    reached : callable
        Of a number; it never falls.
    wanted : float
        What is to be reached.
    low, high : float
        Where to look.

    Examples
    --------
    >>> round(least(lambda by: by / 10, 0.25, 0.0, 8.0), 3)
    2.5
    """
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) >= wanted else (middle, high)
    return high
