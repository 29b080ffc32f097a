"""Claims drawn beside what they are worth."""

from __future__ import annotations

import math
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.core.style import BLUE, GREY, INK, ORANGE, panel
from pipelines.evaluation.inflation import HONEST, Benchmark

_METRIC = "roc_auc"


def inflation_figure(found: Benchmark) -> Figure:
    """Draw one row per protocol: the ROC-AUC that it claims and the one that its model is worth, with intervals.

    Parameters
    ----------
    found : Benchmark
        With or without mistakes; those that were left out are named below the axis.
    """
    honest = found.honest[_METRIC]
    figure, axes = panel(_title(found), "", "", width=8.0, height=2.3 + 0.5 * len(found.mistakes))
    axes.axvspan(honest.low, honest.high, color=BLUE, alpha=0.10, linewidth=0)
    axes.axvline(honest.estimate, color=BLUE, linewidth=1.2, linestyle="--")
    _dot(axes, honest, 0, BLUE, "D")
    for place, one in enumerate(found.mistakes.values(), start=1):
        claimed, worth = one.claimed[_METRIC], one.worth[_METRIC]
        axes.plot([worth.estimate, claimed.estimate], [place, place], color=GREY, linewidth=0.9, linestyle=":")
        _dot(axes, worth, place + 0.13, BLUE, "o")
        _dot(axes, claimed, place - 0.13, ORANGE, "s")
    axes.set_yticks(range(len(found.mistakes) + 1), [HONEST, *(_words(name) for name in found.mistakes)])
    axes.set_ylim(len(found.mistakes) + 0.5, -0.5)
    axes.set_xlabel("\n".join(["ROC-AUC, with 95 % intervals that resample subjects", *_left_out(found)]), color=INK)
    axes.set_ylabel("protocol", color=INK)
    _legend(figure, axes, honest)
    return figure


def _title(found: Benchmark) -> str:
    if not found.mistakes:
        return "None of the usual mistakes can be made here"
    name, one = found.worst, found.mistakes[found.worst]
    claimed, worth = one.claimed[_METRIC].estimate, one.worth[_METRIC].estimate
    return f"A claimed ROC-AUC of {claimed:.3f} ({_words(name)}) is worth {worth:.3f}"


def _left_out(found: Benchmark) -> list[str]:
    names = ", ".join(_words(name) for name in found.left_out)
    return textwrap.wrap(f"Left out, since the task does not allow them: {names}", 90) if names else []


def _dot(axes: Axes, one: Interval, place: float, colour: str, marker: str) -> None:
    if not math.isnan(one.low):
        axes.plot([one.low, one.high], [place, place], color=colour, linewidth=2, alpha=0.6)
    axes.plot([one.estimate], [place], color=colour, marker=marker, markersize=6)


def _legend(figure: Figure, axes: Axes, honest: Interval) -> None:
    axes.plot([], [], color=ORANGE, marker="s", linestyle="", label="claimed by the mistaken test")
    axes.plot([], [], color=BLUE, marker="o", linestyle="", label="worth on the honest test")
    axes.plot([], [], color=BLUE, marker="D", linestyle="--", label=f"honest protocol: {honest}")
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)


def _words(name: str) -> str:
    return name.replace("_", " ")
