"""Rows of known groups, and of none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipelines.segments.snapshots import Snapshot

CENTRES = np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 0.0], [0.0, 6.0, 3.0]])


def blobs(n_rows=600, n_groups=3, seed=0, spread=1.0):
    """Points around so many of the centres, and the group of each."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, n_rows)
    return CENTRES[group] + rng.normal(0, spread, (n_rows, 3)), group


def frame(points):
    return pd.DataFrame(points, columns=[f"x{i}" for i in range(points.shape[1])])


def snapshots(n_cutoffs=3, n_rows=400, seed=0, moved=0.3):
    """The same customers at some cutoffs, four weeks apart; each wanders a little within its group."""
    points, _ = blobs(n_rows, seed=seed)
    rng = np.random.default_rng(seed + 1)
    return [
        Snapshot(
            datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=28 * i),
            np.arange(n_rows),
            frame(points + rng.normal(0, moved, points.shape)),
        )
        for i in range(n_cutoffs)
    ]
