"""The cost of parity drawn: worth against disparity, and who is contacted more or less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.style import BLUE, GREEN, GREY, INK, ORANGE, RED, literal, panel
from pipelines.fairness.parity import Measured

if TYPE_CHECKING:  # it draws what the report holds, and the report calls it
    from pipelines.fairness.parity_report import Parity

_LOOK = {"none": (INK, "D"), "group_thresholds": (BLUE, "o"), "reweighing": (ORANGE, "s"), "reductions": (GREEN, "^")}


def curve_figure(found: Parity) -> Figure:
    """Every way: what is left of the disparity, and what it changes in worth, with paired intervals."""
    title = f"{literal(found.column)}: {_finding(found)}"
    xlabel = f"largest difference in selection rate, groups of {found.min_group} customers or more"
    figure, axes = panel(title, xlabel, f"change in {literal(found.unit)}", width=8.0)
    axes.axhline(0, color=GREY, linewidth=0.8)
    for method, (colour, marker) in _LOOK.items():
        of_method = sorted((one for one in found.ways if one.way.method == method), key=lambda one: one.way.degree)
        if of_method:
            _curve(axes, of_method, colour, marker)
            if method == "group_thresholds":  # at strength 0 they are the common threshold
                axes.plot(
                    *zip(_at(found.ways[0]), _at(of_method[0]), strict=True), color=colour, linewidth=1, alpha=0.9
                )
    for one in found.ways:
        if one.way.is_chosen:
            axes.scatter(*_at(one), s=160, facecolors="none", edgecolors=RED, linewidths=1.6, label="shipped", zorder=4)
    axes.set_xlim(left=0)
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=5)
    return figure


def who_figure(found: Parity) -> Figure:
    """Of each way at its strongest: how many more or fewer rows of each group are contacted, with paired intervals."""
    strongest = _strongest(found)
    groups = [group for group in found.ways[0].groups if group.is_compared]
    height = 1.7 + 0.5 * len(groups)
    title = f"Who is contacted more, who less, if '{literal(found.column)}' is evened out"
    figure, axes = panel(title, "more rows contacted per 1,000 of the group", "group", width=8.0, height=height)
    axes.axvline(0, color=GREY, linewidth=0.8)
    for at, one in enumerate(strongest):
        colour, marker = _LOOK[one.way.method]
        shift = 0.18 * (at - (len(strongest) - 1) / 2)
        for place, group in enumerate(group for group in one.groups if group.is_compared):
            change = group.more_contacted
            axes.plot([change.low, change.high], [place + shift] * 2, color=colour, linewidth=2, alpha=0.6)
            axes.plot([change.estimate], [place + shift], color=colour, marker=marker, markersize=6)
        axes.plot([], [], color=colour, marker=marker, linestyle="", label=one.way.name)
    names = [f"{literal(group.group)}\n(n = {group.n_customers:,} customers)" for group in groups]
    axes.set_yticks(range(len(groups)), names)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)
    return figure


def _curve(axes: Axes, of_method: list[Measured], colour: str, marker: str) -> None:
    for one in of_method:
        x, y = _at(one)
        axes.plot([x, x], [one.worth_change.low, one.worth_change.high], color=colour, linewidth=2, alpha=0.5)
        if one.way.degree and not one.way.is_unbound:
            axes.annotate(f"{one.way.degree:g}", (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8)
    xs, ys = zip(*(_at(one) for one in of_method), strict=True)
    label = of_method[0].way.method.replace("_", " ")
    axes.plot(xs, ys, color=colour, marker=marker, linewidth=1, alpha=0.9, label=label)


def _at(one: Measured) -> tuple[float, float]:
    return one.disparity.estimate, one.worth_change.estimate


def _strongest(found: Parity) -> list[Measured]:
    """The point of each method that leaves the smallest disparity."""
    by_method: dict[str, Measured] = {}
    for one in found.ways[1:]:
        best = by_method.setdefault(one.way.method, one)
        if one.disparity.estimate < best.disparity.estimate:
            by_method[one.way.method] = one
    return list(by_method.values())


def _finding(found: Parity) -> str:
    """What the way that leaves least costs."""
    strongest = _strongest(found)
    if not strongest:
        return "nothing was compared"
    best = min(strongest, key=lambda one: one.disparity.estimate)
    before, change = found.ways[0].disparity.estimate, best.worth_change
    cost = f"costs {-change.estimate:.3f}" if change.high < 0 else f"brings {change.estimate:.3f}"
    if change.low <= 0 <= change.high:
        cost = f"what it costs is within the noise ({change.estimate:+.3f})"
    return f"{best.way.name} leaves {best.disparity.estimate:.3f} of {before:.3f};\n{cost}"
