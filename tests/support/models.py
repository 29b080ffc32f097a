"""Rows to learn from, drawn once from a seed, and a small bag of trees fitted on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.features.catalogue import Feature
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM, Trees

NAMES = ("recency_days", "n_orders_28d", "amount_28d", "gap_mean_days")
FEATURES = tuple(Feature(name, name, "", "P28D", "never", "test", f"{name} of {{value}}") for name in NAMES)
TUNED = {"learning_rate": 0.2, "num_leaves": 5.0, "min_data_in_leaf": 5.0, "bagging_fraction": 0.6}


def learnable(n_rows: int = 300, seed: int = 1) -> Dataset:
    """Customers whose label depends on the first two columns; a tenth of the last column is null."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.gamma(2.0, 10.0, (n_rows, len(NAMES))), columns=list(NAMES)).round(1)
    signal = rows["recency_days"] - rows["n_orders_28d"] + rng.normal(0, 5, n_rows)
    rows.loc[rng.random(n_rows) < 0.1, "gap_mean_days"] = np.nan
    return Dataset(rows, (signal > 0).to_numpy().astype(np.int8))


def small_trees(seed: int = 1, n_bags: int = 2, n_rounds: int = 8) -> Trees:
    """A bag that takes a moment to fit."""
    return LightGBM(n_bags=n_bags).fit(learnable(), TUNED, n_rounds, seed)
