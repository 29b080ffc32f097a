"""One side of the scale benchmark: ``python segments_sides.py SIDE SIZE`` in the folder of `segments_data`.

Reads the rows, finds how many segments there are and where, assigns every row, and leaves ``SIDE.npy``. The peer is
what a notebook does: standardised features, K-means for 2 to 8 on all rows as its defaults are, the best silhouette of
10,000 rows. Ours tries the same numbers of K-means on a sample, and besides silhouettes measures references without
groups, stability over resamples, and whether there are groups at all; ``regulars_wide`` also tries two more segmenters
and another shape.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

N_RANGE = range(2, 9)
N_FOR_SILHOUETTE = 10_000


def regulars(rows: pd.DataFrame, size: str) -> np.ndarray:
    from segments_choosing import CHOICES, PLAIN, segmented

    choice = CHOICES[size].model_copy(update={"n_trials": len(PLAIN.candidates())})
    return segmented(rows, seed=1, choice=choice, space=PLAIN).assign(rows).segment


def regulars_wide(rows: pd.DataFrame, size: str) -> np.ndarray:
    from segments_choosing import CHOICES, SPACE, segmented

    return segmented(rows, seed=1, choice=CHOICES[size], space=SPACE).assign(rows).segment


def scikit_learn(rows: pd.DataFrame, _: str) -> np.ndarray:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    points = scaler.transform(rows)
    models = [KMeans(n, random_state=1).fit(points) for n in N_RANGE]
    worth = [silhouette_score(points, one.labels_, sample_size=N_FOR_SILHOUETTE, random_state=1) for one in models]
    return models[int(np.argmax(worth))].predict(scaler.transform(rows))


if __name__ == "__main__":
    side = {one.__name__: one for one in (regulars, regulars_wide, scikit_learn)}[sys.argv[1]]
    np.save(f"{side.__name__}.npy", side(pd.read_parquet("rows.parquet"), sys.argv[2]))
