"""Customers of planted segments in a skewed space: ``python segments_data.py ROWS`` leaves them in its folder.

Twenty features as a shop has them: counts, amounts and durations, whose logarithms are normal around the centre of the
customer's segment, with a shared trait of size that makes them all correlated. Five segments of unequal shares.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from numpy.typing import NDArray

N_FEATURES, N_BATCHES = 20, 20
SHARES = (0.30, 0.25, 0.20, 0.15, 0.10)
SPREAD, SIZE, STEP = 0.7, 0.25, 0.55
"""Deviations of a feature's logarithm within a segment: its own, what it shares; and of the segments' centres."""
DRIFT = 0.25
"""How far the centres move from the first batch of rows to the last, in units of ``STEP``."""


def made(n_rows: int, seed: int = 20_261_122) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """Features and segments; rows are in the order in which they arrive, while the centres drift.

    Parameters
    ----------
    n_rows : int
        Customers.

    Returns
    -------
    DataFrame of float64, shape (n_rows, 20), and int8 array of shape (n_rows,)
    """
    rng = np.random.default_rng(seed)
    level = rng.uniform(0, 4, N_FEATURES)
    centres = rng.normal(0, STEP, (len(SHARES), N_FEATURES))
    moves = rng.normal(0, STEP * DRIFT, centres.shape)
    segment = rng.choice(len(SHARES), n_rows, p=SHARES).astype(np.int8)
    when = np.linspace(0, 1, n_rows)[:, None]
    logs = level + centres[segment] + when * moves[segment]
    logs += SIZE * rng.normal(size=(n_rows, 1)) + SPREAD * rng.normal(size=(n_rows, N_FEATURES))
    values = np.exp(logs)
    counts = slice(0, N_FEATURES // 2)
    values[:, counts] = np.round(values[:, counts])
    names = [f"n_{i:02}" for i in range(N_FEATURES // 2)] + [f"amount_{i:02}" for i in range(N_FEATURES // 2)]
    return pd.DataFrame(values, columns=names), segment


if __name__ == "__main__":
    features, planted = made(int(sys.argv[1]))
    features.to_parquet("rows.parquet", index=False, compression="zstd")
    np.save("planted.npy", planted)
