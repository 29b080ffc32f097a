"""Customers on a plane: the two directions of their transformed features that vary most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipelines.core.style import INK, literal, panel
from pipelines.segments.described import NOISE, Described
from pipelines.segments.persona_figures import look
from pipelines.segments.persona_words import short_meaning
from pipelines.segments.personas import Told

FloatArray = NDArray[np.float64]
MAX_POINTS = 4_000
_TAIL = 0.002
"""Shares of points left and right, below and above, that the axes do not show."""


@dataclass(frozen=True)
class Plane:
    """A sample of customers on the plane.

    Parameters
    ----------
    at : float array of shape (n_points, 2)
        Where they are.
    row : int64 array of shape (n_points,)
        Which rows they are.
    shown : tuple of float
        The share of the variance that each direction shows.
    """

    at: FloatArray
    row: NDArray[np.int64]
    shown: tuple[float, float]


def plane(points: FloatArray, rng: np.random.Generator, n_points: int = MAX_POINTS) -> Plane:
    """The first two principal components of all points, and a sample of them.

    Directions point where the sum of their loadings is positive, so that a map does not turn over with a sign.

    References
    ----------
    Jolliffe (2002), *Principal Component Analysis*, section 6.1, for the share of the variance.

    Examples
    --------
    >>> found = plane(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]), np.random.default_rng(1))
    >>> found.shown, found.at[:, 0].tolist()
    ((1.0, 0.0), [-2.0, 0.0, 2.0])
    """
    centred = points - points.mean(axis=0)
    spread, directions = np.linalg.eigh(np.atleast_2d(centred.T @ centred / len(points)))
    order = np.argsort(-spread)[:2]
    axes = directions[:, order] * np.where(directions[:, order].sum(axis=0) < 0, -1.0, 1.0)
    share = np.maximum(spread[order], 0) / max(float(np.maximum(spread, 0).sum()), 1e-300)
    row = np.sort(rng.permutation(len(points))[:n_points]).astype(np.int64)
    at = centred[row] @ axes
    if at.shape[1] == 1:  # one dimension: a line
        at, share = np.column_stack([at, np.zeros(len(at))]), np.append(share, 0.0)
    return Plane(at, row, (round(float(share[0]), 12), round(float(share[1]), 12)))


def map_figure(told: Told, seed: int) -> Figure:
    """The map, with each segment named at its middle."""
    described = told.described
    found = plane(described.points, np.random.default_rng(seed))
    title = f"The plane shows {100 * sum(found.shown):.0f} % of what tells customers apart"
    labels = [
        f"{said} ({100 * share:.0f} %)" for said, share in zip(_directions(found, described), found.shown, strict=True)
    ]
    figure, axes = panel(title, labels[0], labels[1], width=8.5, height=6.2)
    order = np.random.default_rng(seed).permutation(len(found.row))  # so that no segment hides another
    segment = described.segment[found.row]
    for one in described.ids:
        colour, marker, _ = look(told, one)
        mine = order[segment[order] == one]
        axes.scatter(
            found.at[mine, 0],
            found.at[mine, 1],
            s=11,
            color=colour,
            marker=marker,
            alpha=0.45,
            linewidths=0.6 * (one == NOISE),
        )
    _end_at_tails(axes, found.at)
    _name(axes, told, found.at, segment)
    return figure


def _name(axes: Axes, told: Told, at: FloatArray, segment: NDArray[np.int64]) -> None:
    """Names at the middles, moved apart where they would touch."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    middles = {one: np.median(at[segment == one], axis=0) for one in told.described.ids if (segment == one).any()}
    taken: list[tuple[float, float, float]] = []
    for one, (across, up) in sorted(middles.items(), key=lambda pair: -float(pair[1][1])):
        name = told.names[one] if len(told.names[one]) <= 30 else f"{told.names[one][:29]}…"
        half = 0.0062 * len(name) * (right - left)
        across = min(max(across, left + half), right - half)
        while any(abs(across - x) < half + other and abs(up - y) < 0.052 * (high - low) for x, y, other in taken):
            up -= 0.01 * (high - low)
        taken.append((across, up, half))
        text = axes.text(
            across, up, literal(name), ha="center", va="center", fontsize=9, color=INK, weight="bold", clip_on=True
        )
        text.set_path_effects([withStroke(linewidth=3.5, foreground="white")])
        axes.plot([middles[one][0], across], [middles[one][1], up], color=look(told, one)[0], linewidth=1)


def _directions(found: Plane, described: Described) -> list[str]:
    """What each direction goes along with most: the features with the largest rank correlations."""
    said = []
    for axis in range(2):
        along = []
        for feature in described.features:
            values = described.column(feature)[found.row]
            known = ~np.isnan(values)
            along.append(_rank_correlation(values[known], found.at[known, axis]))
        top = np.argsort(-np.abs(along), kind="stable")[:2]
        parts = [
            f"{'more' if along[at] > 0 else 'less'} {_lower(short_meaning(described.features[at]))}"
            for at in top
            if abs(along[at]) >= 0.5
        ]
        said.append(literal(";\n".join(parts) or f"direction {axis + 1}"))
    return said


def _rank_correlation(one: FloatArray, other: FloatArray) -> float:
    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _end_at_tails(axes: Axes, at: FloatArray) -> None:
    low, high = np.quantile(at, [_TAIL, 1 - _TAIL], axis=0)
    room = np.where(high > low, 0.06 * (high - low), 1.0)
    axes.set_xlim(float(low[0] - room[0]), float(high[0] + room[0]))
    axes.set_ylim(float(low[1] - room[1]), float(high[1] + room[1]))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
