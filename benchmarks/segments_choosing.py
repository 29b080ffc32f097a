"""How the segments benchmark chooses, and how it counts: shared by its parts."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
import pandas as pd

from pipelines.core.intervals import rate_interval
from pipelines.search.segmentations import Chosen, choose
from pipelines.segments.choice import ChoiceSpec, SegmentSpace
from pipelines.segments.choice_measure import Measuring
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.segmenters import GaussianMixture, KMeans, Ward
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.structure import Structure, StructureTest

Told = TypeVar("Told")
CUTOFF = datetime(2026, 1, 5, tzinfo=UTC)
SPACE = SegmentSpace(shape=("quantile",), segmenters=(KMeans(), GaussianMixture(), Ward()))
"""Two shapes, three segmenters, 2 to 8 segments: 42 candidates."""
PLAIN = SegmentSpace()
"""Those of the peer: K-means, 2 to 8 segments; on logarithms."""
_QUICK = StructureTest(n_references=49)
CHOICES = {
    "small": ChoiceSpec(n_trials=6, n_startup=3, n_resamples=2, n_references=2, structure=_QUICK),
    "full": ChoiceSpec(n_trials=20, n_startup=10),
}
"""How many of them the search tries, and the work on each; at ``full`` as shipped but for the trials."""


def chosen(snapshots: Sequence[Snapshot], seed: int, choice: ChoiceSpec, space: SegmentSpace = SPACE) -> Chosen:
    """What the product chooses."""
    return choose(space, choice, snapshots, seed, on_trial=lambda *_: None)


def structure_of(rows: pd.DataFrame, seed: int, space: SegmentSpace, choice: ChoiceSpec) -> Structure:
    """What the product says of groups before it chooses among segments."""
    return Measuring(space, choice, (one_snapshot(rows),), seed).structure()


def one_snapshot(rows: pd.DataFrame) -> Snapshot:
    """All rows at one cutoff."""
    return Snapshot(CUTOFF, np.arange(len(rows)), rows)


def segmented(rows: pd.DataFrame, seed: int, choice: ChoiceSpec, space: SegmentSpace) -> Segmentation:
    """Choose on one snapshot of these rows, and fit what was chosen to all of them."""
    return chosen((one_snapshot(rows),), seed, choice, space).candidate.fit(rows, seed)


def side_by_side(tell: Callable[..., Told], *given: Iterable[object]) -> list[Told]:
    """What is told of each case; a process per core."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, context) as pool:
        return list(pool.map(tell, *given))


def rate(name: str, said: Sequence[bool]) -> dict[str, float]:
    """A share with its Wilson interval."""
    found = rate_interval(np.array(said, dtype=float), np.arange(len(said)))
    return {name: float(np.mean(said)), f"{name}.ci_low": found.low, f"{name}.ci_high": found.high}
