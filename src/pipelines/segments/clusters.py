"""Fitted clusters as a few numbers of JSON, and to which of them a point belongs.

Assigning needs neither the library nor the rows that they were fitted on, and a bounded amount of memory. The cluster
of a point does not depend on which other points are assigned with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.errors import ModelError
from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Points = Annotated[tuple[tuple[float, ...], ...], Field(min_length=1)]
NOISE = -1
_CHUNK = 8_192
"""Rows that are assigned at a time: few enough that what is computed of them stays in the processor's cache."""


@dataclass(frozen=True)
class Assigned:
    """Where points belong.

    Parameters
    ----------
    label : int64 array of shape (n_rows,)
        The cluster of each, from 0; -1 is noise.
    distance : float64 array of shape (n_rows,)
        To the centre of its cluster; of noise, to the nearest centre.
    """

    label: IntArray
    distance: FloatArray


class Clusters(Spec):
    """What every kind of fitted clusters does."""

    @property
    def n_clusters(self) -> int:
        """How many there are."""
        return len(self.centres)

    @property
    def centres(self) -> FloatArray:
        """Their centres, shape (n_clusters, n_dims)."""
        raise NotImplementedError

    def assign(self, points: FloatArray) -> Assigned:
        """To which cluster points belong.

        Parameters
        ----------
        points : float64 array of shape (n_rows, n_dims)

        Raises
        ------
        ModelError
            If the points have another number of dimensions, or a coordinate is not finite.
        """
        self._check(points)
        label, distance = np.empty(len(points), np.int64), np.empty(len(points))
        for rows in _chunks(len(points)):
            label[rows] = self._label(points[rows])
            distance[rows] = self._distance(points[rows], label[rows])
        return Assigned(label, distance)

    def __eq__(self, other: object) -> bool:
        """By what they say: arrays that were computed from it have no truth value to compare by."""
        return isinstance(other, Clusters) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def _label(self, points: FloatArray) -> IntArray:
        raise NotImplementedError

    def _distance(self, points: FloatArray, label: IntArray) -> FloatArray:
        where = label
        if (label == NOISE).any():
            where = np.where(label == NOISE, squared_distances(points, self.centres).argmin(axis=1), label)
        return np.sqrt(_squares(points - self.centres[where]))

    def _check(self, points: FloatArray) -> None:
        if points.ndim != 2 or points.shape[1] != self.centres.shape[1]:
            raise ModelError(
                f"The points have shape {points.shape}; the centres have {self.centres.shape[1]} dimensions.",
                why="A point is near to a cluster in the space that the cluster was found in.",
                fix="Apply the transforms that the clusters were fitted with.",
            )
        if not np.isfinite(points).all():
            raise ModelError(
                f"{int((~np.isfinite(points)).any(axis=1).sum()):,} of {len(points):,} points are not finite.",
                why="They have no distance to any cluster.",
                fix="Apply the transforms, which fill nulls, before assigning.",
            )


class CentredClusters(Clusters):
    """Each point belongs to the nearest centre; the first of them if two are equally near.

    Parameters
    ----------
    centre : tuple of tuple of float
        One per cluster.
    n_rows : tuple of float
        How many rows each centre is the mean of, which is how slowly it moves when it is updated.
    """

    type: Literal["centred"] = "centred"
    centre: Points
    n_rows: tuple[float, ...]

    @cached_property
    def centres(self) -> FloatArray:
        """Their centres, shape (n_clusters, n_dims)."""
        return np.asarray(self.centre, dtype=np.float64)

    def _label(self, points: FloatArray) -> IntArray:
        return np.asarray(squared_distances(points, self.centres).argmin(axis=1), dtype=np.int64)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _same_length(n_rows=len(self.n_rows), centre=len(self.centre))
        return self


class MixtureClusters(Clusters):
    """Each point belongs to the Gaussian that most likely made it.

    Parameters
    ----------
    mean : tuple of tuple of float
        Of each Gaussian.
    weight : tuple of float
        The share of points that it makes.
    covariance : tuple of matrices
        Of each, positive definite.
    """

    type: Literal["mixture"] = "mixture"
    mean: Points
    weight: tuple[float, ...]
    covariance: tuple[tuple[tuple[float, ...], ...], ...]

    @cached_property
    def centres(self) -> FloatArray:
        """Their means, shape (n_clusters, n_dims)."""
        return np.asarray(self.mean, dtype=np.float64)

    def _label(self, points: FloatArray) -> IntArray:
        return np.asarray(self.log_joint(points).argmax(axis=1), dtype=np.int64)

    def log_joint(self, points: FloatArray) -> FloatArray:
        """Logarithm of weight times density of each Gaussian, up to a constant, shape (n_rows, n_clusters)."""
        joint = np.empty((len(points), self.n_clusters))
        for i, (mean, (whiten, log_weight)) in enumerate(zip(self.centres, self._whitening, strict=True)):
            joint[:, i] = log_weight - 0.5 * _squares((points - mean) @ whiten)
        return joint

    @cached_property
    def _whitening(self) -> tuple[tuple[FloatArray, float], ...]:
        """Of each, what turns its ellipse into a circle of radius 1, and the logarithm of its peak times weight."""
        found = []
        for weight, covariance in zip(self.weight, self.covariance, strict=True):
            whiten = np.linalg.inv(np.linalg.cholesky(np.asarray(covariance))).T
            found.append((whiten, float(np.log(weight) + np.log(np.diag(whiten)).sum())))
        return tuple(found)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _same_length(weight=len(self.weight), covariance=len(self.covariance), mean=len(self.mean))
        return self


class DenseClusters(Clusters):
    """Each point belongs to the cluster of the nearest kept row if that is within the cluster's radius; else to none.

    Parameters
    ----------
    centre : tuple of tuple of float
        Mean of the rows of each cluster.
    kept : tuple of tuple of float
        Rows that stand for the dense regions, at most a few thousand.
    kept_label : tuple of int
        The cluster of each.
    radius : tuple of float
        Of each cluster, how far from a kept row it still reaches.
    """

    type: Literal["dense"] = "dense"
    centre: Points
    kept: Points
    kept_label: tuple[int, ...]
    radius: tuple[float, ...]

    @cached_property
    def centres(self) -> FloatArray:
        """Means of their rows, shape (n_clusters, n_dims)."""
        return np.asarray(self.centre, dtype=np.float64)

    def _label(self, points: FloatArray) -> IntArray:
        distance, nearest = self._tree.query(points)
        label = np.asarray(self.kept_label, dtype=np.int64)[nearest]
        return np.where(distance <= np.asarray(self.radius)[label], label, NOISE)

    @cached_property
    def _tree(self):  # type: ignore[no-untyped-def]  # scipy has no types
        from scipy.spatial import KDTree  # a tenth of a second that only those with dense clusters wait for

        return KDTree(np.asarray(self.kept, dtype=np.float64))

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _same_length(kept_label=len(self.kept_label), kept=len(self.kept))
        _same_length(radius=len(self.radius), centre=len(self.centre))
        return self


AnyClusters = Annotated[CentredClusters | MixtureClusters | DenseClusters, Field(discriminator="type")]
"""What a segmenter may give."""


def squared_distances(points: FloatArray, centres: FloatArray) -> FloatArray:
    """Squared Euclidean distances, shape (n_rows, n_centres), each computed from its own row alone.

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[25.,  1.]])
    """
    found = np.empty((len(points), len(centres)))
    for i, centre in enumerate(centres):
        found[:, i] = _squares(points - centre)
    return found


def _squares(differences: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", differences, differences))


def _chunks(n_rows: int) -> Iterator[slice]:
    return (slice(start, min(start + _CHUNK, n_rows)) for start in range(0, n_rows, _CHUNK))


def _same_length(**lengths: int) -> None:
    if len(set(lengths.values())) > 1:
        raise ValueError(f"must have one length, got {lengths}")
