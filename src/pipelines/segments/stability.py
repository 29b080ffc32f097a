"""Whether the same clusters are found again: in other rows of the same cutoff, and at the neighbouring cutoffs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.randomness import seed_for
from pipelines.segments.clusters import NOISE, Clusters
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.snapshots import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Fit = Callable[[FloatArray, int], Clusters]
"""From points and a seed to clusters."""


@dataclass(frozen=True)
class Resampled:
    """What was found again in resamples of the rows.

    Parameters
    ----------
    jaccard : tuple of float
        Of each cluster, the mean over resamples of the rows that it shares with its most similar new cluster, over the
        rows of either. Below 0.6 it should not be trusted; above 0.85 it is very stable.
    ari : tuple of float
        Of each resample, the adjusted Rand index between old and new clusters of the same rows.

    References
    ----------
    Hennig (2007), *Cluster-wise assessment of cluster stability*; Hubert & Arabie (1985), *Comparing partitions*.
    """

    jaccard: tuple[float, ...]
    ari: tuple[float, ...]


@dataclass(frozen=True)
class Neighbouring:
    """What was found again at the next cutoff, per pair of neighbouring cutoffs, oldest first.

    Parameters
    ----------
    definition : tuple of float
        Adjusted Rand index between the earlier and the later fit, both applied to the rows of the later cutoff: whether
        the segments still mean the same.
    membership : tuple of float
        The same between the earlier segments of customers and their later ones, each by the fit of its time, over
        customers present at both: also whether customers stay where they were.
    """

    definition: tuple[float, ...] = ()
    membership: tuple[float, ...] = ()


def resampled(points: FloatArray, clusters: Clusters, fit: Fit, n_resamples: int, n_rows: int, seed: int) -> Resampled:
    """Fit anew on rows drawn with replacement, and compare on all of the points.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_dims)
    clusters : Clusters
        What was found in them.
    fit : callable
        Finds clusters from scratch; were it to begin from the known centres, it would find them again for that reason.
    n_resamples : int
    n_rows : int
        Rows of each resample, at most.
    seed : int
    """
    known = clusters.assign(points).label
    jaccard, ari = [], []
    for i in range(n_resamples):
        rng = np.random.default_rng(seed_for(seed, f"resample {i}"))
        drawn = rng.integers(0, len(points), min(n_rows, len(points)))
        again = fit(points[drawn], seed_for(seed, f"fit {i}")).assign(points).label
        jaccard.append(best_jaccard(known, again, clusters.n_clusters))
        ari.append(adjusted_rand(known, again))
    return Resampled(tuple(float(one) for one in np.mean(jaccard, axis=0)), tuple(ari))


def neighbouring(snapshots: Sequence[Snapshot], fits: Sequence[Segmentation]) -> Neighbouring:
    """Compare each fit with the one before it.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        Oldest first.
    fits : sequence of Segmentation
        One per snapshot, fitted on it.
    """
    definition, membership = [], []
    for before, after, old, new in zip(snapshots[:-1], snapshots[1:], fits[:-1], fits[1:], strict=True):
        now = new.assign(after.rows).segment
        definition.append(adjusted_rand(old.assign(after.rows).segment, now))
        _, first, second = np.intersect1d(before.customer, after.customer, assume_unique=True, return_indices=True)
        if first.size > 1:
            membership.append(adjusted_rand(old.assign(before.rows).segment[first], now[second]))
    return Neighbouring(tuple(definition), tuple(membership))


def adjusted_rand(one: IntArray, other: IntArray) -> float:
    """Agreement of two partitions of the same rows: 1 is the same, 0 is what chance gives.

    Examples
    --------
    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3]))
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def best_jaccard(one: IntArray, other: IntArray, n_clusters: int) -> FloatArray:
    """Of each cluster of one, its Jaccard index with the most similar cluster of the other, shape (n_clusters,).

    Noise is no cluster. A cluster without rows has 0.

    Examples
    --------
    >>> best_jaccard(np.array([0, 0, 0, 1, -1]), np.array([7, 7, 8, 8, 8]), 2).round(2).tolist()
    [0.67, 0.33]
    """
    codes, inverse = np.unique(other, return_inverse=True)
    table = np.zeros((n_clusters, codes.size))
    is_in = one != NOISE
    np.add.at(table, (one[is_in], inverse[is_in]), 1)
    either = np.bincount(one[is_in], minlength=n_clusters)[:, None] + np.bincount(inverse)[None, :] - table
    index = np.where(codes == NOISE, 0.0, table / np.maximum(either, 1))
    return np.asarray(index.max(axis=1))
