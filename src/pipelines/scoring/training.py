"""From divided rows to a scorer: the recipe on each fold, then bag, calibration and policy, then the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.report import Report
from pipelines.evaluation.evaluate import Predictions
from pipelines.explain.reasons import typical_values
from pipelines.fairness.mitigation import ByGroup, choice
from pipelines.models.calibration_choice import CalibrationTrial, Chosen
from pipelines.models.calibration_maps import AnyMap
from pipelines.models.classifier import Classifier, Dataset, probability
from pipelines.models.lightgbm import Trees
from pipelines.policy.group_thresholds import GroupThresholds, towards_equal_rates
from pipelines.policy.policies import AnySettled
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.scorer import Scorer
from pipelines.tasks.task import TaskSpec

FloatArray = NDArray[np.float64]


class Tuned(NamedTuple):
    """What a search decided."""

    params: dict[str, float]
    n_rounds: int


@dataclass(frozen=True)
class OutOfFold:
    """What the recipe says of every fold's validation rows, from models that had not seen them.

    Parameters
    ----------
    trees : tuple of Trees
        One per fold, fitted on its training rows.
    raws : tuple of float arrays
        Their log-odds of the validation rows, by fold.
    parts : tuple of LabelledCases
        The validation rows, by fold.
    """

    trees: tuple[Trees, ...]
    raws: tuple[FloatArray, ...]
    parts: tuple[LabelledCases, ...]

    @property
    def raw(self) -> FloatArray:
        """Log-odds, shape (n_rows,), in the order of the folds."""
        return np.concatenate(self.raws)

    @property
    def label(self) -> NDArray[np.int8]:
        """Labels, shape (n_rows,)."""
        return np.concatenate([part.label for part in self.parts])

    @property
    def period(self) -> NDArray[np.int64]:
        """The number of the fold of each row."""
        return np.repeat(np.arange(len(self.parts)), [len(part) for part in self.parts])

    @property
    def subject(self) -> NDArray[np.int64]:
        """Whom each row is about."""
        return np.concatenate([part.cases.subject for part in self.parts])

    @property
    def to_score(self) -> pd.DataFrame:
        """Feature rows as they come, text included, and beside them what a policy reads."""
        return pd.concat([part.cases.to_score for part in self.parts], ignore_index=True)

    def members(self) -> tuple[OutOfFold, ...]:
        """The same of each booster of the bags alone."""
        by_member = zip(*(one.members() for one in self.trees), strict=True)
        return tuple(OutOfFold(trees, _raws(trees, self.parts), self.parts) for trees in by_member)


@dataclass(frozen=True)
class Bagging:
    """Whether averaging several boosters is worth it.

    Parameters
    ----------
    n_bags : int
        How many the shipped model has.
    gain : Interval or None
        Mean log loss of its boosters alone minus that of the bag on the same validation rows, subjects resampled; None
        where the task asks for one.
    """

    n_bags: int
    gain: Interval | None

    def report(self) -> Report:
        """Metrics ``bag.n_bags`` and ``bag.gain`` with its interval."""
        ends = (
            {} if self.gain is None else {"": self.gain.estimate, ".ci_low": self.gain.low, ".ci_high": self.gain.high}
        )
        return Report({"bag.n_bags": float(self.n_bags), **{f"bag.gain{end}": value for end, value in ends.items()}})

    def __str__(self) -> str:
        if self.gain is None:
            return "one booster, as the task says"
        said = f"{1_000 * self.gain.estimate:+.2f} [{1_000 * self.gain.low:+.2f}, {1_000 * self.gain.high:+.2f}]"
        verb = "wins" if self.n_bags > 1 else "does not clearly win"
        return f"a bag {verb} over one booster: {said} nats of log loss per 1,000 rows"


def out_of_fold(task: TaskSpec, parts: Parts, tuned: Tuned) -> OutOfFold:
    """Fit the recipe that will be shipped on each fold's training rows, and score its validation rows."""
    seed = seed_for(task.seed, "fit")
    trees = tuple(task.model.fit(train.dataset, tuned.params, tuned.n_rounds, seed) for train, _ in parts.folds)
    valid = tuple(valid for _, valid in parts.folds)
    return OutOfFold(trees, _raws(trees, valid), valid)


def bagged(task: TaskSpec, found: OutOfFold) -> tuple[OutOfFold, Bagging]:
    """Keep the bag if it beats its boosters: the whole paired interval of the log loss lies above zero.

    It is held against the mean of its boosters' losses, not against the luck of one of them.
    """
    if task.model.n_bags == 1:
        return found, Bagging(1, None)
    members = found.members()
    gain = _gain(members, found, task)
    return (found, Bagging(task.model.n_bags, gain)) if gain.low > 0 else (members[0], Bagging(1, gain))


def calibrated(task: TaskSpec, found: OutOfFold) -> tuple[AnyMap, tuple[CalibrationTrial, ...]]:
    """The calibration map from out-of-fold scores, and how it was chosen where the task leaves that open."""
    spec = task.calibration
    trials = spec.judged(found.raw, found.label, found.period) if isinstance(spec, Chosen) else ()
    chosen = spec.spec(trials) if isinstance(spec, Chosen) else spec
    return chosen.fit(found.raw, found.label), trials


def scorer(task: TaskSpec, parts: Parts, tuned: Tuned, found: OutOfFold, calibration: AnyMap, n_bags: int) -> Scorer:
    """Refit on everything that may be learned from; settle the policy on out-of-fold scores.

    Parameters
    ----------
    task : TaskSpec
        The whole story.
    parts : Parts
        ``develop`` is everything labelled before the test begins.
    tuned : Tuned
        Parameters and rounds.
    found : OutOfFold
        Of the recipe.
    calibration : AnyMap
        From log-odds to probabilities.
    n_bags : int
        How many boosters are averaged.
    """
    model = task.model.model_copy(update={"n_bags": n_bags})
    return Scorer(
        trees=model.fit(parts.develop.dataset, tuned.params, tuned.n_rounds, seed_for(task.seed, "fit")),
        calibration=calibration,
        policy=settled_policy(task, found, calibration.probability(found.raw)),
        features=parts.features,
        n_reasons=task.n_reasons,
        feature_digest=task.feature_digest(),
        typical=typical_values(parts.develop.cases.rows, parts.features),
    )


def settled_policy(task: TaskSpec, found: OutOfFold, probability: FloatArray) -> AnySettled:
    """The policy on out-of-fold rows: one threshold for all, or one for each group where the task chooses that.

    Parameters
    ----------
    task : TaskSpec
        Which policy, and whether it is to even out groups.
    found : OutOfFold
        The rows, which carry the sensitive column in that case.
    probability : float array of shape (n_rows,)
        Calibrated.
    """
    rows = found.to_score
    common, chosen = task.policy.settle(probability, rows), choice(task.mitigation)
    if task.mitigation is None or not isinstance(chosen, ByGroup):
        return common
    column = task.mitigation.column
    group, priority = rows[column].to_numpy(object), common.priority(probability, rows)
    compared = large_groups(group, found.subject, task.fairness.min_group)
    at_least = towards_equal_rates(common, priority, group, compared, chosen.strength)
    return GroupThresholds(column=column, common=common, at_least=at_least, otherwise=common.at_least)


def large_groups(group: NDArray[np.object_], subject: NDArray[np.int64], min_group: int) -> tuple[str, ...]:
    """The groups of so many subjects or more, in the order of their names.

    Examples
    --------
    >>> large_groups(np.array(["b", "a", "a", "b"], dtype=object), np.array([1, 2, 2, 3]), min_group=2)
    ('b',)
    """
    n_subjects = pd.Series(subject).groupby(group.astype(str)).nunique()
    return tuple(str(name) for name in n_subjects.index[n_subjects >= min_group])


def baselines(task: TaskSpec, develop: LabelledCases) -> dict[str, Classifier]:
    """The task's simple models, fitted on the same rows as the shipped one."""
    dataset: Dataset = develop.dataset
    return {baseline.type: baseline.fit(dataset) for baseline in task.baselines}


def baseline_predictions(models: dict[str, Classifier], labelled: LabelledCases) -> dict[str, Predictions]:
    """What the baselines say about these rows; they are logistic, so they need no calibration of their own."""
    rows = labelled.cases.encoded
    raws = {name: model.raw(rows) for name, model in models.items()}
    return {name: Predictions(raw, probability(raw)) for name, raw in raws.items()}


def _raws(trees: tuple[Trees, ...], parts: tuple[LabelledCases, ...]) -> tuple[FloatArray, ...]:
    return tuple(one.raw(part.cases.encoded) for one, part in zip(trees, parts, strict=True))


def _gain(members: tuple[OutOfFold, ...], bag: OutOfFold, task: TaskSpec) -> Interval:
    by_row = np.mean([_log_losses(one) for one in members], axis=0) - _log_losses(bag)
    rng = generator_for(task.seed, "bag")
    known, code = np.unique(bag.subject, return_inverse=True)
    sums, sizes = np.bincount(code, weights=by_row), np.bincount(code).astype(np.float64)
    draws = [
        weight @ sums / (weight @ sizes) for weight in cluster_weights(np.arange(known.size), task.n_resamples, rng)
    ]
    return interval(float(by_row.mean()), np.concatenate(draws))


def _log_losses(found: OutOfFold) -> FloatArray:
    """Of each row, in nats, from the log-odds."""
    signed = np.where(found.label == 1, found.raw, -found.raw)
    losses: FloatArray = np.logaddexp(0.0, -signed)
    return losses
