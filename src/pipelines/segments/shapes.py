"""Monotone shapes of a feature, and their inverses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
N_KNOTS = 257
"""Quantiles that are kept of a feature whose shape is ``quantile``: enough that ranks are right to 0.2 %."""
_EDGE = 0.5 / (N_KNOTS - 1)
"""Lowest and highest rank that is kept apart from 0 and 1, where normal scores are infinite."""


def levels_of(n_knots: int) -> FloatArray:
    """Ranks at which quantiles are kept, from 0 to 1, shape (n_knots,)."""
    return np.linspace(0.0, 1.0, n_knots)


def shaped(shape: str, values: FloatArray, knots: Sequence[float]) -> FloatArray:
    """Values in the shape's scale, shape (n_rows,), finite where they are.

    Examples
    --------
    >>> shaped("log", np.array([-1.0, 0.0, np.e - 1]), ()).round(3).tolist()
    [-0.693, 0.0, 1.0]
    >>> shaped("quantile", np.array([0.0, 5.0, 99.0]), (0.0, 5.0, 10.0)).round(2).tolist()
    [-2.89, 0.0, 2.89]
    """
    if shape == "log":
        return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
    if shape == "quantile":
        return _normal_scores(values, knots)
    return values


def unshaped(shape: str, points: FloatArray, knots: Sequence[float]) -> FloatArray:
    """Values whose shape the points are, shape (n_rows,).

    Examples
    --------
    >>> unshaped("log", shaped("log", np.array([-3.0, 7.0]), ()), ()).round(6).tolist()
    [-3.0, 7.0]
    >>> unshaped("quantile", np.array([-9.0, 0.0]), (0.0, 5.0, 10.0)).round(6).tolist()
    [0.01953..., 5.0]
    """
    if shape == "log":
        return np.asarray(np.sign(points) * np.expm1(np.abs(points)))
    if shape == "quantile":
        from scipy.special import ndtr

        rank = np.clip(ndtr(points), _EDGE, 1 - _EDGE)
        return np.asarray(np.interp(rank, levels_of(len(knots)), np.asarray(knots)))
    return points


def _normal_scores(values: FloatArray, knots: Sequence[float]) -> FloatArray:
    """Normal scores of ranks; a value that many share has the middle of their ranks."""
    from scipy.special import ndtri

    level = levels_of(len(knots))
    at, first, n = np.unique(np.asarray(knots), return_index=True, return_counts=True)
    if at.size == 1:
        return np.zeros_like(values)
    middle = (level[first] + level[first + n - 1]) / 2
    return np.asarray(ndtri(np.clip(np.interp(values, at, middle), _EDGE, 1 - _EDGE)))
