"""How far apart clusters are, beside what the same number of clusters is in data without groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.randomness import seed_for
from pipelines.segments.clusters import NOISE
from pipelines.segments.segmenters_base import held_still, some

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_SQUARE = np.sqrt(3.0)
"""Half the width of a uniform distribution whose standard deviation is 1."""


@dataclass(frozen=True)
class Separation:
    """Four measures of the same thing, of clustered rows only.

    Parameters
    ----------
    silhouette : float
        Mean over rows of ``(b - a) / max(a, b)``: ``a`` is the mean distance to its own cluster's rows, ``b`` to those
        of the nearest other cluster. From -1 to 1; sampled.
    davies_bouldin : float
        Mean over clusters of the width of two clusters over the distance of their centres, for the worst partner; from
        0, smaller is better.
    calinski_harabasz : float
        Variance between over variance within, per degree of freedom; larger is better, and grows with the rows.
    log_within : float
        Logarithm of the share of the squared distances that lies within clusters: what an elbow is looked for in.

    References
    ----------
    Rousseeuw (1987), *Silhouettes*; Davies & Bouldin (1979), *A cluster separation measure*; Calinski & Harabasz
    (1974), *A dendrite method for cluster analysis*.
    """

    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    log_within: float


@dataclass(frozen=True)
class Reference:
    """What as many clusters come to in data without groups.

    Parameters
    ----------
    silhouette : float
        Mean over the reference data sets.
    log_within, log_within_sd : float
        Mean and standard deviation over the reference data sets.
    """

    silhouette: float
    log_within: float
    log_within_sd: float

    def gap(self, found: Separation) -> float:
        """By how much less of the squared distances lies within clusters than without groups, in logarithms.

        References
        ----------
        Tibshirani, Walther & Hastie (2001), *Estimating the number of clusters in a data set via the gap statistic*.
        """
        return self.log_within - found.log_within

    def score(self, found: Separation) -> float:
        """Separation in [0, 1]: 0.5 is that of data without groups, 1 is a silhouette of 1.

        The odds of the silhouette are divided by those of the reference. So candidates in different spaces, and with
        different numbers of segments, are comparable: each is measured against its own space without groups.

        Examples
        --------
        >>> Reference(0.4, -1.0, 0.1).score(Separation(0.4, 1.0, 1.0, -1.0))
        0.5
        >>> round(Reference(0.4, -1.0, 0.1).score(Separation(0.7, 1.0, 1.0, -1.0)), 2)
        0.78
        """
        own, null = max(found.silhouette, 0.0), max(self.silhouette, 1e-3)
        return own * (1 - null) / (own * (1 - null) + null * (1 - own))


def separation(points: FloatArray, label: IntArray, n_silhouette: int, seed: int) -> Separation:
    """How far apart the clusters are that the points have been given.

    Parameters
    ----------
    points : float64 array of shape (n_rows, n_dims)
    label : int64 array of shape (n_rows,)
        At least two clusters; -1 is noise and is left out.
    n_silhouette : int
        Rows that the silhouette is averaged over, and compared with, at most.
    seed : int
        Of their sample.
    """
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    is_in = label != NOISE
    points, label = points[is_in], np.unique(label[is_in], return_inverse=True)[1]
    with held_still():
        return Separation(
            silhouette=_silhouette(points, label, n_silhouette, seed),
            davies_bouldin=float(davies_bouldin_score(points, label)),
            calinski_harabasz=float(calinski_harabasz_score(points, label)),
            log_within=log_within(points, label),
        )


def log_within(points: FloatArray, label: IntArray) -> float:
    """Logarithm of the share of the squared distances to the mean that lies within clusters.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(float(np.exp(log_within(points, np.array([0, 0, 1, 1])))), 4)
    0.0099
    """
    n_rows = np.bincount(label)
    sums = np.column_stack([np.bincount(label, weights=column) for column in points.T])
    means = sums / np.maximum(n_rows, 1)[:, None]
    within, total = np.square(points - means[label]).sum(), np.square(points - points.mean(axis=0)).sum()
    return float(np.log(max(within, 1e-12 * total)) - np.log(total))


def without_groups(points: FloatArray) -> Callable[[np.random.Generator], FloatArray]:
    """A way to draw as many points with the same mean and covariance, uniform in a box along the principal axes.

    Of all shapes without groups, the uniform one is the easiest to mistake for some: whatever is better separated than
    this is better separated than a continuum.

    References
    ----------
    Tibshirani, Walther & Hastie (2001), section 4, reference distribution (b), of which the box has the points'
    standard deviations in place of their ranges, which a single outlier decides.
    """
    mean = points.mean(axis=0)
    _, deviation, axes = np.linalg.svd(points - mean, full_matrices=False)
    half = _SQUARE * deviation / np.sqrt(len(points))

    def draw(rng: np.random.Generator) -> FloatArray:
        drawn: FloatArray = rng.uniform(-1.0, 1.0, (len(points), len(half))) * half
        return np.asarray(mean + drawn @ axes)

    return draw


def reference(points: FloatArray, n_clusters: int, n_sets: int, n_rows: int, seed: int) -> Reference:
    """What so many clusters, by k-means, come to in data sets that are like the points but without groups.

    Parameters
    ----------
    points : float64 array of shape (n_rows, n_dims)
        A sample of them is imitated.
    n_clusters : int
    n_sets : int
        Data sets; at least two.
    n_rows : int
        Rows of each, at most.
    seed : int
    """
    like = some(points, n_rows, seed_for(seed, "reference rows"))
    draw = without_groups(like)
    found = [_clustered(draw, n_clusters, seed_for(seed, f"reference {i}")) for i in range(n_sets)]
    within = [one.log_within for one in found]
    return Reference(
        silhouette=float(np.mean([one.silhouette for one in found])),
        log_within=float(np.mean(within)),
        log_within_sd=float(np.std(within, ddof=1)),
    )


def k_means_label(points: FloatArray, n_clusters: int, n_init: int, seed: int) -> IntArray:
    """Labels of a quick k-means, for what is compared with other quick ones only."""
    from sklearn.cluster import KMeans

    label = KMeans(n_clusters, n_init=n_init, max_iter=50, random_state=seed).fit(points).labels_
    return np.asarray(label, dtype=np.int64)


def _clustered(draw: Callable[[np.random.Generator], FloatArray], n_clusters: int, seed: int) -> Separation:
    drawn = draw(np.random.default_rng(seed))
    with held_still():
        label = k_means_label(drawn, n_clusters, 3, seed)
    return separation(drawn, label, len(drawn), seed)


def _silhouette(points: FloatArray, label: IntArray, n_rows: int, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    if len(points) > n_rows:
        drawn = np.random.default_rng(seed).choice(len(points), n_rows, replace=False)
        points, label = points[drawn], label[drawn]
    n_labels = np.unique(label).size
    return float(silhouette_score(points, label)) if 1 < n_labels < len(points) else 0.0
