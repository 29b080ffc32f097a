"""Segmenters that look for dense regions, find their own number of them, and leave the rest as noise."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.errors import ModelError
from pipelines.segments.clusters import NOISE, DenseClusters
from pipelines.segments.segmenters_base import FloatArray, IntArray, Segmenter, as_tuples, held_still, some

_COVERED = 0.99
"""Share of a cluster's rows that its radius reaches, where the algorithm itself has no radius."""
Rows = Annotated[int, Field(ge=100, le=100_000)]


class _Dense(Segmenter):
    """What both share: a sample, and a bounded number of rows that stand for the dense regions."""

    n_neighbours: Annotated[int, Field(ge=2)] = 15
    sample: Rows = 10_000
    n_kept: Annotated[int, Field(ge=10, le=20_000)] = 3_000

    @property
    def takes_n(self) -> bool:
        """No: density decides."""
        return False

    def _keep(self, points: FloatArray, label: IntArray, core: IntArray, radius: float, seed: int) -> DenseClusters:
        """Clusters of which some core rows stand for all, with a radius that still reaches the rows of each."""
        n_clusters = int(label.max()) + 1
        if not n_clusters:
            raise _nothing(len(points))
        kept = np.sort(np.random.default_rng(seed).permutation(core)[: self.n_kept])
        missing = np.setdiff1d(np.arange(n_clusters), label[kept])
        kept = np.sort(np.concatenate([kept, [core[label[core] == one][0] for one in missing]]).astype(np.int64))
        reach = _reach(points, label, kept, n_clusters) if kept.size < core.size or not radius else np.zeros(n_clusters)
        return DenseClusters(
            centre=as_tuples(np.array([points[label == one].mean(axis=0) for one in range(n_clusters)])),
            kept=as_tuples(points[kept]),
            kept_label=tuple(int(one) for one in label[kept]),
            radius=tuple(float(one) for one in np.maximum(reach, radius)),
        )


class DBSCAN(_Dense):
    """Regions where every row has enough others within one radius, and what they reach.

    A new row belongs to the cluster of the nearest core row that is within the radius; where only some core rows are
    kept, the radius grows until 99 % of each cluster's rows are reached again. It begins from no centres.

    Parameters
    ----------
    core_share : float
        Share of the rows that shall be core rows: the radius is so wide that they have ``n_neighbours`` within it.
    radius : float, optional
        In the points' unit, instead of ``core_share``.
    n_neighbours : int
        Rows within the radius, itself included, that make a row a core row.
    sample : int
        Rows that it looks at, at most.
    n_kept : int
        Core rows that are kept, at most.

    References
    ----------
    Ester, Kriegel, Sander & Xu (1996), *A density-based algorithm for discovering clusters in large spatial databases
    with noise*; section 4.2 for the radius.
    """

    type: Literal["dbscan"] = "dbscan"
    core_share: Annotated[float, Field(gt=0, lt=1)] = 0.9
    radius: Annotated[float, Field(gt=0)] | None = None

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> DenseClusters:
        from sklearn.cluster import DBSCAN as Density

        sampled = some(points, self.sample, seed)
        n_neighbours = min(self.n_neighbours, len(sampled))
        radius = self.radius or _k_distance(sampled, n_neighbours, self.core_share)
        with held_still():
            fitted = Density(eps=radius, min_samples=n_neighbours).fit(sampled)
        core = np.asarray(fitted.core_sample_indices_, dtype=np.int64)
        return self._keep(sampled, fitted.labels_.astype(np.int64), core, radius, seed)


class HDBSCAN(_Dense):
    """Regions that stay together over a long range of densities, each at its own.

    A new row belongs to the cluster of the nearest kept row if that is within the cluster's radius, which reaches 99 %
    of the rows that made it. It begins from no centres.

    Parameters
    ----------
    smallest_share : float
        Share of the rows below which a region is no cluster.
    n_neighbours : int
        Neighbours that a row's density is measured by.
    sample : int
        Rows that it looks at, at most.
    n_kept : int
        Rows that are kept, at most.

    References
    ----------
    Campello, Moulavi & Sander (2013), *Density-based clustering based on hierarchical density estimates*.
    """

    type: Literal["hdbscan"] = "hdbscan"
    smallest_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.03

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> DenseClusters:
        from sklearn.cluster import HDBSCAN as Hierarchy

        sampled = some(points, self.sample, seed)
        smallest = max(2, int(np.ceil(self.smallest_share * len(sampled))))
        n_neighbours = min(self.n_neighbours, len(sampled))
        with held_still():
            label = Hierarchy(min_cluster_size=smallest, min_samples=n_neighbours, copy=True).fit_predict(sampled)
        label = label.astype(np.int64)
        return self._keep(sampled, label, np.flatnonzero(label != NOISE), 0.0, seed)


def _k_distance(points: FloatArray, n_neighbours: int, share: float) -> float:
    """The distance within which a share of the rows have so many rows, themselves included."""
    from scipy.spatial import KDTree

    distance = KDTree(points).query(points, k=[n_neighbours])[0][:, 0]
    return float(max(np.quantile(distance, share), 1e-9))  # many equal rows are at distance 0 of each other


def _reach(points: FloatArray, label: IntArray, kept: IntArray, n_clusters: int) -> FloatArray:
    """Of each cluster, the distance to the nearest other kept row of it that most of its rows are within."""
    from scipy.spatial import KDTree

    found = np.zeros(n_clusters)
    for one in range(n_clusters):
        rows, stands = np.flatnonzero(label == one), kept[label[kept] == one]
        if stands.size > 1:
            distance, nearest = KDTree(points[stands]).query(points[rows], k=2)
            other = np.where(stands[nearest[:, 0]] == rows, distance[:, 1], distance[:, 0])
            found[one] = np.quantile(other, _COVERED)
        else:
            found[one] = np.sqrt(np.square(points[rows] - points[stands]).sum(axis=1)).max()
    return np.maximum(found, 1e-9)


def _nothing(n_rows: int) -> ModelError:
    return ModelError(
        f"No region of the {n_rows:,} rows is dense enough to be a segment.",
        why="All customers would be noise.",
        fix="Ask for smaller regions or fewer neighbours, or take a segmenter that is told the number of segments.",
    )
