"""Figures of one case: how its score came about, and what it would have been otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.style import BLUE, GREY, INK, ORANGE, RED, literal
from pipelines.explain.explanation import FloatArray
from pipelines.explain.local import Checked, LocalCase, Step

Probability = Callable[[FloatArray], FloatArray]
"""From log-odds of the raw score to calibrated probabilities."""
_SMALL = np.r_[0.1, 0.2, 0.5, 1:10, 12, 15, 20, 25, 30, 40] / 100
_ROUND = np.r_[_SMALL, 0.5, 1 - _SMALL[::-1]]


def waterfall(steps: Sequence[Step], case: LocalCase, probability: Probability, title: str) -> Figure:
    """From the average raw score to that of the case, the strongest move first.

    Parameters
    ----------
    steps : sequence of Step
        They add up to ``case.raw - case.base``.
    case : LocalCase
        What they are of.
    probability : callable
        What the numbers across the top are told by.
    title : str
        What the figure shows.
    """
    moves = np.array([step.move for step in steps], dtype=np.float64)
    starts = case.base + np.r_[0.0, np.cumsum(moves)]
    figure = Figure(figsize=(8.5, 1.7 + 0.36 * max(2, len(steps))), layout="constrained", facecolor="white")
    axes = figure.subplots()
    places = np.arange(len(steps))
    axes.barh(places, moves, left=starts[:-1], color=np.where(moves > 0, RED, BLUE).tolist(), height=0.62)
    for place, move in zip(places, moves, strict=True):
        axes.plot([starts[place + 1]] * 2, [place - 0.31, place + 1.31], color=GREY, linewidth=0.8)
        side, align = (4, "left") if move >= 0 else (-4, "right")
        end = (starts[place + 1], place)
        axes.annotate(f"{move:+.2f}", end, (side, 0), textcoords="offset points", va="center", ha=align, fontsize=8)
    axes.axvline(case.base, color=GREY, linewidth=1, linestyle=":")
    axes.set_yticks(places, [_short(step.said) for step in steps], fontsize=9)
    axes.set_ylim(len(steps) - 0.35, -0.65)
    axes.set_xlim(*_with_room(starts))
    axes.set_xlabel("raw score (log-odds); dotted: before anything is known", fontsize=9, color=INK)
    _probabilities_above(axes, probability)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="x", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _probabilities_above(axes: Axes, probability: Probability) -> None:
    """The same scale as calibrated probabilities, at round ones that have room."""
    low, high = axes.get_xlim()
    along = np.linspace(low, high, 1_000)
    known = probability(along)
    at: list[float] = []
    said: list[str] = []
    for one in _ROUND[(known[0] < _ROUND) & (known[-1] > _ROUND)]:
        place = float(along[np.searchsorted(known, one)])
        if not at or place - at[-1] > 0.07 * (high - low):
            at.append(place)
            said.append(f"{100 * one:g}%")
    above = axes.secondary_xaxis("top")
    above.set_xticks(at, said, fontsize=8)
    above.set_xlabel("probability", fontsize=9, color=INK)
    above.spines["top"].set_visible(False)


def checks_figure(case: LocalCase) -> Figure:
    """The score as it is, and as it would have been."""
    known = [check for check in case.checks if np.isfinite(check.score)]
    figure = Figure(figsize=(8.5, 1.1 + 0.42 * max(1, len(known))), layout="constrained", facecolor="white")
    axes = figure.subplots()
    for place, check in enumerate(known):
        axes.plot([case.score, check.score], [place, place], color=GREY, linewidth=2, zorder=1)
        axes.scatter(check.score, place, s=70, color=_colour(check, case), zorder=2)
        offset, align = (9, "left") if check.score >= case.score else (-9, "right")
        where = (check.score, place)
        axes.annotate(
            f"{check.score:.3f}", where, (offset, 0), textcoords="offset points", va="center", ha=align, fontsize=9
        )
    axes.axvline(case.score, color=INK, linewidth=1.2, linestyle="--")
    axes.set_yticks(range(len(known)), [_short(check.said, 58) for check in known], fontsize=9)
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.margins(x=0.2)
    axes.set_xlabel(f"score (probability); dashed: as it is, {case.score:.3f}", fontsize=9, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="x", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _with_room(ends: FloatArray) -> tuple[float, float]:
    """Limits that leave room for the numbers beside the bars."""
    low, high = float(ends.min()), float(ends.max())
    room = 0.12 * (high - low) or 1.0
    return low - room, high + room


def _colour(check: Checked, case: LocalCase) -> str:
    return ORANGE if check.decision != case.decision else BLUE


def _short(text: str, width: int = 44) -> str:
    said = " ".join(text.split())
    return literal(said if len(said) <= width else f"{said[: width - 1]}…")
