"""The customers and the model of the scoring benchmark: features of the churn task, a bag of four."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.windows import DAY
from pipelines.explain.reasons import typical_values
from pipelines.features.panel import catalogue
from pipelines.features.recency import Recency
from pipelines.features.rhythm import Rhythm
from pipelines.features.windowed import Windowed
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import Threshold
from pipelines.scoring.scorer import Scorer

BLOCKS = (Windowed(lengths=tuple(n * DAY for n in (7, 14, 28, 56, 112))), Recency(), Rhythm())
FEATURES = catalogue(BLOCKS, "EUR")
N_LEARNED = 20_000


def made(n_rows: int, seed: int = 20_170_101) -> pd.DataFrame:
    """Counts, amounts and gaps of the churn task's features; those who bought once have no gaps."""
    rng = np.random.default_rng(seed)
    pace, columns = rng.gamma(1.5, 2.0, n_rows), {}
    for feature in FEATURES:
        if feature.unit == "ratio":
            values = rng.gamma(1.0, 1.0, n_rows) / (0.5 + pace / 4)
        elif feature.unit == "share":
            values = rng.beta(1.0, 3.0, n_rows)
        elif feature.unit == "EUR":
            values = rng.gamma(2.0, 10.0, n_rows) * rng.poisson(pace)
        elif feature.window == "all history":
            values = np.round(rng.gamma(2.0, 12.0, n_rows) / (0.3 + pace / 4))
        else:
            values = rng.poisson(pace * int(feature.window[1:-1]) / 28).astype(float)
        columns[feature.name] = np.round(values, 4)
    rows = pd.DataFrame(columns)
    once = rng.random(n_rows) < 0.15
    rows.loc[once, [feature.name for feature in FEATURES if feature.block == "rhythm"]] = np.nan
    return rows


def scorer(rows: pd.DataFrame, n_rounds: int) -> Scorer:
    """A bag of four as it is shipped."""
    rng = np.random.default_rng(1)
    signal = 0.03 * rows["recency_days"] - 0.2 * rows["n_orders_28d"] + 0.3 * rows["recency_by_gap_mean"].fillna(1)
    label = (rng.random(len(rows)) < 1 / (1 + np.exp(1.5 - signal))).astype(np.int8)
    tuned = {"learning_rate": 0.05, "num_leaves": 24.0, "min_data_in_leaf": 60.0, "bagging_fraction": 0.7}
    return Scorer(
        trees=LightGBM().fit(Dataset(rows, label.to_numpy()), tuned, n_rounds, seed=1),
        calibration=SigmoidMap(slope=0.9, intercept=-0.1),
        policy=Threshold(at_least=0.4),
        features=FEATURES,
        n_reasons=3,
        feature_digest="benchmark",
        typical=typical_values(rows, FEATURES),
    )


if __name__ == "__main__":
    n_rounds, *sizes = map(int, sys.argv[1:])
    rows = made(max(*sizes, N_LEARNED))
    Path("model").mkdir()
    scorer(rows.iloc[:N_LEARNED], n_rounds).save(Path("model"))
    for n_rows in sizes:
        rows.iloc[:n_rows].to_parquet(f"rows_{n_rows}.parquet")
