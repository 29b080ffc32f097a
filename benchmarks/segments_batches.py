"""Segments kept up with new rows: ``python segments_batches.py WAY`` in the folder of `segments_data`.

K-means is fitted on the first half of the rows; the rest comes in batches, while the centres drift. After each batch
the clusters are updated with its rows alone (``updates``; ``forgetting``: and lose half of their past), or fitted on
every row so far, from scratch (``refits``) or from the centres before (``warm refits``). Leaves ``WAY.json``: seconds
of each batch, and what the clusters are worth for its rows.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from segments_data import N_BATCHES, SHARES
from sklearn.metrics import adjusted_rand_score

from pipelines.core.intervals import FloatArray
from pipelines.segments.clusters import CentredClusters
from pipelines.segments.segmenters import KMeans, MiniBatchKMeans
from pipelines.segments.transforms import Transforms

N_FIRST = N_BATCHES // 2
SEED = 1
WAYS = ("updates", "forgetting", "warm refits", "refits")
Step = Callable[[CentredClusters, slice], CentredClusters]


def kept_up(way: str, rows: pd.DataFrame, planted: np.ndarray) -> list[dict[str, float]]:
    """One entry per batch after the first half."""
    ends = np.linspace(0, len(rows), N_BATCHES + 1).astype(int)
    points = Transforms().fit(rows.iloc[: ends[N_FIRST]]).apply(rows)
    clusters = _fitted(points[: ends[N_FIRST]])
    step = _ways(points)[way]
    told = []
    for batch in (slice(*bounds) for bounds in zip(ends[N_FIRST:-1], ends[N_FIRST + 1 :], strict=True)):
        start = time.perf_counter()
        clusters = step(clusters, batch)
        seconds = time.perf_counter() - start
        assigned = clusters.assign(points[batch])
        inertia = float(np.mean(assigned.distance**2))
        ari = float(adjusted_rand_score(planted[batch], assigned.label))
        told.append({"seconds": seconds, "inertia": inertia, "ari": ari})
    return told


def _fitted(points: FloatArray, start: FloatArray | None = None) -> CentredClusters:
    found = KMeans().fit(points, len(SHARES), SEED, start)
    assert isinstance(found, CentredClusters)  # of that segmenter they always are
    return found


def _ways(points: FloatArray) -> dict[str, Step]:
    return {
        "updates": lambda clusters, batch: MiniBatchKMeans().update(clusters, points[batch]),
        "forgetting": lambda clusters, batch: MiniBatchKMeans(forget=0.5).update(clusters, points[batch]),
        "warm refits": lambda clusters, batch: _fitted(points[: batch.stop], clusters.centres),
        "refits": lambda _, batch: _fitted(points[: batch.stop]),
    }


if __name__ == "__main__":
    ((_, way),) = [sys.argv]
    found = kept_up(way, pd.read_parquet("rows.parquet"), np.load("planted.npy"))
    Path(f"{way}.json").write_text(json.dumps(found), encoding="utf-8")
