"""Groups and findings drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.core.style import BLUE, GREEN, GREY, INK, ORANGE, RED, literal, panels
from pipelines.fairness.findings import (
    CALIBRATION_DIFFERENCE,
    ODDS_DIFFERENCE,
    ODDS_RATIO,
    PARITY_DIFFERENCE,
    PARITY_RATIO,
    ColumnFairness,
    FairnessSpec,
    Finding,
    Group,
    Outcome,
)
from pipelines.fairness.words import short

COLOURS = {Outcome.WITHIN: GREEN, Outcome.OUTSIDE: RED, Outcome.INCONCLUSIVE: ORANGE, Outcome.NOT_MEASURED: GREY}
"""Of a finding."""
_MARKERS = {Outcome.WITHIN: "o", Outcome.OUTSIDE: "D", Outcome.INCONCLUSIVE: "s", Outcome.NOT_MEASURED: "x"}

_SHOWN = {
    "selection_rate": "selected",
    "true_positive_rate": "selected\nof the positives",
    "false_positive_rate": "selected\nof the negatives",
    "precision": "positives\nof the selected",
    "calibration_gap": "mean score minus\nshare of positives",
    "profit_per_row": "profit\nper row",
}
_SUBJECTS = (
    ("selected", (PARITY_DIFFERENCE, PARITY_RATIO)),
    ("error rates", (ODDS_DIFFERENCE, ODDS_RATIO)),
    ("calibration", (CALIBRATION_DIFFERENCE,)),
)


def group_figure(found: ColumnFairness, spec: FairnessSpec) -> Figure:
    """What is measured of each group, side by side, with intervals; groups that are too small in grey.

    Parameters
    ----------
    found : ColumnFairness
        A column.
    spec : FairnessSpec
        For the size from which on a group is compared.
    """
    held = [rate for rate in _SHOWN if any(rate in group.rates for group in found.groups)] or ["selection_rate"]
    height = 2.0 + 0.5 * max(1, len(found.groups))
    labels = tuple(_SHOWN[rate] for rate in held)
    figure, each = panels(_title(found), labels, "", width=2.6 + 1.9 * len(held), height=height)
    for rate, axes in zip(held, each, strict=True):
        for place, group in enumerate(found.groups):
            if rate in group.rates:
                _dot(axes, group.rates[rate], place, BLUE if group.large_enough else GREY, "o")
        if rate in {"calibration_gap", "profit_per_row"}:
            axes.axvline(0, color=INK, linewidth=0.8)
    each[0].set_yticks(range(len(found.groups)), [_tick(group) for group in found.groups])
    each[0].set_ylim(max(1, len(found.groups)) - 0.5, -0.5)
    _legend(figure, each[0], found, spec)
    return figure


def findings_figure(columns: Sequence[ColumnFairness]) -> Figure:
    """Every finding with its interval against its limit, coloured by what it means.

    Parameters
    ----------
    columns : sequence of ColumnFairness
        At least one.
    """
    rows = [(found, said, measures) for found in columns for said, measures in _SUBJECTS]
    labels = ("largest difference between groups", "lowest rate as a share of the highest")
    figure, each = panels(_headline(columns), labels, "", width=10.0, height=2.0 + 0.3 * len(rows))
    for place, (found, _, measures) in enumerate(rows):
        by_name = {finding.measure: finding for finding in found.findings}
        for axes, measure in zip(each, measures, strict=False):  # calibration has no ratio
            _finding(axes, by_name[measure], place)
    each[0].set_yticks(range(len(rows)), [f"{_named(found.column)}: {said}" for found, said, _ in rows])
    each[0].set_ylim(len(rows) - 0.5, -0.5)
    each[1].set_xlim(-0.02, 1.02)
    for outcome in Outcome:
        words = outcome.value.replace("_", " ")
        each[0].plot([], [], color=COLOURS[outcome], marker=_MARKERS[outcome], linestyle="", label=words)
    each[0].plot([], [], color=INK, marker="|", markersize=11, linestyle="", label="limit")
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=5)
    return figure


def _named(name: str) -> str:
    """A name from the data, of a length that a figure bears."""
    return literal(short(name))


def _title(found: ColumnFairness) -> str:
    ruled = {finding.outcome for finding in found.findings}
    said = {
        Outcome.OUTSIDE: "groups differ by more than is allowed",
        Outcome.INCONCLUSIVE: "whether groups differ by more than is allowed is not known",
        Outcome.WITHIN: "groups differ by no more than is allowed",
        Outcome.NOT_MEASURED: "groups could not be compared",
    }
    return f"{_named(found.column)}: {next(words for outcome, words in said.items() if outcome in ruled)}"


def _headline(columns: Sequence[ColumnFairness]) -> str:
    ruled = [finding.outcome for found in columns for finding in found.findings]
    counted = ", ".join(f"{ruled.count(outcome)} {outcome.value.replace('_', ' ')}" for outcome in Outcome)
    return f"Findings over {len(columns)} column{'s' * (len(columns) != 1)}: {counted}"


def _legend(figure: Figure, axes: Axes, found: ColumnFairness, spec: FairnessSpec) -> None:
    if all(group.large_enough for group in found.groups):
        return
    words = f"fewer than {spec.min_group} customers: not compared"
    axes.plot([], [], color=GREY, marker="o", linestyle="", label=words)
    figure.legend(frameon=False, fontsize=9, loc="outside lower center")


def _tick(group: Group) -> str:
    return f"{_named(group.name)}\n(n = {group.n_customers:,} customers)"


def _dot(axes: Axes, rate: Interval, place: int, colour: str, marker: str) -> None:
    if math.isnan(rate.estimate):
        return
    if not math.isnan(rate.low):
        axes.plot([rate.low, rate.high], [place, place], color=colour, linewidth=2, alpha=0.6)
    axes.plot([rate.estimate], [place], color=colour, marker=marker, markersize=6)


def _finding(axes: Axes, finding: Finding, place: int) -> None:
    if finding.value is None:
        axes.annotate(
            "not measured", (0.02, place), xycoords=("axes fraction", "data"), color=GREY, fontsize=8, va="center"
        )
        return
    _dot(axes, finding.value, place, COLOURS[finding.outcome], _MARKERS[finding.outcome])
    axes.plot([finding.limit], [place], color=INK, marker="|", markersize=11)
