"""Segmenters that put centres or Gaussians among the points."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.segments.clusters import CentredClusters, MixtureClusters, squared_distances
from pipelines.segments.segmenters_base import FloatArray, IntArray, Segmenter, as_tuples, held_still, some, too_few

Rows = Annotated[int, Field(ge=100)]
NInits = Annotated[int, Field(ge=1, le=100)]


class KMeans(Segmenter):
    """K-means: the centres with the smallest mean squared distance to their points that several starts find.

    Starts are compared on a sample, and the best of them goes on over all rows: on a million rows, that is one fit
    instead of ``n_init``.

    Parameters
    ----------
    n_init : int
        Starts, each drawn by k-means++; one suffices if a start is given.
    n_tried : int
        Rows that the starts are compared on.
    max_iter : int
        Rounds at most.

    References
    ----------
    Lloyd (1982), *Least squares quantization in PCM*; Arthur & Vassilvitskii (2007), *k-means++: the advantages of
    careful seeding*.
    """

    type: Literal["kmeans"] = "kmeans"
    n_init: NInits = 10
    n_tried: Rows = 20_000
    max_iter: Annotated[int, Field(ge=1)] = 300

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> CentredClusters:
        if start is None and len(points) > self.n_tried:
            tried = some(points, self.n_tried, seed)
            start = self._lloyd(tried, n_segments, seed, None).cluster_centers_
        fitted = self._lloyd(points, n_segments, seed, start)
        return _centred(points, fitted.labels_, fitted.cluster_centers_, n_segments)

    def _lloyd(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> Any:
        from sklearn.cluster import KMeans as Lloyd

        init, n_init = ("k-means++", self.n_init) if start is None else (start, 1)
        with held_still():
            return Lloyd(n_segments, init=init, n_init=n_init, max_iter=self.max_iter, random_state=seed).fit(points)


class MiniBatchKMeans(Segmenter):
    """K-means that sees a batch at a time, and whose clusters can be updated with new rows alone.

    Parameters
    ----------
    batch_size : int
        Rows per batch.
    n_init, n_tried : int
        Starts of K-means, and the rows that they are compared on: batches alone often end in a poor place.
    forget : float
        Share of its past that a centre loses at each update, from 0 (all rows ever seen count alike) to 1 (the last
        update only).

    References
    ----------
    Sculley (2010), *Web-scale k-means clustering*.
    """

    type: Literal["minibatch_kmeans"] = "minibatch_kmeans"
    batch_size: Rows = 4_096
    n_init: NInits = 10
    n_tried: Rows = 20_000
    forget: Annotated[float, Field(ge=0, le=1)] = 0.0

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> CentredClusters:
        from sklearn.cluster import MiniBatchKMeans as Batches

        if start is None:
            start = KMeans(n_init=self.n_init).fit(some(points, self.n_tried, seed), n_segments, seed).centres
        with held_still():
            fitted = Batches(
                n_segments, init=start, n_init=1, batch_size=min(self.batch_size, len(points)), random_state=seed
            ).fit(points)
        return _centred(points, fitted.labels_, fitted.cluster_centers_, n_segments)

    def update(self, clusters: CentredClusters, points: FloatArray) -> CentredClusters:
        """The clusters after further rows: scikit-learn's ``partial_fit``, without an object that must be kept.

        Each batch moves a centre to the mean of all rows that it has ever been nearest to, those of the past where they
        were counted. Rows are taken in their order.

        Parameters
        ----------
        clusters : CentredClusters
            Of a fit or an earlier update.
        points : float64 array of shape (n_rows, n_dims)
            New rows only.

        Raises
        ------
        ModelError
            If the points do not fit the clusters.
        """
        n_rows = np.asarray(clusters.n_rows) * (1 - self.forget)
        moving = clusters
        for first in range(0, len(points), self.batch_size):
            moving, n_rows = _moved(moving, n_rows, points[first : first + self.batch_size])
        return moving


class GaussianMixture(Segmenter):
    """A mixture of Gaussians, fitted by expectation and maximisation: clusters may be long, and differ in width.

    Parameters
    ----------
    covariance : str
        ``full``: each an ellipse of its own; ``diag``: along the axes; ``tied``: all the same ellipse.
    n_init : int
        Starts, each from rows drawn by k-means++; from k-means, all of them would end alike, across long clusters.
    sample : int
        Rows that it is fitted on at most.
    floor : float
        Variance added in every direction, in the points' unit: none becomes so narrow that it sits on a tie.

    References
    ----------
    Dempster, Laird & Rubin (1977), *Maximum likelihood from incomplete data via the EM algorithm*.
    """

    type: Literal["gaussian_mixture"] = "gaussian_mixture"
    covariance: Literal["full", "diag", "tied"] = "full"
    n_init: NInits = 5
    sample: Rows = 50_000
    floor: Annotated[float, Field(gt=0)] = 1e-3

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> MixtureClusters:
        from sklearn.mixture import GaussianMixture as Mixture

        sampled = some(points, self.sample, seed)
        begin = {} if start is None else _around(sampled, start, self.covariance, self.floor)
        with held_still():
            fitted = Mixture(
                n_segments,
                covariance_type=self.covariance,
                n_init=self.n_init if start is None else 1,
                init_params="k-means++",
                reg_covar=self.floor,
                max_iter=200,
                random_state=seed,
                **begin,
            ).fit(sampled)
        covariance = _matrices(fitted.covariances_, self.covariance, n_segments)
        return MixtureClusters(
            mean=as_tuples(fitted.means_),
            weight=tuple(float(weight) for weight in fitted.weights_),
            covariance=tuple(as_tuples(one) for one in covariance),
        )


class Ward(Segmenter):
    """Ward's hierarchy on a sample; every row then belongs to the nearest of its clusters' means.

    Pairs of clusters are merged that add least to the squared distances within. It needs memory in the square of the
    rows (4,000 of them: 64 MB), hence the sample. It begins from no centres.

    Parameters
    ----------
    sample : int
        Rows that the hierarchy is made of at most.

    References
    ----------
    Ward (1963), *Hierarchical grouping to optimize an objective function*.
    """

    type: Literal["ward"] = "ward"
    sample: Annotated[int, Field(ge=100, le=20_000)] = 4_000

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> CentredClusters:
        from sklearn.cluster import AgglomerativeClustering

        sampled = some(points, self.sample, seed)
        label = AgglomerativeClustering(n_segments, linkage="ward").fit_predict(sampled)
        means = np.array([sampled[label == i].mean(axis=0) for i in range(n_segments)])
        nearest = CentredClusters(centre=as_tuples(means), n_rows=(0.0,) * n_segments).assign(points).label
        return _centred(points, nearest, means, n_segments)


def _centred(points: FloatArray, label: NDArray[Any], centres: FloatArray, n_segments: int) -> CentredClusters:
    n_rows: IntArray = np.bincount(label, minlength=n_segments)
    if not n_rows.all():
        raise too_few(int((n_rows > 0).sum()), n_segments)
    return CentredClusters(centre=as_tuples(centres), n_rows=tuple(float(n) for n in n_rows))


def _moved(clusters: CentredClusters, n_rows: FloatArray, batch: FloatArray) -> tuple[CentredClusters, FloatArray]:
    """Clusters after one batch, and how many rows each has seen."""
    label = clusters.assign(batch).label
    n_new = np.bincount(label, minlength=clusters.n_clusters).astype(np.float64)
    sums = np.column_stack(
        [np.bincount(label, weights=batch[:, i], minlength=clusters.n_clusters) for i in range(batch.shape[1])]
    )
    seen = n_rows + n_new
    moved = (clusters.centres * n_rows[:, None] + sums) / np.where(seen > 0, seen, 1)[:, None]
    centres = np.where(seen[:, None] > 0, moved, clusters.centres)
    return CentredClusters(centre=as_tuples(centres), n_rows=tuple(float(n) for n in seen)), seen


def _around(points: FloatArray, start: FloatArray, kind: str, floor: float) -> dict[str, FloatArray]:
    """A mixture to begin from: Gaussians of one common shape around the given centres."""
    label = squared_distances(points, start).argmin(axis=1)
    share = (np.bincount(label, minlength=len(start)) + 1) / (len(points) + len(start))
    apart = points - start[label]
    covariance = apart.T @ apart / len(points) + floor * np.eye(points.shape[1])
    precision = {
        "full": np.array([np.linalg.inv(covariance)] * len(start)),
        "tied": np.linalg.inv(covariance),
        "diag": np.array([1 / np.diag(covariance)] * len(start)),
    }[kind]
    return {"means_init": start, "weights_init": share / share.sum(), "precisions_init": precision}


def _matrices(covariance: FloatArray, kind: str, n_segments: int) -> list[FloatArray]:
    if kind == "full":
        return list(covariance)
    if kind == "tied":
        return [covariance] * n_segments
    return [np.diag(one) for one in covariance]
