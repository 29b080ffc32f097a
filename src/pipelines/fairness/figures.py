"""Groups drawn and told in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.core.style import BLUE, GREY, ORANGE, panel
from pipelines.fairness.findings import ColumnFairness, FairnessSpec, Finding, Group, Outcome

_SHOWN = {
    "selection_rate": ("selection rate", BLUE, "o", -0.14),
    "true_positive_rate": ("true positive rate", ORANGE, "s", 0.14),
}
_MEASURES = {
    "demographic_parity_difference": "The share of customers who are selected",
    "equalized_odds_difference": "The share selected among customers with the same outcome",
}


def group_figure(found: ColumnFairness, spec: FairnessSpec) -> Figure:
    """Selection rate and true positive rate of each group, with intervals; groups that are too small in grey."""
    height = 1.7 + 0.5 * max(1, len(found.groups))
    figure, axes = panel(_title(found.column, found.findings[0], spec), "rate", "group", width=8.0, height=height)
    for place, group in enumerate(found.groups):
        for rate, (_, colour, marker, offset) in _SHOWN.items():
            _dot(axes, group.rates[rate], place + offset, colour if group.large_enough else GREY, marker)
    for words, colour, marker, _ in _SHOWN.values():
        axes.plot([], [], color=colour, marker=marker, linestyle="", label=words)
    if not all(group.large_enough for group in found.groups):
        axes.plot([], [], color=GREY, marker="o", linestyle="", label=f"fewer than {spec.min_group} customers")
    axes.set_yticks(range(len(found.groups)), [_tick(group) for group in found.groups])
    axes.set(ylim=(max(1, len(found.groups)) - 0.5, -0.5), xlim=(-0.02, 1.02))
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)
    return figure


def summary(columns: Sequence[ColumnFairness], spec: FairnessSpec) -> str:
    """What was found, in plain words (Markdown)."""
    lines = [
        "# Fairness of the decisions",
        "",
        f"Groups may differ by {spec.max_difference:g}. A group takes part with {spec.min_group} customers or more. "
        f"Brackets hold {spec.level:.0%} intervals that resample customers and hold for all groups at once.",
    ]
    for found in columns:
        lines += ["", f"## {found.column}", ""]
        lines += [f"- {_sentence(finding, spec)}" for finding in found.findings]
        small = [f"{group.name} ({group.n_customers:,})" for group in found.groups if not group.large_enough]
        if small:
            lines.append(f"- Too small for a finding (customers): {', '.join(small)}.")
    return "\n".join(lines) + "\n"


def _sentence(finding: Finding, spec: FairnessSpec) -> str:
    what = _MEASURES[finding.measure]
    if finding.difference is None:
        return f"**{what}**: not measured. {finding.note}".strip()
    ruling = {
        Outcome.WITHIN: f"within the allowed {spec.max_difference:g}",
        Outcome.OUTSIDE: f"more than the allowed {spec.max_difference:g}",
        Outcome.INCONCLUSIVE: f"the data cannot say whether that is more than {spec.max_difference:g}",
    }[finding.outcome]
    return f"**{what}** differs by {finding.difference}: {ruling}. {finding.note}".strip()


def _title(column: str, finding: Finding, spec: FairnessSpec) -> str:
    said = {
        Outcome.WITHIN: f"selection rates differ by less than {spec.max_difference:g}",
        Outcome.OUTSIDE: f"selection rates differ by more than {spec.max_difference:g}",
        Outcome.INCONCLUSIVE: f"selection rates may differ by more than {spec.max_difference:g}",
        Outcome.NOT_MEASURED: "groups could not be compared",
    }[finding.outcome]
    return f"{column}: {said}"


def _tick(group: Group) -> str:
    return f"{group.name}\n(n = {group.n_customers:,} customers)"


def _dot(axes: Axes, rate: Interval, place: float, colour: str, marker: str) -> None:
    if math.isnan(rate.estimate):
        return
    if not math.isnan(rate.low):
        axes.plot([rate.low, rate.high], [place, place], color=colour, linewidth=2, alpha=0.6)
    axes.plot([rate.estimate], [place], color=colour, marker=marker, markersize=6)
