"""One side of the search benchmark: reads the rows, searches, and writes the best loss, how many trials were pruned."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

N_STARTUP, MAX_ROUNDS, EARLY_STOPPING, SEED = 8, 400, 30, 1
SPACE: dict[str, dict[str, Any]] = {
    "learning_rate": {"low": 0.03, "high": 0.2, "scale": "log"},
    "num_leaves": {"low": 6, "high": 63, "scale": "log", "kind": "int"},
    "min_data_in_leaf": {"low": 20, "high": 400, "scale": "log", "kind": "int"},
    "feature_fraction": {"low": 0.3, "high": 1.0},
    "bagging_fraction": {"low": 0.5, "high": 1.0},
    "lambda_l2": {"low": 0.01, "high": 50.0, "scale": "log"},
}


def folds(path: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rolling origin: ever longer training rows, and the sixth of all that follows them."""
    with np.load(path) as read:
        rows, label = read["rows"], read["label"]
    sixth = len(label) // 6
    cuts = [sixth * 3, sixth * 4, sixth * 5]
    return [(rows[:cut], label[:cut], rows[cut : cut + sixth], label[cut : cut + sixth]) for cut in cuts]


def regulars(path: str, n_trials: int, n_workers: int) -> tuple[float, int]:
    import pandas as pd

    from pipelines.models.classifier import Dataset
    from pipelines.models.lightgbm import LightGBM
    from pipelines.search.study import search
    from pipelines.tasks.search_space import SearchSpec

    content = {"n_trials": n_trials, "n_startup": N_STARTUP, "space": SPACE, "n_workers": n_workers}
    parts = [(Dataset(pd.DataFrame(a), b), Dataset(pd.DataFrame(c), d)) for a, b, c, d in folds(path)]
    model = LightGBM(max_rounds=MAX_ROUNDS, early_stopping=EARLY_STOPPING)
    spec = SearchSpec.read(content, "benchmark")
    with_place = str(Path(path).parent / f"studies_{n_workers}")
    found = search(spec, model, parts, SEED, with_place, lambda trial, best: None)
    return found.loss, sum(trial.loss is None for trial in found.trials)


def optuna_with_callback(path: str, n_trials: int, keeps_bins: bool) -> tuple[float, int]:
    """As the documentation of Optuna's LightGBM integration does it; with ``keeps_bins``, data sets are made once.

    The callback prunes by rounds of the first fold; after it, by the mean of the folds.
    """
    import lightgbm as lgb
    import optuna
    from optuna_integration import LightGBMPruningCallback

    read = folds(path)
    fixed = {
        "objective": "binary",
        "metric": "binary_logloss",
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "bagging_freq": 1,
        "num_threads": 2,
        "seed": SEED,
    }

    def sets(number: int) -> tuple[lgb.Dataset, lgb.Dataset]:
        train_rows, train_label, valid_rows, valid_label = read[number]
        train = lgb.Dataset(train_rows, train_label, params=fixed, free_raw_data=False)
        return train, lgb.Dataset(valid_rows, valid_label, reference=train, params=fixed, free_raw_data=False)

    kept = [sets(number) for number in range(len(read))] if keeps_bins else None

    def objective(trial: optuna.Trial) -> float:
        params = {name: _suggested(trial, name, one) for name, one in SPACE.items()}
        losses: list[float] = []
        for number in range(len(read)):
            train, valid = kept[number] if kept else sets(number)
            callbacks: list[Any] = [lgb.early_stopping(EARLY_STOPPING, verbose=False)]
            if number == 0:
                callbacks.append(LightGBMPruningCallback(trial, "binary_logloss"))
            booster = lgb.train({**fixed, **params}, train, MAX_ROUNDS, valid_sets=[valid], callbacks=callbacks)
            losses.append(booster.best_score["valid_0"]["binary_logloss"])
            trial.report(float(np.mean(losses)), MAX_ROUNDS + number)
            if number + 1 < len(read) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(losses))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=N_STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=max(2, N_STARTUP // 2)),
    )
    study.optimize(objective, n_trials=n_trials)
    return study.best_value, sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)


def _suggested(trial: Any, name: str, allowed: dict[str, Any]) -> float:
    suggest = trial.suggest_int if allowed.get("kind") == "int" else trial.suggest_float
    return suggest(name, allowed["low"], allowed["high"], log=allowed.get("scale") == "log")


SIDES = {
    "regulars": lambda path, n: regulars(path, n, n_workers=1),
    "regulars, 2 workers": lambda path, n: regulars(path, n, n_workers=2),
    "optuna": lambda path, n: optuna_with_callback(path, n, keeps_bins=False),
    "optuna, bins kept": lambda path, n: optuna_with_callback(path, n, keeps_bins=True),
}

if __name__ == "__main__":
    side, given, n_trials, told = sys.argv[1:]
    best, n_pruned = SIDES[side](given, int(n_trials))
    Path(told).write_text(json.dumps({"best_loss": best, "n_pruned": n_pruned}), encoding="utf-8")
