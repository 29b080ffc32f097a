"""AutoGluon or FLAML on the rows of a duel: ``python quality_peers.py SIDE FOLDER SECONDS``, in the peers' Python.

``FOLDER`` holds ``train.parquet`` and ``test.parquet``, and ``valid.parquet`` where time orders the rows; each has
features, ``label`` and ``group``. Leaves the test rows' probabilities in ``FOLDER/SIDE.parquet``. Nothing of ours is
imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

N_FOLDS = 5


def main() -> None:
    side, place, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    train, test = (pd.read_parquet(place / f"{name}.parquet") for name in ("train", "test"))
    valid = pd.read_parquet(place / "valid.parquet") if (place / "valid.parquet").exists() else None
    score = SIDES[side](train, valid, test.drop(columns=["label", "group"]), seconds)
    pd.DataFrame({"score": np.asarray(score, np.float64)}).to_parquet(place / f"{side}.parquet")


def autogluon(train: pd.DataFrame, valid: pd.DataFrame | None, test: pd.DataFrame, seconds: float) -> pd.Series:
    """Its default models and their weighted ensemble, chosen on the later rows, refitted on all of them."""
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor("label", eval_metric="roc_auc", path="autogluon")
    predictor.fit(
        train.drop(columns="group"),
        tuning_data=None if valid is None else valid.drop(columns="group"),
        time_limit=seconds,
        num_bag_folds=0,
        num_stack_levels=0,
        refit_full="best",
        set_best_to_refit_full="best",
    )
    return predictor.predict_proba(test)[1]


def autogluon_bagged(train: pd.DataFrame, valid: pd.DataFrame | None, test: pd.DataFrame, seconds: float) -> pd.Series:
    """Its best quality: bagging and stacking, in folds that keep a customer on one side."""
    from autogluon.tabular import TabularPredictor

    rows = pd.concat([train, valid], ignore_index=True)
    rows["group"] %= N_FOLDS
    predictor = TabularPredictor("label", eval_metric="roc_auc", path="autogluon_bagged", groups="group")
    predictor.fit(rows, time_limit=seconds, presets="best_quality", dynamic_stacking=False)
    return predictor.predict_proba(test)[1]


def flaml(train: pd.DataFrame, valid: pd.DataFrame | None, test: pd.DataFrame, seconds: float) -> np.ndarray:
    """Its search over its own learners, judged on the later rows; the best one is refitted on all of them."""
    from flaml import AutoML

    found = AutoML()
    judged = {} if valid is None else {"X_val": _features(valid), "y_val": valid["label"], "eval_method": "holdout"}
    budget = {"time_budget": seconds, "metric": "roc_auc", "seed": 1, "verbose": 1}
    found.fit(_features(train), train["label"], task="classification", **budget, **judged)
    return found.predict_proba(test)[:, 1]


def _features(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["label", "group"])


SIDES = {"autogluon": autogluon, "autogluon_bagged": autogluon_bagged, "flaml": flaml}

if __name__ == "__main__":
    main()
