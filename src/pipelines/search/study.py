"""A seeded search, pruned between folds. The only module that knows Optuna."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from pipelines.evaluation.metrics import log_loss
from pipelines.models.classifier import FloatArray, probability
from pipelines.models.lightgbm import Fold
from pipelines.tasks.search_space import Range, SearchSpec


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried; ``loss`` is None if it was pruned."""

    number: int
    params: dict[str, float]
    loss: float | None
    state: str


@dataclass(frozen=True)
class Found:
    """What the search chose, on training and validation rows only.

    Parameters
    ----------
    params : dict
        The parameters with the smallest mean log loss over the folds.
    n_rounds : int
        Mean of the folds' best rounds.
    out_of_fold : tuple of ndarray
        Log-odds of each fold's validation rows, in the order of the folds: what calibration learns from.
    loss : float
        Mean log loss over the folds.
    trials : tuple of Trial
        All of them, in order.
    """

    params: dict[str, float]
    n_rounds: int
    out_of_fold: tuple[FloatArray, ...]
    loss: float
    trials: tuple[Trial, ...]


OnTrial = Callable[[Trial, float], None]
"""Called after each trial with the trial and the best loss so far."""


def search(spec: SearchSpec, folds: Sequence[Fold], seed: int, on_trial: OnTrial) -> Found:
    """Find the parameters with the smallest mean log loss over time-ordered folds.

    A trial that is worse than the median of the earlier ones after a fold is not fitted on the next one. The same
    seed and folds give the same trials.

    Parameters
    ----------
    spec : SearchSpec
        Budget and space.
    folds : sequence of Fold
        Oldest first.
    seed : int
        Of the sampler and of the boosters.
    on_trial : callable
        For progress and tracking.
    """
    fitted: dict[int, list[tuple[FloatArray, int]]] = {}

    def objective(trial: optuna.Trial) -> float:
        params = {name: _suggest(trial, name, allowed) for name, allowed in spec.space.items()}
        losses: list[float] = []
        fitted[trial.number] = []
        for number, fold in enumerate(folds):
            raw, n_rounds = fold.fit(params, seed)
            fitted[trial.number].append((raw, n_rounds))
            losses.append(float(log_loss(fold.valid.label, probability(raw))))
            trial.report(float(np.mean(losses)), number)
            if number + 1 < len(folds) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(losses))

    def after(study: optuna.Study, trial: FrozenTrial) -> None:
        _keep_best_only(study, fitted)
        on_trial(_seen(trial), _best_loss(study))

    study = _study(spec, seed)
    study.optimize(objective, n_trials=spec.n_trials, callbacks=[after])
    return _found(study, fitted)


def _study(spec: SearchSpec, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=spec.n_startup, multivariate=False),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=max(2, spec.n_startup // 2)),
    )


def _suggest(trial: optuna.Trial, name: str, allowed: Range) -> float:
    is_log = allowed.scale == "log"
    if allowed.kind == "int":
        return trial.suggest_int(name, round(allowed.low), round(allowed.high), log=is_log)
    return trial.suggest_float(name, allowed.low, allowed.high, log=is_log)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def _best_loss(study: optuna.Study) -> float:
    return min((float(trial.value) for trial in _finished(study) if trial.value is not None), default=float("nan"))


def _keep_best_only(study: optuna.Study, fitted: dict[int, list[tuple[FloatArray, int]]]) -> None:
    """Out-of-fold scores of trials that were not chosen are only weight."""
    best = study.best_trial.number if _finished(study) else None
    for number in [number for number in fitted if number != best]:
        del fitted[number]


def _seen(trial: FrozenTrial) -> Trial:
    done = trial.state == TrialState.COMPLETE and trial.value is not None
    return Trial(
        trial.number, dict(trial.params), float(trial.value or 0.0) if done else None, trial.state.name.lower()
    )


def _found(study: optuna.Study, fitted: dict[int, list[tuple[FloatArray, int]]]) -> Found:
    best = study.best_trial
    folds = fitted[best.number]
    return Found(
        params=dict(best.params),
        n_rounds=max(1, round(float(np.mean([n_rounds for _, n_rounds in folds])))),
        out_of_fold=tuple(raw for raw, _ in folds),
        loss=float(best.value if best.value is not None else "nan"),
        trials=tuple(_seen(trial) for trial in study.trials),
    )


def out_of_fold_labels(folds: Sequence[Fold]) -> NDArray[np.int8]:
    """The labels beside ``Found.out_of_fold``, concatenated in the order of the folds."""
    return np.concatenate([fold.valid.label for fold in folds])
