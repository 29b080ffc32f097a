"""From a labelled panel to a scorer: search, fit, calibrate, settle the policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.randomness import seed_for
from pipelines.evaluation.evaluate import Predictions
from pipelines.features.catalogue import Feature
from pipelines.models.classifier import Classifier, probability
from pipelines.models.lightgbm import Fold
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.scorer import Scorer
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Chosen:
    """What a search decided."""

    params: dict[str, float]
    n_rounds: int


def folds(task: TaskSpec, parts: Parts) -> tuple[Fold, ...]:
    """Binned training and validation rows of every fold, oldest first."""
    for part in (one for fold in parts.folds for one in fold):
        _require_both_classes(part)
    return tuple(task.model.fold(train.dataset, valid.dataset) for train, valid in parts.folds)


def scorer(
    task: TaskSpec,
    develop: LabelledCases,
    chosen: Chosen,
    out_of_fold: tuple[np.ndarray, np.ndarray],
    features: tuple[Feature, ...],
) -> Scorer:
    """Refit on everything labelled before the test; calibrate and settle the policy on out-of-fold scores.

    Parameters
    ----------
    task : TaskSpec
        The whole story.
    develop : LabelledCases
        Everything labelled before the test begins.
    chosen : Chosen
        Parameters and rounds.
    out_of_fold : tuple of ndarray
        Log-odds and labels of validation rows, scored by models that had not seen them.
    features : tuple of Feature
        What the panel's columns are.
    """
    raw, label = out_of_fold
    calibration = task.calibration.fit(raw, label)
    return Scorer(
        trees=task.model.fit(develop.dataset, chosen.params, chosen.n_rounds, seed_for(task.seed, "fit")),
        calibration=calibration,
        policy=task.policy.settle(calibration.probability(raw)),
        features=features,
        n_reasons=task.n_reasons,
        feature_digest=task.feature_digest(),
    )


def baselines(task: TaskSpec, develop: LabelledCases) -> dict[str, Classifier]:
    """The task's simple models, fitted on the same rows as the shipped one."""
    return {baseline.type: baseline.fit(develop.dataset) for baseline in task.baselines}


def baseline_predictions(models: dict[str, Classifier], labelled: LabelledCases) -> dict[str, Predictions]:
    """What the baselines say about these rows; they are logistic, so they need no calibration of their own."""
    rows = labelled.cases.encoded
    raws = {name: model.raw(rows) for name, model in models.items()}
    return {name: Predictions(raw, probability(raw)) for name, raw in raws.items()}


def _require_both_classes(labelled: LabelledCases) -> None:
    n_positive, n_rows = int(labelled.label.sum()), len(labelled.label)
    if n_positive in {0, n_rows}:
        raise NotEnoughDataError(
            f"{n_positive} of {n_rows} rows in one part of the timeline are positive.",
            why="A model cannot learn, or be judged, from one outcome only.",
            fix="Use a longer log, another horizon, or a wider population.",
        )
