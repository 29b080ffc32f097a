"""What every segmenter does, and how the library is held still: one thread, no warnings that are answered here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.spec import Spec
from pipelines.segments.clusters import Clusters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Segmenter(Spec):
    """A way to find clusters; a subclass says which by its ``type``."""

    @property
    def takes_n(self) -> bool:
        """Whether it is told how many clusters to find; the others find their own number."""
        return True

    def fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None = None) -> Clusters:
        """Find clusters.

        Parameters
        ----------
        points : float64 array of shape (n_rows, n_dims)
            Finite, in a space where distances mean something.
        n_segments : int
            How many to find; those that find their own number ignore it.
        seed : int
            Of everything random.
        start : float64 array of shape (n_segments, n_dims), optional
            Centres to begin from, such as those of an earlier fit, instead of drawing some. Those that begin from no
            centres ignore it.

        Raises
        ------
        NotEnoughDataError
            If there are fewer different rows than segments.
        ModelError
            If a point is not finite, ``start`` has another shape, or no cluster was found.
        """
        self._check(points, n_segments, start)
        return self._fit(points, n_segments, seed, start)

    def _fit(self, points: FloatArray, n_segments: int, seed: int, start: FloatArray | None) -> Clusters:
        raise NotImplementedError

    def _check(self, points: FloatArray, n_segments: int, start: FloatArray | None) -> None:
        if not np.isfinite(points).all():
            raise ModelError(
                f"{int((~np.isfinite(points)).any(axis=1).sum()):,} of {len(points):,} points are not finite.",
                why="They have no distance to any other.",
                fix="Apply the transforms, which fill nulls, before fitting.",
            )
        needed = n_segments if self.takes_n else 2
        if len(points) < needed:
            raise too_few(len(points), needed)
        if self.takes_n and start is not None and start.shape != (n_segments, points.shape[1]):
            raise ModelError(
                f"start has shape {start.shape}; {n_segments} segments of {points.shape[1]} dimensions were asked for.",
                why="A fit begins from one centre per segment.",
                fix="Give the centres of a fit with as many segments on the same features, or none.",
            )


def too_few(n_different: int, n_segments: int) -> NotEnoughDataError:
    """The error for rows that cannot be told apart into so many segments."""
    return NotEnoughDataError(
        f"{n_different:,} different rows cannot make {n_segments} segments.",
        why="Every segment needs a row that differs from those of the others.",
        fix="Ask for fewer segments, or give more customers or features that vary.",
    )


def some(points: FloatArray, n_rows: int, seed: int) -> FloatArray:
    """So many of the points, drawn without replacement and in their order; all if there are no more."""
    if n_rows >= len(points):
        return points
    drawn = np.random.default_rng(seed).choice(len(points), n_rows, replace=False)
    return points[np.sort(drawn)]


def as_tuples(array: FloatArray) -> tuple[tuple[float, ...], ...]:
    """A matrix as JSON can say it."""
    return tuple(tuple(float(value) for value in row) for row in array)


@contextmanager
def held_still() -> Iterator[None]:
    """One thread, as sums in another order have other last digits; and no warning of what the caller looks at itself.

    Fits that did not converge are judged like others by what they separate, and clusters that came out empty are an
    error of ours.
    """
    from sklearn.exceptions import ConvergenceWarning

    with _threads().limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@cache
def _threads() -> Any:
    """What holds the threads of the libraries that are loaded: looking for them takes longer than a small fit."""
    import sklearn.cluster  # noqa: F401  # loads every library whose threads are to be held
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it comes with scikit-learn

    return ThreadpoolController()
