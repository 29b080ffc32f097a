"""Isotonic regression with one more row, for every place that row can have, in one sweep over the scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.models.classifier import FloatArray

IntArray = NDArray[np.int64]
_Point = tuple[int, int]


def bounds(n_rows: IntArray, n_positive: IntArray) -> tuple[FloatArray, FloatArray]:
    """What isotonic regression gives an added row, as a negative and as a positive.

    Parameters
    ----------
    n_rows, n_positive : int64 array of shape (n_scores,)
        Rows and positives at each distinct score, by ascending score.

    Returns
    -------
    lower, upper : float arrays of shape (n_scores + 1,)
        ``lower[i]`` for an added negative with ``i`` scores at or below its own, ``upper[i]`` for an added positive
        with ``i`` scores below its own. Neither ever falls.

    Notes
    -----
    Isotonic regression is the slope of the greatest convex minorant under the points (rows so far, positives so far).
    A positive that is added at place ``i`` moves all later points by (1, 1), or, what is the same for slopes, all
    earlier ones by (-1, -1). From one place to the next only one point changes sides, so the minorant is mended, not
    computed anew: sorting aside, all places together cost time linear in the scores. Whole numbers decide every turn,
    so there is no rounding. An added negative is an added positive of the mirrored data.

    References
    ----------
    Vovk, Petej & Fedorova (2015), *Large-scale probabilistic predictors with and without guarantees of validity*,
    section 3; Barlow et al. (1972), *Statistical Inference under Order Restrictions*, section 1.2.

    Examples
    --------
    >>> lower, upper = bounds(np.array([1, 1]), np.array([0, 1]))
    >>> lower.tolist(), upper.tolist()
    ([0.0, 0.0, 0.5], [0.5, 1.0, 1.0])
    """
    upper = _with_positive(n_rows, n_positive)
    lower = 1 - _with_positive(n_rows[::-1], (n_rows - n_positive)[::-1])[::-1]
    return lower, upper


def _with_positive(n_rows: IntArray, n_positive: IntArray) -> FloatArray:
    points = list(zip(np.cumsum(n_rows).tolist(), np.cumsum(n_positive).tolist(), strict=True))
    corners = _minorant([(-1, -1), *points])[::-1]  # the leftmost is on top
    found = [_slope(corners[-1], corners[-2])]
    for x, y in points:
        _mend(corners, (x - 1, y - 1))
        found.append(_slope(corners[-1], corners[-2]))
    return np.array(found)


def _minorant(points: list[_Point]) -> list[_Point]:
    """Corners of the greatest convex minorant, from left to right."""
    corners: list[_Point] = []
    for point in points:
        while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    return corners


def _mend(corners: list[_Point], moved: _Point) -> None:
    """Let the next point change to the left side: it begins the minorant if it lies below the edge that crosses."""
    if _turn(corners[-1], corners[-2], moved) >= 0:
        return
    corners.pop()
    while len(corners) > 1 and _turn(moved, corners[-1], corners[-2]) <= 0:
        corners.pop()
    corners.append(moved)


def _turn(start: _Point, middle: _Point, end: _Point) -> int:
    """Positive if the path turns left at ``middle``: if ``end`` lies above the line through the other two."""
    return (middle[0] - start[0]) * (end[1] - start[1]) - (middle[1] - start[1]) * (end[0] - start[0])


def _slope(start: _Point, end: _Point) -> float:
    return (end[1] - start[1]) / (end[0] - start[0])
