"""Figures of intervals: differences to other models, slices, and age. They draw numbers that are there already."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.core.style import BLUE, GREY, INK, ORANGE, RED, literal, panel, panels
from pipelines.evaluation.ageing import PER_WEEKS, Ageing
from pipelines.evaluation.evaluate import Evaluation
from pipelines.evaluation.slices import Slice
from pipelines.evaluation.words import cell, differences_of, is_better, not_beaten, said

_LONGEST = 28


def differences_figure(found: Evaluation, metrics: Sequence[str] = ("roc_auc", "pr_auc")) -> Figure:
    """Draw the paired difference to the champion and to each baseline that ranks at all; right of zero is better.

    A constant score ranks nothing: its difference is the model's own figure, and would dwarf the others.
    """
    others = {name: one for name, one in differences_of(found).items() if not _is_constant(found, name)}
    labels = tuple(f"{said(metric)}, model minus other" for metric in metrics)
    figure, places = panels(_differences_title(found), labels, "", height=1.5 + 0.42 * max(1, len(others)))
    for axes, metric in zip(places, metrics, strict=True):
        axes.axvline(0, color=INK, linewidth=0.9)
        for place, one in enumerate(others.values()):
            _draw(axes, one[metric], place, BLUE if is_better(metric, one[metric]) else GREY)
    _name_places(places[0], [_short(name.replace("_", " ")) for name in others])
    places[-1].annotate(_of_rows(found), (1, 1.01), xycoords="axes fraction", ha="right", fontsize=8, color=GREY)
    return figure


def slice_figure(slices: Sequence[Slice], column: str, found: Evaluation) -> Figure:
    """Draw ROC-AUC and calibration gap of each level of one column, over the value of all rows."""
    here = [one for one in slices if one.column == column]
    measured = [one for one in here if one.metrics]
    overall = found.model["roc_auc"].estimate
    figure, (ranking, gap) = panels(
        _slices_title(column, measured, overall),
        ("ROC-AUC", "mean probability minus observed share"),
        _short(column.replace("_", " ")),
        height=1.6 + 0.34 * max(2, len(here)),
    )
    ranking.axvline(overall, color=INK, linewidth=0.9, linestyle="--")
    gap.axvline(0, color=INK, linewidth=0.9)
    for place, one in enumerate(here):
        if one.metrics:
            worse = one.metrics["roc_auc"].high < overall
            _draw(ranking, one.metrics["roc_auc"], place, RED if worse else BLUE)
            _draw(gap, one.metrics["calibration_gap"], place, RED if one.misses("calibration_gap", 0) else BLUE)
        else:
            _say(ranking, one.note, place)
    _name_places(ranking, [f"{_short(one.level)}  (n = {one.n_rows:,})" for one in here])
    ranking.annotate(
        f"all rows: {overall:.3f}", (overall, 1.01), xycoords=("data", "axes fraction"), ha="center", fontsize=8
    )
    return figure


def ageing_figure(found: Ageing) -> Figure:
    """Draw the loss against a fresh model over weeks since training, with the margin and a line."""
    models = f"{found.n_origins} model{'s' * (found.n_origins != 1)}"
    figure, axes = panel(
        _ageing_title(found),
        f"weeks from the end of training to the cutoff ({models}, n = {_n_rows(found):,} rows)",
        "ROC-AUC lost against a fresh model",
        width=8.0,
        height=4.0,
    )
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.axhline(found.margin, color=RED, linewidth=1.0, linestyle="--", label=f"margin {found.margin:g}")
    for age in found.measured:
        if age.loss:
            axes.vlines(age.n_weeks, age.loss.low, age.loss.high, color=BLUE, linewidth=2, alpha=0.55)
            axes.plot([age.n_weeks], [age.loss.estimate], color=BLUE, marker="o", markersize=5)
    axes.plot([], [], color=BLUE, marker="o", linewidth=2, label="loss and 95 % interval")
    small = [age.n_weeks for age in found.ages if not age.loss]
    axes.plot(small, [0.0] * len(small), color=GREY, marker="x", linestyle="", label="too few rows" if small else None)
    _draw_trend(axes, found)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return figure


def _differences_title(found: Evaluation) -> str:
    n_baselines = len(found.differences)
    parts = [f"Shown to rank better than {n_baselines - len(not_beaten(found))} of {n_baselines} baselines"]
    if found.over_champion:
        better = is_better("roc_auc", found.over_champion["roc_auc"])
        parts.append({True: "better than", False: "worse than", None: "not told apart from"}[better] + " the champion")
    return "; ".join(parts[n_baselines == 0 :]) or "There is no other model to compare with"


def _is_constant(found: Evaluation, name: str) -> bool:
    auc = found.baselines.get(name, {}).get("roc_auc")
    return auc is not None and auc.low == auc.high == 0.5  # exactly so for a constant, on any resample


def _slices_title(column: str, measured: Sequence[Slice], overall: float) -> str:
    worse = sum(one.metrics["roc_auc"].high < overall for one in measured)
    off = sum(one.misses("calibration_gap", 0.0) for one in measured)
    if not measured:
        return f"By {_short(column.replace('_', ' '))}: no level has enough rows"
    return (
        f"By {_short(column.replace('_', ' '))}: ranks worse than over all rows at {worse} of {len(measured)} levels, "
        f"probabilities off at {off}"
    )


def _ageing_title(found: Ageing) -> str:
    if not found.measured:
        return "No age has enough rows"
    if found.useful_weeks is not None:
        return f"Loses more than {found.margin:g} ROC-AUC from {found.useful_weeks} weeks on"
    return f"No lasting loss above {found.margin:g} ROC-AUC is shown up to {found.measured[-1].n_weeks} weeks"


def _draw_trend(axes: Axes, found: Ageing) -> None:
    """The line through the means, at the slope that was estimated."""
    if not found.trend:
        return
    weeks = np.array([age.n_weeks for age in found.measured], dtype=np.float64)
    losses = np.array([age.loss.estimate for age in found.measured if age.loss])
    n_rows = np.array([age.n_rows for age in found.measured], dtype=np.float64)
    centre, level = np.average(weeks, weights=n_rows), np.average(losses, weights=n_rows)
    ends = np.array([weeks.min(), weeks.max()])
    name = f"line: {cell(found.trend, 4)} per {PER_WEEKS} weeks"
    axes.plot(ends, level + found.trend.estimate / PER_WEEKS * (ends - centre), color=ORANGE, linewidth=1.6, label=name)


def _n_rows(found: Ageing) -> int:
    return sum(age.n_rows for age in found.measured)


def _draw(axes: Axes, value: Interval, place: int, colour: str) -> None:
    if math.isnan(value.estimate):
        return
    if not math.isnan(value.low):
        axes.plot([value.low, value.high], [place, place], color=colour, linewidth=2, alpha=0.55)
    axes.plot([value.estimate], [place], color=colour, marker="o", markersize=5.5)


def _say(axes: Axes, note: str, place: int) -> None:
    axes.annotate(note, (0.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=GREY)


def _name_places(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)


def _short(name: str) -> str:
    """Never a formula: matplotlib would read a pair of dollar signs as one."""
    text = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return literal(text)


def _of_rows(found: Evaluation) -> str:
    return f"n = {found.n_rows:,} rows of {found.n_customers:,} customers"
