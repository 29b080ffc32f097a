"""The rows and the two models of the SHAP benchmark: one on numbers only, one that splits on levels."""

from __future__ import annotations

import sys

import lightgbm as lgb
import numpy as np

N_FEATURES, N_CATEGORICAL, N_LEARNED = 40, 8, 30_000


def made(n_rows: int) -> tuple[np.ndarray, list[int]]:
    """Numbers, a few of them null, and codes of levels; and which columns are codes."""
    rng = np.random.default_rng(20_260_101)
    rows = rng.normal(size=(n_rows, N_FEATURES))
    rows[rng.random(rows.shape) < 0.05] = np.nan
    codes = list(range(N_FEATURES - N_CATEGORICAL, N_FEATURES))
    rows[:, codes] = rng.integers(0, 12, (n_rows, N_CATEGORICAL))
    return rows, codes


def model(rows: np.ndarray, codes: list[int], n_trees: int) -> lgb.Booster:
    """Trees of 31 leaves; ``codes`` are learned from as levels."""
    rng = np.random.default_rng(1)
    known = np.nan_to_num(rows)
    score = known @ rng.normal(size=N_FEATURES) * 0.2 + known[:, 0] * known[:, 1] + (known[:, -1] % 5 == 2)
    label = (rng.random(len(rows)) < 1 / (1 + np.exp(1 - score))).astype(int)
    data = lgb.Dataset(rows, label, categorical_feature=codes, params={"verbosity": -1})
    parameters = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 2}
    return lgb.train(parameters, data, n_trees)


if __name__ == "__main__":
    n_rows, n_trees = map(int, sys.argv[1:])
    rows, codes = made(max(n_rows, N_LEARNED))
    for name, levels in (("numeric", []), ("categorical", codes)):
        model(rows[:N_LEARNED], levels, n_trees).save_model(f"{name}.txt")
    np.save("rows.npy", rows[:n_rows])
