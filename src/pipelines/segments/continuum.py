"""Data that are like given ones in everything but groups: what customers would look like as a mere continuum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_N_BINS = 40
"""Bins of equal mass that a distribution is smoothed from."""


def spread_ties(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Values that several rows share, spread evenly to half the distance to the next values of the feature.

    Parameters
    ----------
    points : float64 array of shape (n_rows, n_dims)
        No feature is constant.

    Examples
    --------
    >>> spread = spread_ties(np.array([[1.0], [1.0], [3.0]]), np.random.default_rng(0)).ravel()
    >>> bool((np.abs(spread[:2] - 1) <= 1).all()), float(spread[2])
    (True, 3.0)
    """
    return np.column_stack([_spread(column, rng) for column in points.T])


def unimodal_like(points: FloatArray) -> Callable[[np.random.Generator], FloatArray]:
    """A way to draw as many rows from the nearest thing with one mode.

    Each feature has the unimodal distribution that is nearest to its own; they depend on each other as normal variables
    with the same rank correlations do.

    Parameters
    ----------
    points : float64 array of shape (n_rows, n_dims)

    References
    ----------
    Hartigan & Hartigan (1985), *The dip test of unimodality*, for the nearest unimodal distribution; Nelsen (2006),
    *An introduction to copulas*, for putting margins and dependence together.
    """
    from scipy.special import ndtr

    root = _root(np.atleast_2d(np.corrcoef(_normal_scores(points).T)))
    margins = [nearest_unimodal(column) for column in points.T]

    def draw(rng: np.random.Generator) -> FloatArray:
        rank = ndtr(rng.normal(size=points.shape) @ root.T)
        return np.column_stack([np.interp(rank[:, i], level, edge) for i, (edge, level) in enumerate(margins)])

    return draw


def nearest_unimodal(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The distribution with one mode whose cumulative shares differ least from those of the values.

    Its density is a step function: rising up to a mode, by isotonic regression of the densities of bins, and falling
    from there on.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Not all the same.

    Returns
    -------
    (float64 array, float64 array)
        Edges of the steps and the share of the distribution up to each, from 0 to 1; straight lines in between.

    Examples
    --------
    >>> edge, level = nearest_unimodal(np.r_[np.linspace(0, 1, 50), np.linspace(9, 10, 50)])
    >>> float(np.interp(5.0, edge, level).round(1)), bool((np.diff(level) >= 0).all())
    (0.5, True)
    """
    edge = np.unique(np.quantile(values, np.linspace(0, 1, _N_BINS + 1)))
    width, mass = np.diff(edge), np.histogram(values, edge)[0] / len(values)
    known = np.concatenate([[0.0], np.cumsum(mass)])
    fits = [_rising_then_falling(mass / width, width, mode) for mode in range(len(width) + 1)]
    best = min(fits, key=lambda level: float(np.abs(level - known).max().round(12)))
    return edge, best / best[-1]


def _rising_then_falling(density: FloatArray, width: FloatArray, mode: int) -> FloatArray:
    """Cumulative shares at the edges of the density that rises before a bin and falls from it on."""
    from scipy.optimize import isotonic_regression

    rising = isotonic_regression(density[:mode], weights=width[:mode]).x if mode else density[:0]
    falling = density[:0]
    if mode < len(density):
        falling = isotonic_regression(density[mode:], weights=width[mode:], increasing=False).x
    return np.concatenate([[0.0], np.cumsum(np.concatenate([rising, falling]) * width)])


def _spread(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    value, place, n_rows = np.unique(values, return_inverse=True, return_counts=True)
    drawn = rng.random(len(values))
    half = np.diff(value) / 2
    below, above = np.concatenate([half[:1], half])[place], np.concatenate([half, half[-1:]])[place]
    return np.where(n_rows[place] > 1, values - below + drawn * (below + above), values)


def _normal_scores(points: FloatArray) -> FloatArray:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(points, axis=0) - 0.5) / len(points)))


def _root(correlation: FloatArray) -> FloatArray:
    """A square root of a correlation matrix, also of a singular one: features may be copies of each other."""
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
